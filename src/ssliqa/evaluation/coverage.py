"""Whether intervals keep their promise: the share of ratings inside, and how wide they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from ssliqa.errors import MetricError


@dataclass(frozen=True, eq=False)
class Bounds:
    """A scorer's interval for each image, in the scale of the ratings.

    Attributes:
        lower: shape (n,).
        upper: shape (n,), nowhere below ``lower``.
        level: share of the ratings that the intervals are meant to hold.
        calibrated_on: number of images behind the intervals.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    level: float
    calibrated_on: int

    def __post_init__(self) -> None:
        if self.lower.shape != self.upper.shape or not (self.lower <= self.upper).all():
            raise MetricError(
                "Some intervals have no upper bound above their lower one.",
                "Pass one lower and one upper bound for each image.",
            )


@dataclass(frozen=True)
class Coverage:
    """How often intervals held the rating.

    Attributes:
        value: share of the images whose rating lies inside, bounds included.
        low: lower end of the 95 % interval of that share (Wilson) for these calibration images.
        high: upper end.
        width: mean width of the intervals, in the unit of the ratings.
        level: the share that was promised.
        n: number of images.
        calibrated_on: number of calibration images.
    """

    value: float
    low: float
    high: float
    width: float
    level: float
    n: int
    calibrated_on: int

    @classmethod
    def of(cls, bounds: Bounds, truth: NDArray[np.float64]) -> Coverage:
        """Count the ratings, shape (n,), inside their intervals."""
        inside = (bounds.lower <= truth) & (truth <= bounds.upper)
        share = binomtest(int(inside.sum()), len(inside)).proportion_ci(0.95, method="wilson")
        return cls(
            value=float(inside.mean()),
            low=float(share.low),
            high=float(share.high),
            width=float((bounds.upper - bounds.lower).mean()),
            level=bounds.level,
            n=len(inside),
            calibrated_on=bounds.calibrated_on,
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything by name, ready for JSON."""
        return dict(vars(self))

    def text(self) -> str:
        """``89.2 % [83.9, 92.9] of 186 ratings lie in their 90 % intervals; mean width 44``."""
        share, low, high = (f"{100 * value:.1f}" for value in (self.value, self.low, self.high))
        return (
            f"{share} % [{low}, {high}] of {self.n} ratings lie in their {100 * self.level:g} % "
            f"intervals; mean width {self.width:.4g} (calibrated on {self.calibrated_on})"
        )
