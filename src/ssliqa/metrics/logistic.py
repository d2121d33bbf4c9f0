"""The monotone curve from predicted scores to ratings, fitted before PLCC and RMSE are quoted.

    f(x) = b2 + (b1 - b2) / (1 + exp(-(x - b3) / |b4|))

b1 is the rating approached by high scores, b2 by low ones, b3 the score halfway between them, |b4|
the width of the passage. It takes out what is harmless in a quality model, a scale of its own and a
compression towards the ends, and leaves what is not: a wrong order.

Source: Video Quality Experts Group, "Final report on the validation of objective models of video
quality assessment", 2000; Sheikh, Sabir, Bovik, IEEE Trans. Image Processing 15, 2006.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares
from scipy.special import expit

from ssliqa.metrics.correlation import paired

FEWEST_FOR_A_LOGISTIC = 5
"""Four parameters pass through four points exactly; from five on there is something to fit."""

_WIDTHS = (0.25, 1.0)
"""Widths to start from, in standard deviations of the scores: a steep passage and a gentle one."""

_LOG_WIDTH_RANGE = (np.log(1e-3), np.log(1e3))
"""Logarithms of the widths, in standard deviations, beyond which the curve is a step or a line."""

_LEAST_GAIN = 1e-9
"""Share of the ratings' variance by which a logistic must beat the line to count as better."""

_SEARCH = {"max_nfev": 1000, "ftol": 1e-8}
_SEARCH_FROM_A_START = {"max_nfev": 10, "ftol": 1e-4}


@dataclass(frozen=True)
class LogisticFit:
    """A fitted curve; call it to map scores to the scale of the ratings.

    Attributes:
        kind: "logistic", or "line" where the logistic could not be had.
        parameters: (b1, b2, b3, b4) with b4 > 0 of the logistic, or (slope, intercept) of the line.
        converged: whether the logistic was fitted; False for a line.
        note: why it is a line, in words; empty for a logistic.
    """

    kind: Literal["logistic", "line"]
    parameters: tuple[float, ...]
    converged: bool
    note: str = ""

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Map scores of any shape to the scale of the ratings."""
        x = np.asarray(scores, dtype=np.float64)
        if self.kind == "line":
            slope, intercept = self.parameters
            return slope * x + intercept
        b1, b2, b3, b4 = self.parameters
        return np.asarray(b2 + (b1 - b2) * expit((x - b3) / b4))

    @property
    def rising(self) -> bool:
        """Whether higher scores go with higher ratings."""
        if self.kind == "line":
            return self.parameters[0] > 0
        return self.parameters[0] > self.parameters[1]


def fit_logistic(
    predicted: ArrayLike, truth: ArrayLike, *, start: LogisticFit | None = None
) -> LogisticFit:
    """Fit the logistic by least squares; where that fails, a straight line that says why.

    A line is returned for fewer than five images, for constant scores or ratings, when the search
    does not converge, and when no logistic found lies closer to the ratings than the line (a model
    that is already linear drives the two ends of the logistic to infinity).

    Args:
        predicted: scores, shape (n,).
        truth: ratings of the same images, shape (n,).
        start: a fit of similar data, such as the whole of which this is a resample: a few steps
            from there replace the search. A line stays a line.

    Raises:
        MetricError: no images, different lengths, or values that are not finite.
    """
    predicted, truth = paired("The logistic fit", predicted, truth)
    n = len(predicted)
    x_mean, x_std, y_mean, y_std = predicted.mean(), predicted.std(), truth.mean(), truth.std()
    for kind, values in (("scores", predicted), ("ratings", truth)):
        if values.min() == values.max():
            return _line(0.0, y_mean, f"the {kind} are constant")
    # In standard units one set of starts and tolerances serves every scale.
    x, y = (predicted - x_mean) / x_std, (truth - y_mean) / y_std
    correlation = float(np.mean(x * y))
    slope = correlation * y_std / x_std
    intercept = y_mean - slope * x_mean
    if n < FEWEST_FOR_A_LOGISTIC:
        return _line(slope, intercept, f"four parameters need at least five images, n = {n}")
    if start is None:
        ends = (y.max(), y.min()) if correlation >= 0 else (y.min(), y.max())
        tries = [_search((*ends, 0.0, np.log(width)), x, y, _SEARCH) for width in _WIDTHS]
    elif start.kind == "logistic":
        b1, b2, b3, b4 = start.parameters
        ends = ((b1 - y_mean) / y_std, (b2 - y_mean) / y_std)
        first = (*ends, (b3 - x_mean) / x_std, np.log(b4 / x_std))
        tries = [_search(first, x, y, _SEARCH_FROM_A_START)]
    else:
        return _line(slope, intercept, start.note)
    best = min(tries, key=lambda result: (not result.converged, result.squares))
    if n * (1 - correlation**2) - best.squares < _LEAST_GAIN * n:
        reason = "no logistic lies closer to the ratings than a straight line"
        return _line(slope, intercept, reason)
    # From a start the few steps do, converged or not: they begin close to the end.
    if not best.converged and start is None:
        return _line(slope, intercept, "the logistic fit did not converge")
    parameters = (
        y_mean + y_std * best.parameters[0],
        y_mean + y_std * best.parameters[1],
        x_mean + x_std * best.parameters[2],
        x_std * _width(best.parameters),
    )
    return LogisticFit("logistic", tuple(float(value) for value in parameters), converged=True)


@dataclass(frozen=True)
class _Search:
    parameters: NDArray[np.float64]
    squares: float
    converged: bool


def _search(
    first: tuple[float, ...],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    limits: Mapping[str, float],
) -> _Search:
    """Levenberg-Marquardt on (b1, b2, b3, log b4), which keeps the width positive."""

    def residuals(b: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(b[1] + (b[0] - b[1]) * expit((x - b[2]) / _width(b)) - y)

    def jacobian(b: NDArray[np.float64]) -> NDArray[np.float64]:
        width = _width(b)
        share = expit((x - b[2]) / width)
        steepness = (b[0] - b[1]) * share * (1 - share) / width
        return np.stack([share, 1 - share, -steepness, -steepness * (x - b[2])], axis=1)

    result = least_squares(residuals, np.asarray(first), jacobian, method="lm", **limits)
    return _Search(result.x, float(2 * result.cost), bool(result.success))


def _width(b: NDArray[np.float64]) -> float:
    return float(np.exp(np.clip(b[3], *_LOG_WIDTH_RANGE)))


def _line(slope: float, intercept: float, reason: str) -> LogisticFit:
    return LogisticFit("line", (float(slope), float(intercept)), converged=False, note=reason)
