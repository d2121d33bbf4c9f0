"""Opinion scores: votes, MOS with or without SD, and the score distribution a network learns.

A *score distribution* holds the shares of ratings on the five levels of the absolute category
rating (ACR) scale of ITU-T P.910, 1 bad .. 5 excellent: shape ``(N, 5)``, non-negative, rows
sum to 1. Every label form is turned into one:

* votes or shares: normalized;
* MOS and rating SD ``s``: the mass of a normal on the bins ``(-inf, 1.5], (1.5, 2.5], ..
  (4.5, inf)``. Its variance is ``s^2 - 1/12``, because rounding to whole levels adds ``1/12``
  (Sheppard 1898), and its center is moved until the mean of the five shares *is* the MOS;
* MOS alone: the same with the SD that raters show at that MOS, by the SOS hypothesis
  ``s^2 = a (MOS - 1)(5 - MOS)`` (Hossfeld, Schatz, Egger, "SOS: The MOS is not enough!",
  QoMEX 2011).

What each conversion costs is measured by ``benchmarks/opinion_conversions.py`` and reported in
``docs/opinion-scores.md``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from ssliqa.errors import ConfigError, LabelTableError, first_few

LEVELS = 5
"""Number of rating levels of a score distribution."""

SOS_DEFAULT = 0.0898
"""``a`` of the SOS hypothesis: least-squares fit over the 10,073 images of KonIQ-10k."""

_LEVEL_VALUES: NDArray[np.float64] = np.arange(1.0, LEVELS + 1)
_BIN_EDGES: NDArray[np.float64] = np.arange(1.5, LEVELS)
_BINNING_VARIANCE = 1 / 12
# Below this SD (in levels) a normal fills at most two neighboring bins, so that a smaller one
# gives the same shares; and mean and center can still be solved for to double precision.
_LEAST_SIGMA = 1e-3
# The normal's tail is exactly 0 in double precision this many SDs from its center.
_TAIL = 39.0
_BISECTIONS = 80

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_SCALE_TEXT = re.compile(
    rf"\s*(?P<low>{_NUMBER})\s*(?:-|:)\s*(?P<high>{_NUMBER})\s*"
    r"(?:,\s*(?P<better>higher|lower) is better\s*)?"
)


@dataclass(frozen=True)
class Scale:
    """The scale people rated on: its two ends and which of them is the good one.

    Args:
        low: smallest possible score.
        high: largest possible score.
        higher_is_better: False for scales of impairment, such as most DMOS.

    Raises:
        ConfigError: the limits are not finite or not in order.

    Example:
        >>> Scale(0, 100).to_levels([0, 50, 100])
        array([1., 3., 5.])
    """

    low: float
    high: float
    higher_is_better: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ConfigError(
                f"A scale from {self.low:g} to {self.high:g} is not possible.",
                "Give the smaller limit first, for example 0-100.",
            )

    @classmethod
    def parse(cls, text: str, higher_is_better: bool | None = None) -> Scale:
        """Read ``0-100``, ``0-1``, ``-1:1`` or ``0-100, lower is better`` (what ``str`` writes).

        Args:
            text: both limits with ``-`` or ``:`` between them; the direction may follow.
            higher_is_better: the direction, where ``text`` does not say it (default True).

        Raises:
            ConfigError: the text cannot be read, or contradicts ``higher_is_better``.
        """
        match = _SCALE_TEXT.fullmatch(text)
        if match is None:
            raise ConfigError(
                f"The scale '{text}' cannot be read.",
                "Write both limits, for example 0-100, -1:1 or '0-100, lower is better'.",
            )
        said = None if match["better"] is None else match["better"] == "higher"
        if None not in (said, higher_is_better) and said != higher_is_better:
            raise ConfigError(
                f"The scale '{text}' contradicts higher_is_better={higher_is_better}.",
                "State the direction once.",
            )
        directions = [way for way in (said, higher_is_better, True) if way is not None]
        return cls(float(match["low"]), float(match["high"]), directions[0])

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Scale:
        """Rebuild a scale from :meth:`as_dict`.

        Raises:
            ConfigError: keys or types are not those that :meth:`as_dict` writes.
        """
        match data:
            case {
                "low": int() | float() as low,
                "high": int() | float() as high,
                "higher_is_better": bool() as higher_is_better,
            } if len(data) == 3:
                return cls(float(low), float(high), higher_is_better)
        raise ConfigError(
            f"{dict(data)} is not a scale.",
            'Expected {"low": number, "high": number, "higher_is_better": true or false}.',
        )

    def as_dict(self) -> dict[str, float | bool]:
        """Give the scale as a dictionary for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        sign = ":" if self.low < 0 or self.high < 0 else "-"
        limits = f"{_shortest(self.low)}{sign}{_shortest(self.high)}"
        return limits if self.higher_is_better else f"{limits}, lower is better"

    def to_levels(self, values: ArrayLike) -> NDArray[np.float64]:
        """Map scores of this scale linearly on 1 (worst) .. 5 (best); nothing is clipped."""
        share = (np.asarray(values, dtype=np.float64) - self.low) / (self.high - self.low)
        return 1 + (LEVELS - 1) * (share if self.higher_is_better else 1 - share)

    def from_levels(self, levels: ArrayLike) -> NDArray[np.float64]:
        """Map levels 1 (worst) .. 5 (best) linearly on this scale; nothing is clipped."""
        share = (np.asarray(levels, dtype=np.float64) - 1) / (LEVELS - 1)
        return self.low + (self.high - self.low) * (share if self.higher_is_better else 1 - share)

    def std_to_levels(self, std: ArrayLike) -> NDArray[np.float64]:
        """Convert standard deviations of this scale to levels."""
        return np.asarray(std, dtype=np.float64) * ((LEVELS - 1) / (self.high - self.low))

    def std_from_levels(self, std: ArrayLike) -> NDArray[np.float64]:
        """Convert standard deviations in levels to this scale."""
        return np.asarray(std, dtype=np.float64) * ((self.high - self.low) / (LEVELS - 1))


