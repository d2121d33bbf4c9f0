"""Predicted score distributions beside the raters', and how far apart they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssliqa.metrics import earth_movers_distance


@dataclass(frozen=True, eq=False)
class Distributions:
    """What a model predicts of how ratings spread, and how they did.

    Attributes:
        predicted: shares of the levels 1 (bad) .. 5 (excellent), shape (n, 5).
        truth: the raters' shares, shape (n, 5).
        source: what ``truth`` is made from: ``votes``, or ``MOS and SD`` or ``MOS``, from which it
            had to be assumed.

    Raises:
        MetricError: the shapes do not fit each other.
    """

    predicted: NDArray[np.float64]
    truth: NDArray[np.float64]
    source: str = "votes"

    def __post_init__(self) -> None:
        earth_movers_distance(self.predicted, self.truth)

    @property
    def emd(self) -> NDArray[np.float64]:
        """Earth mover's distance of each image in levels, shape (n,), in 0..4."""
        return earth_movers_distance(self.predicted, self.truth)

    @property
    def constant_emd(self) -> float:
        """Mean distance that the mean of all true distributions, given for each image, would have.

        A model that tells photographs apart stays below it.
        """
        mean = np.broadcast_to(self.truth.mean(axis=0), self.truth.shape)
        return float(earth_movers_distance(mean, self.truth).mean())

    @property
    def truth_in_words(self) -> str:
        """Whether the true distributions are the raters' votes, or assumed, and from what."""
        if self.source == "votes":
            return "the raters' votes"
        return f"distributions assumed from {self.source}"

    def to_dict(self) -> dict[str, Any]:
        """Mean distances, ready for JSON."""
        return {
            "EMD": float(self.emd.mean()),
            "EMD_of_the_mean_distribution": self.constant_emd,
            "unit": "levels of 1..5",
            "truth": self.truth_in_words,
        }
