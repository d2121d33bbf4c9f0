"""Agreement of predicted scores with the raters': SRCC, KRCC, PLCC and RMSE.

=====  ==================================================================================
SRCC   Spearman's rank-order correlation; ties get their mean rank
KRCC   Kendall's rank-order correlation, tau-b: pairs tied in either series are discounted
PLCC   Pearson's linear correlation, of the raw scores
RMSE   root of the mean squared difference, in the unit of the ratings
=====  ==================================================================================

All take two series of equal length, predictions first. A figure that is undefined for its data
raises :class:`~ssliqa.errors.MetricError`; none of them ever returns NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ssliqa.errors import MetricError, first_few

FEWEST_FOR_A_CORRELATION = 3
"""Two points always correlate perfectly, so a correlation says nothing below three."""


def srcc(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Spearman's rank-order correlation, in -1..1; 1 if both series order the images alike.

    Raises:
        MetricError: fewer than three images, a constant series, or values that are not finite.
    """
    predicted, truth = _correlatable("SRCC", predicted, truth)
    return float(stats.spearmanr(predicted, truth).statistic)


def krcc(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Kendall's tau-b, in -1..1: concordant minus discordant pairs over the untied ones.

    Raises:
        MetricError: fewer than three images, a constant series, or values that are not finite.
    """
    predicted, truth = _correlatable("KRCC", predicted, truth)
    return float(stats.kendalltau(predicted, truth, variant="b").statistic)


def plcc(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Pearson's linear correlation of the raw values, in -1..1.

    The literature often quotes it after a logistic fit: ``plcc(fit_logistic(p, t)(p), t)``.

    Raises:
        MetricError: fewer than three images, a constant series, or values that are not finite.
    """
    predicted, truth = _correlatable("PLCC", predicted, truth)
    return float(np.corrcoef(_centered(predicted), _centered(truth))[0, 1])


def rmse(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Root-mean-square error, 0 or more, in the unit of the ratings; needs a common scale.

    Raises:
        MetricError: no images, or values that are not finite.
    """
    predicted, truth = paired("RMSE", predicted, truth)
    return float(np.sqrt(np.mean((predicted - truth) ** 2)))


METRICS: dict[str, Callable[[ArrayLike, ArrayLike], float]] = {
    "SRCC": srcc,
    "KRCC": krcc,
    "PLCC": plcc,
    "RMSE": rmse,
}
"""The metrics by the name reports use."""

ALIASES = {"SROCC": "SRCC", "KROCC": "KRCC", "LCC": "PLCC"}
"""Other spellings of the field, accepted where a person types a metric's name."""


def metric_by_name(name: str) -> Callable[[ArrayLike, ArrayLike], float]:
    """Find a metric by its name or alias, in any case: ``metric_by_name("srocc")``.

    Raises:
        MetricError: no metric has that name.
    """
    canonical = name.strip().upper()
    canonical = ALIASES.get(canonical, canonical)
    if canonical not in METRICS:
        raise MetricError(
            f"There is no metric '{name}'.",
            f"Choose one of {', '.join(METRICS)} (or {', '.join(ALIASES)}).",
        )
    return METRICS[canonical]


def paired(
    what: str, predicted: ArrayLike, truth: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two series as float64 arrays of one shape (n,), n at least 1, all values finite.

    Args:
        what: what the series are needed for, the first word of an error message.
        predicted: predicted scores.
        truth: ratings of the same images.

    Raises:
        MetricError: the series are empty, of different lengths, or hold NaN or infinity.
    """
    series = np.asarray(predicted, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if series[0].shape != series[1].shape or series[0].ndim != 1:
        raise MetricError(
            f"{what} needs one prediction per rating, found predictions of shape "
            f"{series[0].shape} and ratings of shape {series[1].shape}.",
            "Pass two one-dimensional series of the same images in the same order.",
        )
    if not len(series[0]):
        raise MetricError(f"{what} is undefined without images.", "Check the list of images.")
    for kind, values in zip(("predictions", "ratings"), series, strict=True):
        if not np.isfinite(values).all():
            offenders = [int(index) for index in np.flatnonzero(~np.isfinite(values))]
            raise MetricError(
                f"{what} is undefined: {len(offenders)} of {len(values)} {kind} are NaN or "
                f"infinite, at positions {first_few(offenders)} (counted from 0).",
                "Leave those images out, or find out why they have no value.",
            )
    return series


def _correlatable(
    what: str, predicted: ArrayLike, truth: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    series = paired(what, predicted, truth)
    n = len(series[0])
    if n < FEWEST_FOR_A_CORRELATION:
        raise MetricError(
            f"{what} is undefined for n = {n}: a correlation needs at least "
            f"{FEWEST_FOR_A_CORRELATION} images.",
            "Add rated images.",
        )
    for kind, values in zip(("predictions", "ratings"), series, strict=True):
        if values.min() == values.max():
            raise MetricError(
                f"{what} is undefined: all {n} {kind} equal {values[0]:g}.",
                "A correlation needs values that differ.",
            )
    return series


def _centered(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values around 0 within -1..1, whose squares neither overflow nor vanish."""
    scaled = values / np.abs(values).max()
    centered = scaled - scaled.mean()
    return np.asarray(centered / np.abs(centered).max())
