"""The picture of an evaluation: every image as a point, predicted score against rating."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ssliqa.evaluation import Evaluation, Figure
from ssliqa.report.drawing import COLORS, QUIET, picture, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS, _CURVE = COLORS[:2]
_WIDEST_RATIO = 3.0
_MANY_POINTS = 2000


def scatter_plot(evaluation: Evaluation, path: str | Path, *, title: str = "") -> Path:
    """Draw predicted scores against ratings with the fitted curve, the figures and n.

    Both axes cover the same range, so that a model that shuns the ends of the scale shows; only
    where scores and ratings plainly count in different units does each axis get its own.

    Args:
        evaluation: what to draw; its ``scale`` labels the axes.
        path: where to; the suffix ``.png`` or ``.svg`` is the format. The same evaluation gives
            the same bytes.
        title: a short headline, such as the name of the test set.

    Returns:
        ``path``.

    Raises:
        ConfigError: another suffix.
        MissingExtraError: matplotlib is not installed.
    """
    with picture(path, 5.6, 5.6) as figure:
        axes = figure.add_subplot()
        _draw(axes, evaluation)
        axes.set_title(title, loc="left", pad=40, fontsize=13, fontweight="bold")
        axes.annotate(
            _caption(evaluation),
            xy=(0, 1),
            xycoords="axes fraction",
            xytext=(0, 8),
            textcoords="offset points",
            fontsize=9,
            color=QUIET,
            linespacing=1.6,
        )
    return Path(path)


def _draw(axes: Axes, evaluation: Evaluation) -> None:
    x, y = evaluation.predicted, evaluation.truth
    many = len(x) > _MANY_POINTS
    axes.scatter(
        x,
        y,
        s=8 if many else 20,
        color=_POINTS,
        alpha=float(np.clip(100 / len(x), 0.15, 0.6)),
        linewidths=0,
        rasterized=many,  # an SVG of a hundred thousand circles opens in no viewer
    )
    x_range, y_range = _range(x), _range(y)
    both = (min(x_range[0], y_range[0]), max(x_range[1], y_range[1]))
    narrower = min(x_range[1] - x_range[0], y_range[1] - y_range[0])
    if both[1] - both[0] <= _WIDEST_RATIO * narrower:
        x_range = y_range = both
        axes.set_aspect("equal")
        axes.plot(both, both, color=QUIET, linewidth=1, linestyle=":", label="score = rating")
    grid = np.linspace(x.min(), x.max(), 300)
    label = "fitted logistic" if evaluation.fit.kind == "logistic" else "fitted line"
    axes.plot(grid, evaluation.fit(grid), color=_CURVE, linewidth=2.2, label=label)
    axes.set(xlim=x_range, ylim=y_range)

    axes.set_xlabel("Predicted score" + (f" ({evaluation.scale})" if evaluation.scale else ""))
    axes.set_ylabel("Rating (MOS)")
    plain(axes)
    axes.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none", fontsize=9)


def _range(values: np.ndarray) -> tuple[float, float]:
    """The values with a margin, never empty."""
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low) or 0.5
    return low - margin, high + margin


def _caption(evaluation: Evaluation) -> str:
    figures = f"SRCC {evaluation.srcc.text()}   PLCC {evaluation.plcc.text()}"
    error = f"RMSE {Figure(evaluation.rmse.value).text()}"
    brackets = ", 95 % intervals in brackets" if "[" in figures else ""
    return f"{figures}\n{error}, n = {evaluation.n}{brackets}"
