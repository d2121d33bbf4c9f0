"""The picture of score distributions: what was predicted of the raters' spread, and how it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import MetricError
from ssliqa.evaluation import Distributions, Evaluation
from ssliqa.opinion import LEVELS
from ssliqa.report.drawing import COLORS, head_and_caption, picture, plain, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GROUPS = 5
_TRUE, _PREDICTED = "#94a3b8", COLORS[0]


def distribution_plot(evaluation: Evaluation, path: str | Path, *, title: str = "") -> Path:
    """Draw predicted beside true shares of the five levels.

    Above: photographs sorted by rating into five groups of equal size, their mean shares. Below:
    the photographs with the smallest, the median and the largest earth mover's distance (EMD). The
    caption gives its mean, in levels (0..4), and that of the mean true distribution for reference.

    Args:
        evaluation: one with ``distributions``, as :func:`ssliqa.evaluate_model` returns.
        path: where to; the suffix ``.png`` or ``.svg`` is the format. The same evaluation gives
            the same bytes.
        title: a short headline, such as the name of the test set.

    Returns:
        ``path``.

    Raises:
        MetricError: the evaluation knows scores only, no distributions.
        ConfigError: another suffix.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> found = evaluate_model(model, table).evaluation  # doctest: +SKIP
        >>> distribution_plot(found, "distributions.png")  # doctest: +SKIP
    """
    found = evaluation.distributions
    if found is None:
        raise MetricError(
            "This evaluation holds scores, but no score distributions.",
            "Evaluate a model on a label table with evaluate_model.",
        )
    order = np.argsort(evaluation.truth, kind="stable")
    groups = [group for group in np.array_split(order, _GROUPS) if len(group)]
    by_distance = np.argsort(found.emd, kind="stable")
    singles = {"closest": by_distance[0], "median": by_distance[(evaluation.n - 1) // 2]}
    singles["farthest"] = by_distance[-1]
    with picture(path, 9, 5.2) as figure:
        grid = figure.subplots(2, _GROUPS, sharex=True, sharey=True)
        for axes in grid.flat:
            axes.set_visible(False)
        for axes, group in zip(grid[0], groups, strict=False):
            ratings = evaluation.truth[group]
            ends = f"{ratings.min():.3g} to {ratings.max():.3g}"
            _bars(axes, found, group)
            axes.set_title(f"MOS {ends}\n{_photographs(len(group))}", fontsize=8.5)
        for axes, (what, k) in zip(grid[1], singles.items(), strict=False):
            _bars(axes, found, np.array([k]))
            distance = f"{what}: EMD {found.emd[k]:.2f}"
            axes.set_title(f"{distance}\n{short_name(evaluation.names[k])}", fontsize=8.5)
        for row in grid:
            row[0].set_ylabel("share of ratings", fontsize=9)
            row[0].tick_params(axis="y", left=True, labelleft=True)
        key = grid[1, len(singles)]
        key.set_visible(True)
        key.set_axis_off()
        entries = grid[0, 0].get_legend_handles_labels()
        # It is wider than its place and hangs over the empty one beside it.
        key.legend(*entries, loc="center left", frameon=False, fontsize=9).set_in_layout(False)
        head_and_caption(figure, title, _caption(evaluation.n, found))
    return Path(path)


def _bars(axes: Axes, found: Distributions, images: NDArray[np.int_]) -> None:
    """Mean shares over some images."""
    axes.set_visible(True)
    levels = np.arange(1, LEVELS + 1)
    truth = "raters' votes" if found.source == "votes" else f"assumed from {found.source}"
    for shift, shares, color, label in (
        (-0.2, found.truth, _TRUE, truth),
        (0.2, found.predicted, _PREDICTED, "predicted"),
    ):
        axes.bar(levels + shift, shares[images].mean(axis=0), width=0.4, color=color, label=label)
    axes.set_xticks(levels)
    axes.tick_params(labelbottom=True, labelsize=8)
    plain(axes, grid="y")


def _photographs(count: int) -> str:
    return "1 photograph" if count == 1 else f"{count} photographs"


def _caption(n: int, found: Distributions) -> str:
    return (
        f"Mean earth mover's distance (EMD) {found.emd.mean():.3f} levels from "
        f"{found.truth_in_words}, n = {n}; predicting their mean for every photograph would give "
        f"{found.constant_emd:.3f}. Above: mean shares of the levels 1 (bad) .. 5 (excellent) "
        "among photographs sorted by rating. Below: single photographs by EMD."
    )
