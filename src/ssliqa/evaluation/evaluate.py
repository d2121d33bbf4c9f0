"""One evaluation: all figures of merit with 95 % intervals, and everything odd in plain words.

It takes arrays, not models, so that every way to a score is judged alike. What is undefined (a
correlation of two images, of constant scores) is left empty with a note that says why; only data
that cannot be meant, such as NaN among the scores, is an error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ssliqa.errors import MetricError, first_few
from ssliqa.evaluation.coverage import Bounds, Coverage
from ssliqa.evaluation.distributions import Distributions
from ssliqa.evaluation.result import FIGURE_NAMES, LEVEL, Evaluation, Figure
from ssliqa.metrics import (
    FEWEST_FOR_A_CORRELATION,
    Interval,
    LogisticFit,
    bootstrap_draws,
    fit_logistic,
    interval_of,
    krcc,
    plcc,
    rmse,
    srcc,
)

FEWEST_FOR_AN_INTERVAL = 10
"""Below this a bootstrap interval is far too narrow; three images in order give 1.0 to 1.0."""

FEW_IMAGES = 30
"""Below this many images a note says that the intervals are rough."""

_NO_INTERVAL = Interval(math.nan, math.nan)


def evaluate(
    predicted: ArrayLike,
    truth: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    std: ArrayLike | None = None,
    distributions: Distributions | None = None,
    bounds: Bounds | None = None,
    scale: str = "",
    resamples: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Compare predicted scores with ratings.

    Args:
        predicted: scores in the scale of the ratings, shape (n,), n >= 1.
        truth: ratings (MOS) of the same images, shape (n,).
        names: the images' names, for messages and the table of predictions; numbers from 1 if None.
        std: the scorer's own uncertainty of each score, shape (n,), only passed on to the table.
        distributions: predicted and true score distributions of the same images, where known.
        bounds: the scorer's intervals for the ratings, where it has any.
        scale: what scores and ratings count in, only passed on to reports.
        resamples: bootstrap resamples per interval.
        seed: seed of the resamples; the same seed gives the same intervals.

    Raises:
        MetricError: no images, lengths that differ, or values that are not finite, by name.
    """
    scores, ratings = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    named = tuple(names) if names is not None else tuple(str(i + 1) for i in range(scores.size))
    stds = None if std is None else np.asarray(std, np.float64)
    _check(scores, ratings, named, stds, distributions, bounds)

    fit = fit_logistic(scores, ratings)
    values = _values(scores, ratings, fit)

    def on_resample(p: NDArray[np.float64], t: NDArray[np.float64]) -> list[float]:
        return _values(p, t, fit_logistic(p, t, start=fit))

    intervals, draws = [_NO_INTERVAL] * len(values), None
    if len(scores) >= FEWEST_FOR_AN_INTERVAL:
        draws = bootstrap_draws(on_resample, scores, ratings, resamples=resamples, seed=seed)
        intervals = [interval_of(figure, LEVEL) for figure in draws.T]
    figures = {
        name.lower(): _figure(value, interval)
        for name, value, interval in zip(FIGURE_NAMES, values, intervals, strict=True)
    }
    return Evaluation(
        n=len(scores),
        **figures,
        fit=fit,
        notes=tuple(_notes(scores, ratings, fit, figures, intervals)),
        scale=scale,
        resamples=resamples,
        seed=seed,
        predicted=scores,
        truth=ratings,
        names=named,
        std=stds,
        distributions=distributions,
        bounds=bounds,
        coverage=None if bounds is None else Coverage.of(bounds, ratings),
        draws=draws,
    )


def _values(
    scores: NDArray[np.float64], ratings: NDArray[np.float64], fit: LogisticFit
) -> list[float]:
    """The six figures in the order of ``FIGURE_NAMES``; NaN where one is undefined."""
    fitted = fit(scores)
    values = []
    for metric, series in (
        (srcc, scores),
        (krcc, scores),
        (plcc, scores),
        (plcc, fitted),
        (rmse, scores),
        (rmse, fitted),
    ):
        try:
            values.append(metric(series, ratings))
        except MetricError:
            values.append(math.nan)
    if len(scores) < FEWEST_FOR_A_CORRELATION or ratings.min() == ratings.max():
        values[-1] = math.nan  # a curve through one or two ratings, or equal ones, is no fit
    return values


