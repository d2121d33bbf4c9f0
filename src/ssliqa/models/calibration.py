"""The interval of a score: bounds of the mean opinion, by split conformal prediction.

    interval = score +- q d,  q = conformal quantile of |MOS - score| / d on calibration images

The difficulty d of an image is the standard deviation of its predicted opinions: where people are
expected to disagree, and that is in the middle of the scale above all, scores miss by more. See
:mod:`ssliqa.metrics.conformal` for what q promises, docs/decisions.md for why this d.

Everything is in levels of 1..5, so that a calibration says the same whatever the rating scale.

Source: Lei et al., JASA 2018, section 5.2 (locally weighted conformal inference).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ssliqa.errors import CalibrationError, ConfigError
from ssliqa.metrics.conformal import conformal_quantile, fewest_for
from ssliqa.opinion import LEVELS, distribution_mean, distribution_std

Kind = Literal["std", "constant"]

KINDS: tuple[Kind, ...] = get_args(Kind)

LEVEL = 0.9
"""Level of an interval unless a user asks for another one."""

# A network that is sure of one level has no spread at all; its errors are still divided by it.
_LEAST_DIFFICULTY = 1e-3


@dataclass(frozen=True)
class Calibration:
    """What turns a predicted distribution into an interval; plain numbers, kept in config.json.

    Args:
        level: share of photographs whose mean opinion the interval is to hold, in 0..1.
        quantile: half the interval's width over the difficulty; in levels if ``kind`` is constant.
        n: number of calibration photographs.
        kind: ``std`` (the difficulty is the standard deviation of the predicted opinions) or
            ``constant`` (1 level, so that all intervals have one width).

    Raises:
        ConfigError: a value is out of range.
    """

    level: float
    quantile: float
    n: int
    kind: Kind = "std"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(
                f"'{self.kind}' is no kind of interval.", f"The kinds are: {', '.join(KINDS)}."
            )
        if not (self.n >= fewest_for(self.level) and 0 <= self.quantile < math.inf):
            raise ConfigError(
                f"{asdict(self)} is not a calibration.",
                "Calibrate the model anew: ssliqa calibrate.",
            )

    @classmethod
    def fit(
        cls,
        distribution: ArrayLike,
        truth: ArrayLike,
        *,
        level: float = LEVEL,
        kind: Kind = "std",
    ) -> Calibration:
        """Calibrate on photographs that the model has not learned from.

        Args:
            distribution: predicted distributions, shape (n, 5).
            truth: mean opinion scores of the same photographs in levels of 1..5, shape (n,).
            level: share of mean opinions that intervals are to hold.
            kind: see the class.

        Raises:
            CalibrationError: too few photographs for the level, or numbers that are not finite.
            ConfigError: a level that is not between 0 and 1.

        Example:
            >>> Calibration.fit(np.full((9, 5), 0.2), np.full(9, 4.0), kind="constant").quantile
            1.0
        """
        shares, levels = np.asarray(distribution, np.float64), np.asarray(truth, np.float64)
        if shares.shape != (len(levels), LEVELS):
            raise CalibrationError(
                f"{len(levels)} ratings stand beside distributions of shape {shares.shape}.",
                f"Pass one distribution over {LEVELS} levels for each rating.",
            )
        errors = np.abs(levels - distribution_mean(shares)) / _difficulty(shares, kind)
        return cls(float(level), conformal_quantile(errors, level), len(levels), kind)

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Calibration:
        """Rebuild a calibration from :meth:`as_dict`.

        Raises:
            ConfigError: keys, types or values are not those that :meth:`as_dict` writes.
        """
        match values:
            case {
                "level": float() as level,
                "quantile": int() | float() as quantile,
                "n": int() as n,
                "kind": "std" | "constant" as kind,
            } if len(values) == 4:
                return cls(level, float(quantile), n, kind)
        raise ConfigError(
            f"{dict(values)} is not a calibration.", "Calibrate the model anew: ssliqa calibrate."
        )

    def as_dict(self) -> dict[str, float | int | str]:
        """Give the calibration as a dictionary for JSON."""
        return asdict(self)

    def interval(self, distribution: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bounds of the mean opinion, in levels, cut off at the ends 1 and 5.

        Args:
            distribution: predicted distributions, shape (..., 5).

        Returns:
            Lower and upper bounds, each of shape (...).
        """
        shares = np.asarray(distribution, np.float64)
        mean = distribution_mean(shares)
        half = self.quantile * _difficulty(shares, self.kind)
        return np.clip(mean - half, 1, LEVELS), np.clip(mean + half, 1, LEVELS)


def _difficulty(shares: NDArray[np.float64], kind: Kind) -> NDArray[np.float64]:
    if kind == "constant":
        return np.ones(shares.shape[:-1])
    return np.maximum(distribution_std(shares), _LEAST_DIFFICULTY)
