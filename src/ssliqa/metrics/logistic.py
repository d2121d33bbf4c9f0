"""The monotone curve from predicted scores to ratings, fitted before PLCC and RMSE are quoted.

    f(x) = b2 + (b1 - b2) / (1 + exp(-(x - b3) / |b4|))

b1 is the rating approached by high scores, b2 by low ones, b3 the score halfway between them, |b4|
the width of the passage. It takes out what is harmless in a quality model, a scale of its own and a
compression towards the ends, and leaves what is not: a wrong order.

Source: Video Quality Experts Group, "Final report on the validation of objective models of video
quality assessment", 2000; Sheikh, Sabir, Bovik, IEEE Trans. Image Processing 15, 2006.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from ssliqa.metrics.correlation import paired
from ssliqa.metrics.least_squares import Minimum, least_squares

FEWEST_FOR_A_LOGISTIC = 5
"""Four parameters pass through four points exactly; from five on there is something to fit."""

_WIDTHS = (0.25, 1.0)
"""Widths to start from, in standard deviations of the scores: a steep passage and a gentle one."""

_CENTERS = (0.0, -1.0, 1.0)
"""Where the passages to start from are, in standard deviations from the mean of the scores."""

_FAR = 20.0
"""Widths beyond the scores at which the curve is an exponential; further off only its end grows."""

_LOG_WIDTH_RANGE = (np.log(1e-3), np.log(1e3))
"""Logarithms of the widths, in standard deviations, beyond which the curve is a step or a line."""

_LEAST_GAIN = 1e-9
"""Share of the ratings' variance by which a logistic must beat the line to count as better."""


_EXACT = 1e-16
"""Share of the ratings' variance that is rounding: the curve passes through all of them."""


class _Limits(TypedDict):
    most: int
    tolerance: float


_SEARCH = _Limits(most=300, tolerance=1e-8)
_SEARCH_FROM_A_START = _Limits(most=10, tolerance=1e-4)


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
        starts = itertools.product(_CENTERS, _WIDTHS)
        tries = [_search((center, np.log(width)), x, y, _SEARCH) for center, width in starts]
    elif start.kind == "logistic":
        _, _, b3, b4 = start.parameters
        first = ((b3 - x_mean) / x_std, np.log(b4 / x_std))
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
    center, width = _passage(best.parameters, x)
    low, gain = _ends(expit((x - center) / width), y)
    parameters = (
        y_mean + y_std * (low + gain),
        y_mean + y_std * low,
        x_mean + x_std * center,
        x_std * width,
    )
    return LogisticFit("logistic", tuple(float(value) for value in parameters), converged=True)


def _search(
    first: tuple[float, ...],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    limits: _Limits,
) -> Minimum:
    """Search over (b3, log b4), which keeps the width positive; the ends follow in closed form.

    Source: Kaufman, "A variable projection method for solving separable nonlinear least squares
    problems", BIT 15 (1975).
    """

    def residuals(b: NDArray[np.float64]) -> NDArray[np.float64]:
        center, width = _passage(b, x)
        share = expit((x - center) / width)
        low, gain = _ends(share, y)
        return np.asarray(low + gain * share - y)

    def jacobian(b: NDArray[np.float64]) -> NDArray[np.float64]:
        center, width = _passage(b, x)
        share = expit((x - center) / width)
        _, gain = _ends(share, y)
        steepness = -gain * share * (1 - share) / width
        rows = np.stack([steepness, steepness * (x - center)])
        # Only what the ends cannot follow counts.
        rows = rows - rows.mean(-1, keepdims=True)
        share = share - share.mean()
        norm = (share * share).sum()
        followed = (rows * share).sum(-1, keepdims=True) / norm * share if norm > 0 else 0.0
        return np.asarray(rows - followed)

    return least_squares(residuals, jacobian, np.asarray(first), enough=_EXACT * len(x), **limits)


def _ends(share: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """The b2 and b1 - b2 that suit the ratings best, from the share of b1 in each."""
    mean = share.mean()
    deviation = share - mean
    norm = (deviation * deviation).sum()
    gain = (deviation * y).sum() / norm if norm > 0 else 0.0
    return float(y.mean() - gain * mean), float(gain)


def _passage(b: NDArray[np.float64], x: NDArray[np.float64]) -> tuple[float, float]:
    """The center b3 and the width b4, within what makes a difference."""
    width = float(np.exp(np.clip(b[1], *_LOG_WIDTH_RANGE)))
    return float(np.clip(b[0], x.min() - _FAR * width, x.max() + _FAR * width)), width


def _line(slope: float, intercept: float, reason: str) -> LogisticFit:
    return LogisticFit("line", (float(slope), float(intercept)), converged=False, note=reason)