ACR = Scale(1, LEVELS)
"""The absolute category rating scale, 1 bad .. 5 excellent."""


def votes_to_distribution(votes: ArrayLike) -> NDArray[np.float64]:
    """Normalize votes to shares.

    Args:
        votes: counts or shares per level, worst level first, shape ``(N, L)``.

    Returns:
        Shares, shape ``(N, L)``; each row sums to 1.

    Raises:
        LabelTableError: a vote is negative or not finite, or a row holds no vote.
    """
    counts = np.asarray(votes, dtype=np.float64)
    if counts.ndim != 2:
        raise LabelTableError(f"Votes have shape {counts.shape}; expected (images, levels).")
    total = counts.sum(axis=1)
    _refuse(
        ~np.isfinite(counts).all(axis=1) | (counts < 0).any(axis=1) | ~(total > 0),
        "hold no usable votes (finite, not negative, at least one of them positive)",
    )
    shares: NDArray[np.float64] = counts / total[:, None]
    return shares


def fold_levels(shares: ArrayLike) -> NDArray[np.float64]:
    """Fold a histogram of any number of levels (such as AVA's ten) onto the five levels.

    Level ``j`` of ``L`` stands at ``1 + 4 (j - 1) / (L - 1)`` on the 1..5 scale; its share goes
    to the two whole levels beside that place in proportion to nearness. So the mean is kept
    exactly: it is the mean of the ``L`` levels, mapped by ``Scale(1, L).to_levels``.

    Args:
        shares: shares or votes per level, worst level first, shape ``(N, L)`` with ``L >= 2``.

    Returns:
        Shares on the five levels, shape ``(N, 5)``.

    Raises:
        LabelTableError: as :func:`votes_to_distribution`, or fewer than two levels.
    """
    distribution = votes_to_distribution(shares)
    levels = distribution.shape[1]
    if levels < 2:
        raise LabelTableError("A histogram needs at least two levels; found one.")
    places = np.linspace(1, LEVELS, levels)
    nearness = np.clip(1 - np.abs(places[:, None] - _LEVEL_VALUES), 0, None)
    folded: NDArray[np.float64] = distribution @ nearness
    return folded


