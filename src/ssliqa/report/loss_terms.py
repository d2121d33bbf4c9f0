"""The picture of a training: its loss terms, their weight, the learning rate, and validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import ResumeError
from ssliqa.report.drawing import COLORS, QUIET, head_and_caption, picture, plain
from ssliqa.training.run_log import read_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NOT_TERMS = ("step", "epoch", "loss", "lr", "validation_srcc")
_WINDOWS = 25
"""The smoothed lines average over one part in so many of the steps."""

Line = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Steps and values of one quantity, both shape (n,), in the order of the steps."""


def loss_terms_plot(run: str | Path, path: str | Path, *, title: str = "") -> Path:
    """Draw what a run's ``metrics.jsonl`` says, of a finished or an unfinished training.

    Loss terms stand on a logarithmic axis unless one is negative, each step thin and a centered
    running mean thick; below are the ramp weight of the unlabeled terms, the learning rate, and
    SRCC on the validation images, as far as the run has them. A term that is zero throughout is
    not drawn.

    Args:
        run: a run folder.
        path: where to; the suffix ``.png`` or ``.svg`` is the format. The same log gives the same
            bytes.
        title: a short headline, such as the run's name.

    Returns:
        ``path``.

    Raises:
        ResumeError: the folder holds no log of a training, or an empty one.
        ConfigError: another suffix.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> loss_terms_plot("runs/first", "loss_terms.png")  # doctest: +SKIP
    """
    lines = logged_lines(_read(Path(run)))
    steps = len(lines["loss"][0])
    window = max(1, steps // _WINDOWS)
    weights = [name for name in lines if name.endswith("_weight")]
    terms = [name for name in lines if name not in (*_NOT_TERMS, *weights)]
    below = [names for names in (weights, ["lr"], ["validation_srcc"]) if set(names) & set(lines)]
    with picture(path, 8, 3.9 + 1.2 * len(below)) as figure:
        rows = figure.subplots(
            1 + len(below), 1, sharex=True, height_ratios=[3.6, *([1] * len(below))], squeeze=False
        )[:, 0]
        _losses(rows[0], {name: lines[name] for name in ("loss", *terms)}, window)
        for axes, names in zip(rows[1:], below, strict=True):
            _quantities(axes, {name: lines[name] for name in names})
        rows[-1].set_xlabel("step")
        head_and_caption(figure, title, _caption(steps, window))
    return Path(path)


def logged_lines(rows: Sequence[Mapping[str, Any]]) -> dict[str, Line]:
    """Each logged quantity over the steps.

    Args:
        rows: of :func:`ssliqa.training.run_log.read_log`. Where a step was logged twice, as by an
            interrupted training that was resumed, the later row counts.

    Returns:
        Lines by name, in the order of their first appearance; undefined values are left out.
    """
    found: dict[str, dict[int, float]] = {}
    for row in rows:
        for name, value in row.items():
            if name not in ("step", "epoch") and value is not None:
                found.setdefault(name, {})[int(row["step"])] = float(value)
    return {
        name: (np.array(sorted(values), float), np.array([values[step] for step in sorted(values)]))
        for name, values in found.items()
    }


def running_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Centered mean over ``window`` values, over fewer where they end; same shape (n,)."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    low = np.maximum(places - (window - 1) // 2, 0)
    high = np.minimum(places + window // 2 + 1, len(values))
    mean: NDArray[np.float64] = (sums[high] - sums[low]) / (high - low)
    return mean


def _read(run: Path) -> list[dict[str, Any]]:
    try:
        rows = read_log(run)
    except (OSError, ValueError) as error:
        raise ResumeError(
            f"'{run}' has no log of a training that can be read ({error}).", "Name a run folder."
        ) from error
    if not any("loss" in row for row in rows):
        raise ResumeError(f"The training in '{run}' has not taken a step yet.", "Wait for it.")
    return rows


def _losses(axes: Axes, lines: Mapping[str, Line], window: int) -> None:
    drawn = {name: line for name, line in lines.items() if np.any(line[1] != 0)}
    for k, (name, (steps, values)) in enumerate(drawn.items()):
        color = "#1e293b" if name == "loss" else COLORS[(k - 1) % len(COLORS)]
        axes.plot(steps, values, color=color, linewidth=0.6, alpha=0.35)
        label = "loss (weighted sum)" if name == "loss" else name.replace("_", " ")
        axes.plot(steps, running_mean(values, window), color=color, linewidth=1.8, label=label)
    if all((values >= 0).all() for _, values in drawn.values()):
        axes.set_yscale("log")
    axes.set_ylabel("loss")
    plain(axes)
    axes.legend(frameon=False, fontsize=8.5, ncols=2)


def _quantities(axes: Axes, lines: Mapping[str, Line]) -> None:
    for k, (name, (steps, values)) in enumerate(lines.items()):
        marker = "o" if name == "validation_srcc" else None
        axes.plot(steps, values, marker=marker, markersize=4, color=COLORS[k], label=name)
    if len(lines) > 1:
        axes.legend(frameon=False, fontsize=8)
    (first, *_) = lines
    names = {"lr": "learning\nrate", "validation_srcc": "validation\nSRCC"}
    axes.set_ylabel(names.get(first, first.replace("_", "\n")), fontsize=9)
    axes.tick_params(labelsize=8, colors=QUIET)
    plain(axes)


def _caption(steps: int, window: int) -> str:
    smoothing = "Not smoothed"
    if window > 1:
        smoothing = f"Thin: each step; thick: centered running mean of {window} steps"
    return (
        f"{steps} steps. {smoothing}. Terms as the method logs them, usually before their weights."
    )
