"""A simulated panel of raters. No person voted: this is a model, and the demo's page says so.

**Latent quality.** A fault of severity s is noticed with strength ``v w s``; w says how much raters
mind that kind and v how visible it is in this picture. Detail hides noise and block edges
(contrast masking) and makes blur plain; bright pictures suffer more from over-exposure, dark ones
from under-exposure. The strengths add up as a Minkowski sum, so that the worst fault rules and the
others add to it, and quality falls from excellent toward bad:

    D = (sum_k (v_k w_k s_k)^p)^(1/p),  p = 2;      Q = 1 + 3.9 exp(-(1.45 D)^1.5)

plus a small Gaussian liking of the picture that no fault explains.

**Votes.** Rater r reports ``3 + a_r (Q - 3) + b_r + noise``, rounded to the five ACR levels
(ITU-T P.910): own use of the scale a_r, own bias b_r and own inconsistency, the subject model of
Li & Bampis, "Recover subjective quality scores from noisy measurements", DCC 2017.

The constants were set by eye, from rendered photographs, and not tuned to any method's success.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ssliqa.demo.distortions import Faults
from ssliqa.demo.scenes import Pixels

DISLIKE = {
    "haze": 1.1,
    "defocus": 1.15,
    "motion": 1.15,
    "under": 1.0,
    "over": 0.95,
    "low_light": 0.95,
    "noise": 1.0,
    "compression": 1.05,
}
"""How much raters mind each kind of fault at its worst."""


@dataclass(frozen=True)
class Content:
    """What a picture shows, as far as it decides how visible faults are; both in 0..1."""

    detail: float
    """Fine structure: 0 a smooth wall, 1 gravel."""
    brightness: float
    """Mean luma of the display-encoded picture."""

    @classmethod
    def of(cls, clean: Pixels) -> Content:
        """Measure the faultless picture, (H, W, 3)."""
        luma = clean @ np.array([0.299, 0.587, 0.114]) / 255.0
        fine = luma - ndimage.gaussian_filter(luma, 2.0)
        return cls(detail=float(np.clip(fine.std() / 0.12, 0, 1)), brightness=float(luma.mean()))


def visibility(content: Content) -> dict[str, float]:
    """How visible each kind of fault is in a picture, 1 for an average one."""
    masked, bright = content.detail - 0.5, content.brightness - 0.45
    return {
        "haze": 1.0,
        "defocus": 1.0 + 0.5 * masked,
        "motion": 1.0 + 0.5 * masked,
        "under": 1.0 - 0.6 * bright,
        "over": 1.0 + 0.8 * bright,
        "low_light": 1.0 - 0.3 * bright,
        "noise": 1.0 - 0.5 * masked,
        "compression": 1.0 - 0.35 * masked,
    }


def latent_quality(faults: Faults, content: Content) -> float:
    """Quality on 1..5 before anybody rates it; see the module's formula."""
    visible = visibility(content)
    strengths = [
        visible[kind] * DISLIKE[kind] * severity for kind, severity in faults.severities().items()
    ]
    annoyance = float(np.linalg.norm(strengths))
    return 1.0 + 3.9 * float(np.exp(-((1.45 * annoyance) ** 1.5)))


class Panel:
    """Raters with lasting habits who vote on one picture after another.

    Args:
        raters: how many.
        seed: the same seed gives the same panel.
    """

    def __init__(self, raters: int = 20, seed: int = 0) -> None:
        rng = np.random.default_rng([seed, 2])
        self.bias = rng.normal(0.0, 0.25, raters)
        self.scale_use = np.exp(rng.normal(0.0, 0.12, raters))
        self.inconsistency = rng.uniform(0.35, 0.75, raters)

    def vote(self, quality: float, rng: np.random.Generator) -> NDArray[np.int64]:
        """Votes of the whole panel on a picture of the given latent quality.

        Args:
            quality: on 1..5.
            rng: this picture's unexplained liking and the raters' inconsistency.

        Returns:
            (5,) number of votes per ACR level, 1 bad first.
        """
        liked = quality + rng.normal(0.0, 0.15)
        noise = self.inconsistency * rng.standard_normal(len(self.bias))
        opinion = 3.0 + self.scale_use * (liked - 3.0) + self.bias + noise
        levels = np.clip(np.rint(opinion), 1, 5).astype(np.int64)
        return np.bincount(levels - 1, minlength=5).astype(np.int64)
