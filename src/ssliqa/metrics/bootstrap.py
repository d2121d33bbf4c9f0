"""How far a figure would move with another sample of images: percentile bootstrap intervals.

The images are drawn anew, with replacement and as many as there are, and the figure is computed on
each such resample; the middle 95 % of the results are the interval. It covers the choice of the
test images only, not that of the training images or of the seed.

Source: Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import MetricError


@dataclass(frozen=True)
class Interval:
    """A range for a figure.

    Attributes:
        low: lower end, NaN if the figure was undefined on more than half of the resamples.
        high: upper end, likewise.
        undefined: number of resamples left out because the figure is undefined on them.
    """

    low: float
    high: float
    undefined: int = 0


def bootstrap_interval(
    statistic: Callable[..., float],
    *arrays: NDArray[np.float64],
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Percentile interval of one figure: ``bootstrap_interval(srcc, predicted, truth)``.

    Args:
        statistic: called with resampled arrays; NaN or MetricError mean undefined.
        arrays: series of one length n >= 1, resampled together.
        level: share of the resamples inside the interval, in 0..1.
        resamples: how many; 1000 settle a 95 % interval to about a tenth of its width.
        seed: the same seed gives the same interval.

    Raises:
        MetricError: arrays of different lengths or without values, or no resamples.
        ValueError: ``level`` outside 0..1.
    """

    def single(*resampled: NDArray[np.float64]) -> list[float]:
        try:
            return [statistic(*resampled)]
        except MetricError:
            return [np.nan]

    return bootstrap_intervals(single, *arrays, level=level, resamples=resamples, seed=seed)[0]


def bootstrap_intervals(
    statistics: Callable[..., Sequence[float]],
    *arrays: NDArray[np.float64],
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> list[Interval]:
    """Percentile intervals of several figures from the same resamples, one per figure.

    Like :func:`bootstrap_interval`, but ``statistics`` returns a sequence of figures, so that they
    can share work; NaN means undefined.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, found {level}.")
    draws = bootstrap_draws(statistics, *arrays, resamples=resamples, seed=seed)
    return [interval_of(figure, level) for figure in draws.T]


def bootstrap_draws(
    statistics: Callable[..., Sequence[float]],
    *arrays: NDArray[np.float64],
    resamples: int = 1000,
    seed: int = 0,
) -> NDArray[np.float64]:
    """The figures on every resample, shape (resamples, figures); NaN where one is undefined.

    The resamples depend on n and the seed alone: draws of two scorers on the same images with the
    same seed are paired, row by row.

    Raises:
        MetricError: the arrays have different lengths or are empty, or ``resamples`` is below 1.
    """
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1 or 0 in lengths:
        raise MetricError(
            f"An interval needs series of one length, found {[len(array) for array in arrays]}.",
            "Pass one value per image in every series.",
        )
    if resamples < 1:
        raise MetricError(
            f"An interval needs resamples, found {resamples}.", "1000 is a usual number."
        )
    n = lengths.pop()
    rng = np.random.default_rng(seed)
    return np.array(
        [
            statistics(*(array[chosen] for array in arrays))
            for chosen in (rng.integers(0, n, n) for _ in range(resamples))
        ],
        dtype=np.float64,
    )


def interval_of(draws: NDArray[np.float64], level: float = 0.95) -> Interval:
    """Percentile interval of one figure from its values on the resamples, shape (resamples,)."""
    defined = draws[~np.isnan(draws)]
    undefined = len(draws) - len(defined)
    if undefined > len(draws) / 2:
        return Interval(float("nan"), float("nan"), undefined)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), undefined)