def _figure(value: float, interval: Interval) -> Figure:
    if math.isnan(value):
        return Figure(None)
    if math.isnan(interval.low):
        return Figure(value)
    return Figure(value, interval.low, interval.high)


def _notes(
    scores: NDArray[np.float64],
    ratings: NDArray[np.float64],
    fit: LogisticFit,
    figures: dict[str, Figure],
    intervals: list[Interval],
) -> list[str]:
    n = len(scores)
    notes = []
    if n < FEWEST_FOR_A_CORRELATION:
        notes.append(
            f"n = {n}: at least {FEWEST_FOR_A_CORRELATION} images are needed for a correlation."
        )
    elif n < FEWEST_FOR_AN_INTERVAL:
        notes.append(
            f"n = {n}: at least {FEWEST_FOR_AN_INTERVAL} images are needed for an interval."
        )
    elif n < FEW_IMAGES:
        notes.append(f"n = {n}: intervals from fewer than {FEW_IMAGES} images are rough.")
    constant = False
    for kind, series in (("scores", scores), ("ratings", ratings)):
        if n > 1 and series.min() == series.max():
            constant = True
            notes.append(f"All {n} {kind} equal {series[0]:g}: correlations are undefined.")
    if constant or n < FEWEST_FOR_A_CORRELATION:
        return notes
    tied = {"scores": _tied(scores), "ratings": _tied(ratings)}
    if any(tied.values()):
        counts = " and ".join(f"{count} of {n} {kind}" for kind, count in tied.items() if count)
        notes.append(f"Ties: {counts} occur more than once; SRCC takes mean ranks, KRCC is tau-b.")
    if fit.kind == "line":
        notes.append(f"The fitted figures come from a straight line: {fit.note}.")
    if figures["plcc_fitted"].value is None:
        notes.append("PLCC_fitted is undefined: the fitted curve is flat.")
    elif not fit.rising:
        notes.append(
            "The fitted curve falls: higher scores go with lower ratings, which PLCC_fitted hides. "
            "Check whether lower is better in one of the two scales."
        )
    rare = max(interval.undefined for interval in intervals)
    if rare:
        notes.append(
            f"Up to {rare} of the resamples are left out of an interval: a figure is undefined on "
            "them."
        )
    return notes


def _tied(series: NDArray[np.float64]) -> int:
    _, counts = np.unique(series, return_counts=True)
    return int(counts[counts > 1].sum())


def _check(
    scores: NDArray[np.float64],
    ratings: NDArray[np.float64],
    names: tuple[str, ...],
    stds: NDArray[np.float64] | None,
    distributions: Distributions | None,
    bounds: Bounds | None,
) -> None:
    """Refuse what cannot be meant, by the images' names."""
    lengths = {"scores": scores.shape, "ratings": ratings.shape, "names": (len(names),)}
    if stds is not None:
        lengths["standard deviations"] = stds.shape
    if distributions is not None:
        lengths["distributions"] = distributions.truth.shape[:1]
    if bounds is not None:
        lengths["intervals"] = bounds.lower.shape
    if len(set(lengths.values())) != 1 or scores.ndim != 1:
        found = ", ".join(f"{kind} {shape}" for kind, shape in lengths.items())
        raise MetricError(
            f"An evaluation needs one value per image in every series, found shapes: {found}.",
            "Pass one-dimensional series of the same images in the same order.",
        )
    if not len(scores):
        raise MetricError(
            "There are no images to evaluate.", "Check that the ratings name images that exist."
        )
    for kind, series in (("score", scores), ("rating", ratings)):
        missing = [name for name, fine in zip(names, np.isfinite(series), strict=True) if not fine]
        if missing:
            raise MetricError(
                f"{len(missing)} of {len(names)} images have a {kind} that is NaN or infinite: "
                f"{first_few(missing)}.",
                f"Leave them out, or find out why they have no {kind}.",
            )
