"""Accuracy against the number of labels, one curve a method with a band over splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ssliqa.errors import MissingExtraError
from ssliqa.files import whole_file

_COLORS = ("#2b6cb0", "#c2410c", "#15803d", "#7c3aed", "#be185d", "#0f766e", "#a16207", "#475569")
_QUIET = "#64748b"

Curve = Sequence[tuple[float, float, float, float]]
"""Points (labels, mean, low, high) from few labels to many; low and high may be NaN."""


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
        MissingExtraError: matplotlib is not installed.
    """
    path = Path(path)
    try:
        import matplotlib
        from matplotlib.figure import Figure as Drawing
        from matplotlib.ticker import NullFormatter, NullLocator
    except ImportError as error:
        raise MissingExtraError("matplotlib", "report") from error

    drawing = Drawing(figsize=(7, 4.4), dpi=150, layout="constrained")
    axes = drawing.add_subplot()
    for k, (name, points) in enumerate(curves.items()):
        x, mean, low, high = zip(*points, strict=True)
        color = _COLORS[k % len(_COLORS)]
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
    axes.grid(axis="y", color=_QUIET, alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
    with whole_file(path) as temporary, matplotlib.rc_context({"svg.hashsalt": "ssliqa"}):
        drawing.savefig(temporary, metadata=metadata)
    return path
