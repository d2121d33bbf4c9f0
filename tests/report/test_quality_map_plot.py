"""The picture of a quality map: same bytes, and colors that follow the quality, not the number."""

import numpy as np
import pytest
from PIL import Image

from ssliqa.models import Score
from ssliqa.models.quality_map import QualityMap
from ssliqa.opinion import Scale
from ssliqa.report.quality_map import quality_map_plot


def half_good(scale):
    """The left half is as bad as can be, the right one as good as can be."""
    worst, best = scale.from_levels([1.2, 4.8])
    values = np.full((96, 128), worst)
    values[:, 64:] = best
    pixels = np.full((96, 128, 3), 120, np.uint8)
    return QualityMap(values, pixels, Score(float(values.mean()), 1, None, None, (0.2,) * 5), scale)


@pytest.mark.parametrize("scale", [Scale(0, 100), Scale(0, 100, higher_is_better=False)], ids=str)
def test_the_good_half_is_yellow_and_the_bad_one_blue_on_every_scale(scale, tmp_path):
    quality_map_plot(half_good(scale), tmp_path / "map.png", title="a")
    pixels = np.asarray(Image.open(tmp_path / "map.png").convert("RGB")).astype(float)
    height, width = pixels.shape[:2]
    row = pixels[height // 2, : int(0.85 * width)]  # without the color bar
    yellowness = row[:, :2].mean(1) - row[:, 2]
    yellow, blue = np.flatnonzero(yellowness > 30), np.flatnonzero(yellowness < -10)
    assert len(yellow) > 50
    assert len(blue) > 50
    assert np.median(blue) < np.median(yellow)


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_map_gives_the_same_bytes(suffix, tmp_path):
    found = half_good(Scale(1, 5))
    files = [quality_map_plot(found, tmp_path / f"{k}.{suffix}", title="a") for k in range(2)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_an_even_map_is_drawn_without_lines(tmp_path):
    even = QualityMap(
        np.full((64, 64), 3.0),
        np.zeros((64, 64, 3), np.uint8),
        Score(3.0, 1.0, 2.5, 3.5, (0.2,) * 5),
        Scale(1, 5),
    )
    assert quality_map_plot(even, tmp_path / "map.png").stat().st_size > 1000
