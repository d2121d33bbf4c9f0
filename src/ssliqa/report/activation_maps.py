"""The picture of activation maps: where student and teacher look on chosen photographs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ssliqa.errors import ConfigError
from ssliqa.images import read_resized
from ssliqa.models import QualityModel, Score
from ssliqa.models.activation_map import activation_map
from ssliqa.report.drawing import head_and_caption, picture, short_name

_WITHIN_COLORS = 0.99
_CAPTION = (
    "By how many of the five levels the score would move, to first order, if the whole photograph "
    "had the features of a place (class activation map with Grad-CAM's weights, mean taken off): "
    "blue speaks for a better score, red for a worse one. All maps share one range of colors, "
    f"which {_WITHIN_COLORS:.0%} of all places keep within. "
    "A map says what the network uses, not what is wrong with the photograph."
)


def activation_maps_plot(
    networks: Mapping[str, QualityModel],
    photos: Sequence[str | Path],
    path: str | Path,
    *,
    ratings: Sequence[float] | None = None,
    title: str = "",
) -> Path:
    """Draw photographs and what each network makes of their places, with the scores.

    Args:
        networks: by name, such as those of :func:`ssliqa.training.load_branches`.
        photos: photo files, one row each.
        path: where to; the suffix ``.png`` or ``.svg`` is the format. The same networks and
            photographs give the same bytes on the same machine.
        ratings: the photographs' MOS, in the scale of the networks, where known.
        title: a short headline, such as the run's name.

    Returns:
        ``path``.

    Raises:
        ConfigError: no photographs, or a suffix of another format.
        ImageReadError: a photograph cannot be read.
        ModelError: a network averages no feature map; see
            :func:`ssliqa.models.activation_map.activation_map`.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> networks = load_branches("runs/first")  # doctest: +SKIP
        >>> activation_maps_plot(networks, ["a.jpg", "b.jpg"], "maps.png")  # doctest: +SKIP
    """
    if not photos:
        raise ConfigError("There are no photographs to draw.", "Name some.")
    with picture(path, 2.6 * (1 + len(networks)) + 0.8, 2.3 * len(photos) + 1.2) as figure:
        grid = figure.subplots(len(photos), 1 + len(networks), squeeze=False)
        shown, found = [], []
        for k, (row, photo) in enumerate(zip(grid, photos, strict=True)):
            rating = "" if ratings is None else f"\nMOS {ratings[k]:.3g}"
            row[0].set_title(short_name(photo) + rating, fontsize=9)
            for axes, (name, model) in zip(row[1:], networks.items(), strict=True):
                resized = read_resized(photo, model.protocol)
                score = Score.of(model.predict(resized), model.scale).score
                values = activation_map(model, resized)
                found.append(np.abs(values).ravel())
                # Black is lifted to gray, on which colors can be seen.
                axes.imshow(resized.mean(axis=2), cmap="gray", vmin=-200, vmax=255)
                shown.append(axes.imshow(values, cmap="RdBu", alpha=0.6))
                axes.set_title(f"{name}\nscore {score:.3g}", fontsize=9)
                row[0].imshow(resized)
        for axes in grid.flat:
            axes.set_axis_off()
        most = float(np.quantile(np.concatenate(found), _WITHIN_COLORS)) or 1.0
        for image in shown:
            image.set_clim(-most, most)
        bar = figure.colorbar(shown[0], ax=grid, fraction=0.03, aspect=30, extend="both")
        bar.set_label("change of the score in levels", fontsize=8.5)
        bar.ax.tick_params(labelsize=8)
        head_and_caption(figure, title, _CAPTION)
    return Path(path)