def mos_std_to_distribution(mos: ArrayLike, std: ArrayLike) -> NDArray[np.float64]:
    """Turn mean opinion scores and rating SDs into score distributions (see the module).

    The mean of each row is its MOS exactly, at the ends of the scale too. Its SD follows ``std``
    closely while the scale has room: five levels cannot show an SD near 0 between two levels
    (the MOS is then shared by those two), and the end levels hold what a wide normal would put
    beyond them. At a given SD, a higher MOS never lowers the share of ratings above any level.

    Args:
        mos: mean opinion scores in 1..5, shape ``(N,)``.
        std: standard deviations of the ratings in levels, 0 or more, shape ``(N,)``.

    Returns:
        Score distributions, shape ``(N, 5)``.

    Raises:
        LabelTableError: a MOS is not in 1..5, or an SD is negative or not finite.
    """
    means, stds = np.broadcast_arrays(
        np.asarray(mos, dtype=np.float64), np.asarray(std, dtype=np.float64)
    )
    rounding = 1e-9  # a score at the very end of a scale may miss it by a rounding error
    _refuse(~((means >= 1 - rounding) & (means <= LEVELS + rounding)), "have a MOS outside 1..5")
    _refuse(~(np.isfinite(stds) & (stds >= 0)), "have an SD that is negative or not finite")
    variance = np.maximum(np.square(stds) - _BINNING_VARIANCE, _LEAST_SIGMA**2)
    return _binned_normal_of_mean(np.clip(means, 1, LEVELS), np.sqrt(variance))


def mos_to_distribution(mos: ArrayLike, sos: float = SOS_DEFAULT) -> NDArray[np.float64]:
    """Turn mean opinion scores alone into score distributions (SOS hypothesis, see the module).

    Args:
        mos: mean opinion scores in 1..5, shape ``(N,)``.
        sos: the parameter ``a`` of the hypothesis, 0 (raters agree) .. 1 (only 1s and 5s).

    Returns:
        Score distributions, shape ``(N, 5)``, whose means are ``mos``.

    Raises:
        LabelTableError: a MOS is not in 1..5.
        ConfigError: ``sos`` is not in 0..1.
    """
    if not 0 <= sos <= 1:
        raise ConfigError(f"The SOS parameter is {sos:g}.", "Give a number from 0 to 1.")
    means = np.asarray(mos, dtype=np.float64)
    variance = sos * np.clip((means - 1) * (LEVELS - means), 0, None)
    return mos_std_to_distribution(means, np.sqrt(np.where(np.isnan(means), 0, variance)))


def distribution_mean(distribution: ArrayLike) -> NDArray[np.float64]:
    """Mean level, shape ``(N,)``, of score distributions, shape ``(N, 5)``: their MOS in 1..5."""
    return np.asarray(distribution, dtype=np.float64) @ _LEVEL_VALUES


def distribution_std(distribution: ArrayLike) -> NDArray[np.float64]:
    """Standard deviation in levels, shape ``(N,)``, of score distributions, shape ``(N, 5)``."""
    shares = np.asarray(distribution, dtype=np.float64)
    offsets = _LEVEL_VALUES - distribution_mean(shares)[..., None]
    variance: NDArray[np.float64] = (shares * np.square(offsets)).sum(axis=-1)
    return np.sqrt(variance)


def _binned_normal_of_mean(
    mean: NDArray[np.float64], sigma: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Find, by bisection, the binned normals of SD ``sigma`` whose shares have this ``mean``."""
    low, high = _BIN_EDGES[0] - _TAIL * sigma, _BIN_EDGES[-1] + _TAIL * sigma
    for _ in range(_BISECTIONS):
        center = (low + high) / 2
        # The mean of 1..5 is 1 plus the mass above each of the four edges.
        above = ndtr((center[:, None] - _BIN_EDGES) / sigma[:, None])
        too_high = 1 + above.sum(axis=1) > mean
        low, high = np.where(too_high, low, center), np.where(too_high, center, high)
    cumulative = ndtr((_BIN_EDGES - ((low + high) / 2)[:, None]) / sigma[:, None])
    shares: NDArray[np.float64] = np.diff(cumulative, axis=1, prepend=0.0, append=1.0)
    return shares


def _refuse(bad: NDArray[np.bool_], what: str) -> None:
    if bad.any():
        rows = np.flatnonzero(bad).tolist()
        raise LabelTableError(
            f"{len(rows)} of {len(bad)} rows {what}: rows {first_few(rows)}, counted from 0."
        )


def _shortest(limit: float) -> str:
    short = f"{limit:g}"
    return short if float(short) == limit else repr(float(limit))
