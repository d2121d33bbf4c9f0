"""What all pictures have in common: an empty figure to draw in, and a file of the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from textwrap import fill
from typing import TYPE_CHECKING, Literal

from ssliqa.errors import ConfigError, MissingExtraError
from ssliqa.files import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = ("#2b6cb0", "#c2410c", "#15803d", "#7c3aed", "#be185d", "#0f766e", "#a16207", "#475569")
QUIET, FAINT = "#64748b", "#e2e8f0"
SOFTWARE = "ssliqa"
"""What the metadata of our PNG files say of who made them."""

_FORMATS = (".png", ".svg")
_LETTERS_AN_INCH = 15


@contextmanager
def picture(path: str | Path, width: float, height: float) -> Iterator[Figure]:
    """Yield an empty figure that is written when the block succeeds; the same drawing, same bytes.

    Args:
        path: where to; the suffix ``.png`` or ``.svg`` is the format.
        width, height: in inches, of 150 pixels each in a PNG.

    Raises:
        ConfigError: another suffix.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> with picture("curve.svg", 5, 3) as figure:
        ...     lines = figure.add_subplot().plot([1, 2, 3])
    """
    path = Path(path)
    if path.suffix.lower() not in _FORMATS:
        raise ConfigError(
            f"A plot cannot be written as '{path.name}'.", "Let the name end in .png or .svg."
        )
    try:
        import matplotlib
        from matplotlib.figure import Figure as Drawing
    except ImportError as error:
        raise MissingExtraError("matplotlib", "report") from error

    # A bare Figure instead of pyplot leaves a notebook's or program's own plots alone.
    figure = Drawing(figsize=(width, height), dpi=150, layout="constrained")
    yield figure
    metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": SOFTWARE}
    with whole_file(path) as temporary, matplotlib.rc_context({"svg.hashsalt": "ssliqa"}):
        figure.savefig(temporary, metadata=metadata)


def plain(axes: Axes, grid: Literal["both", "x", "y"] = "both") -> None:
    """Give axes the looks of all charts: no frame at the top and right, faint grid lines behind."""
    axes.grid(axis=grid, color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def head_and_caption(figure: Figure, title: str, caption: str) -> None:
    """Set a headline above all axes, and below them, in lines that fit, what a reader must know."""
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    text = fill(caption, int(_LETTERS_AN_INCH * figure.get_figwidth()))
    figure.supxlabel(text, x=0.01, ha="left", fontsize=8.5, color=QUIET, linespacing=1.5)


def short_name(photo: str | Path, most: int = 24) -> str:
    """A photograph's file name with its middle left out where it would not fit."""
    name = PurePath(photo).name
    half = (most - 3) // 2
    return name if len(name) <= most else f"{name[:half]}...{name[-half:]}"
