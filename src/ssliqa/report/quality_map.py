"""The picture of a quality map: a photograph, and where it is good or bad on the rating scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from ssliqa.models.quality_map import QualityMap
from ssliqa.report.drawing import picture

# Perceptually uniform, and told apart with any common kind of color vision.
_COLORS = "viridis"
# The colors are darkened and lightened by the photograph's detail alone: by its brightness, a dark
# place would look like a bad one.
_LIGHT, _DETAIL, _COARSE = 0.88, 0.9, 12
_LONG_SIDE, _BAR = 4.5, 1.3


def quality_map_plot(found: QualityMap, path: str | Path, *, title: str = "") -> Path:
    """Draw a photograph beside its quality map.

    Colors span the whole rating scale, so that pictures of different photographs compare; yellow is
    the good end on every scale. Lines of equal quality show what differs within a photograph.

    Args:
        found: from :meth:`ssliqa.QualityModel.quality_map`.
        path: where to; the suffix ``.png`` or ``.svg`` is the format. The same map gives the same
            bytes on the same machine.
        title: a short headline, such as the photograph's name.

    Returns:
        ``path``.

    Raises:
        ConfigError: a suffix of another format.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> quality_map_plot(model.quality_map("a.jpg"), "map.png")  # doctest: +SKIP
    """
    scale, values = found.scale, found.values
    height, width = values.shape
    tall, wide = (_LONG_SIDE * side / max(height, width) for side in (height, width))
    with picture(path, 2 * wide + _BAR, tall + 0.6) as figure:
        # Here, since picture says in plain words where matplotlib is missing.
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize
        from matplotlib.patheffects import withStroke

        left, right = figure.subplots(1, 2)
        left.imshow(found.pixels)
        left.set_title(title, fontsize=9)
        colors = ScalarMappable(
            Normalize(scale.low, scale.high), _COLORS if scale.higher_is_better else f"{_COLORS}_r"
        )
        gray = found.pixels.mean(axis=2) / 255
        light = _LIGHT + _DETAIL * (gray - gaussian_filter(gray, _COARSE))
        right.imshow((colors.to_rgba(values)[..., :3] * light[..., None]).clip(0, 1))
        span = np.ptp(values)
        if span > 0.01 * (scale.high - scale.low):
            edge = [withStroke(linewidth=2, foreground="black", alpha=0.6)]
            lines = right.contour(values, levels=5, colors="white", linewidths=0.8)
            lines.set_path_effects(edge)
            for label in right.clabel(lines, fontsize=8, fmt="%.3g"):
                label.set_path_effects(edge)
        right.set_title(_words(found), fontsize=9)
        for axes in (left, right):
            axes.set_axis_off()
        bar = figure.colorbar(colors, ax=right, fraction=0.05, pad=0.02)
        bar.set_label(f"scale {scale}", fontsize=8.5)
        bar.ax.tick_params(labelsize=8)
    return Path(path)


def _words(found: QualityMap) -> str:
    score, values = found.score, found.values
    text = f"score {score.score:.3g}"
    if score.lower is not None and score.upper is not None:
        text += f" [{score.lower:.3g}, {score.upper:.3g}]"
    return f"{text}, places {values.min():.3g} to {values.max():.3g}"
