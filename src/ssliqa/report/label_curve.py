"""Accuracy against the number of labels, one curve a method with a band over splits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from ssliqa.report.drawing import COLORS, picture, plain

Curve = Sequence[tuple[float, float, float, float]]
"""Points (labels, mean, low, high) from few labels to many; low and high may be NaN."""

# Letters of a name of which two go beside one another.
_SHORT = 44


def label_curve(curves: Mapping[str, Curve], path: str | Path, *, title: str, figure: str) -> Path:
    """Draw one curve for each name.

    Args:
        curves: points by the method's name.
        path: where to, .png or .svg.
        title: a short headline, such as the name of the test set.
        figure: what the vertical axis counts, such as ``SRCC``.

    Returns:
        ``path``.

    Raises:
        ConfigError: another suffix.
        MissingExtraError: matplotlib is not installed.
    """
    columns = 2 if max(map(len, curves), default=0) <= _SHORT else 1
    with picture(path, 7, 4.2 + 0.18 * math.ceil(len(curves) / columns)) as drawing:
        from matplotlib.ticker import NullFormatter, NullLocator

        axes = drawing.add_subplot()
        for k, (name, points) in enumerate(curves.items()):
            x, mean, low, high = zip(*points, strict=True)
            color = COLORS[k % len(COLORS)]
            axes.plot(x, mean, marker="o", markersize=5, linewidth=1.8, color=color, label=name)
            axes.fill_between(x, low, high, color=color, alpha=0.13, linewidth=0)
        ticks = sorted({point[0] for points in curves.values() for point in points})
        axes.set_xscale("log")
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("labeled photographs")
        axes.set_ylabel(f"{figure}, mean over splits")
        axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
        plain(axes, grid="y")
        # Below the curves, where many lines of it cover none.
        drawing.legend(loc="outside lower center", ncols=columns, frameon=False, fontsize=8.5)
    return Path(path)
