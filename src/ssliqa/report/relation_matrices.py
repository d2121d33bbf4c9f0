"""The picture of relations: how each branch relates the photographs of one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ssliqa.errors import ConfigError
from ssliqa.losses import RELATION_LOSSES, relation_matrix
from ssliqa.report.drawing import head_and_caption, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_IN_WORDS = {
    "angle": "cosine of the angle between two photographs as seen from a third, mean over all "
    "third ones (relation consistency compares each triplet)",
    "distance": "distance of two photographs over the batch's mean distance",
    "gram": "similarity of two photographs (Gram matrix, rows of length 1)",
}


def relation_matrices_plot(
    activations: Mapping[str, Tensor],
    ratings: ArrayLike,
    path: str | Path,
    *,
    relation: str = "angle",
    title: str = "",
) -> Path:
    """Draw the relations within one batch for each branch, and how the first differs from others.

    Args:
        activations: of the same B photographs, (B, F) each, by the name of the branch, the student
            first; see :class:`ssliqa.models.Prediction`. Feature sizes may differ.
        ratings: the photographs' ratings, shape (B,); rows and columns are sorted by them.
        path: where to; the suffix ``.png`` or ``.svg`` is the format. The same activations give
            the same bytes.
        relation: ``angle``, ``distance`` or ``gram``; what is drawn of each is said in
            :func:`ssliqa.losses.relation_matrix`. The difference is that of the two matrices.
        title: a short headline, such as the run's name.

    Returns:
        ``path``.

    Raises:
        ConfigError: an unknown relation, fewer than three photographs, or another suffix.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> seen = {name: net(images).activation for name, net in nets.items()}  # doctest: +SKIP
        >>> relation_matrices_plot(seen, mos, "relations.png")  # doctest: +SKIP
    """
    order = np.argsort(np.asarray(ratings), kind="stable")
    _check(len(order), relation)
    sorted_by_rating = {name: values[order.tolist()] for name, values in activations.items()}
    matrices = {
        name: relation_matrix(values, relation).double().numpy(force=True)
        for name, values in sorted_by_rating.items()
    }
    (student, *others) = matrices
    apart = ~np.eye(len(order), dtype=bool)
    between = np.concatenate([matrix[apart] for matrix in matrices.values()])
    panels = len(matrices) + len(others)
    with picture(path, 3.1 * panels + 0.6, 4.4) as figure:
        grid = figure.subplots(1, panels, squeeze=False)[0]
        # The diagonal is each photograph's relation to itself and would use up the colors.
        colors = {"cmap": "viridis", "vmin": between.min(), "vmax": between.max()}
        for axes, (name, matrix) in zip(grid, matrices.items(), strict=False):
            image = _draw(axes, matrix, name, colors)
        _bar(figure, image, grid[: len(matrices)])
        facts = []
        for axes, other in zip(grid[len(matrices) :], others, strict=True):
            difference = matrices[student] - matrices[other]
            most = float(np.abs(difference).max()) or 1.0
            colors = {"cmap": "RdBu", "vmin": -most, "vmax": most}
            _bar(figure, _draw(axes, difference, f"{student} - {other}", colors), [axes])
            facts.append(_agreement(sorted_by_rating, matrices, student, other, relation, apart))
        _label(grid[0], np.asarray(ratings)[order])
        head_and_caption(figure, title, _caption(len(order), relation, facts))
    return Path(path)


def _check(count: int, relation: str) -> None:
    if relation not in RELATION_LOSSES:
        raise ConfigError(
            f"There is no relation called '{relation}'.", f"Use {', '.join(RELATION_LOSSES)}."
        )
    if count < 3:
        raise ConfigError(
            f"{count} photographs have no relations to compare.", "Give three or more."
        )


def _draw(axes: Axes, matrix: NDArray[np.float64], name: str, colors: dict[str, Any]) -> Any:
    axes.set_title(name, fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([])
    return axes.imshow(matrix, **colors)


def _bar(figure: Any, image: Any, axes: Sequence[Axes]) -> None:
    bar = figure.colorbar(image, ax=axes, location="bottom", fraction=0.05, pad=0.02, aspect=25)
    bar.ax.tick_params(labelsize=8)


def _label(axes: Axes, ratings: NDArray[np.float64]) -> None:
    """Name some ratings at the left of a matrix."""
    places = np.linspace(0, len(ratings) - 1, min(5, len(ratings))).round().astype(int)
    axes.set_yticks(places, [f"{ratings[place]:.3g}" for place in places], fontsize=8)
    axes.set_ylabel("rating (MOS)", fontsize=9)


def _agreement(
    activations: Mapping[str, Tensor],
    matrices: Mapping[str, NDArray[np.float64]],
    one: str,
    other: str,
    relation: str,
    apart: NDArray[np.bool_],
) -> str:
    loss = float(RELATION_LOSSES[relation](activations[one], activations[other]))
    pairs = matrices[one][apart], matrices[other][apart]
    text = f"{one.capitalize()} against {other}: relation loss {loss:.3g}"
    if min(values.std() for values in pairs) > 0:
        text += f", correlation of the pairs {np.corrcoef(*pairs)[0, 1]:.2f}"
    return text


def _caption(count: int, relation: str, facts: Sequence[str]) -> str:
    return (
        f"One batch of {count} photographs, sorted by rating from the lowest, at the top left. "
        f"Drawn: {_IN_WORDS[relation]}. " + "".join(f"{fact}. " for fact in facts)
    )
