import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from ssliqa.errors import ConfigError, MissingExtraError
from ssliqa.evaluation import evaluate

pytest.importorskip("matplotlib", reason="needs the extra 'report'")

from ssliqa.report.scatter import scatter_plot

CURVE = (0xC2, 0x41, 0x0C)


def evaluation(n=60, gain=1.0, **keywords):
    rng = np.random.default_rng(0)
    truth = rng.uniform(1, 5, n)
    return evaluate(gain * (truth + 0.3 * rng.normal(size=n)), truth, resamples=10, **keywords)


def share_of(color, path):
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    return (np.abs(pixels - color).max(axis=-1) < 8).mean()


def test_a_png_shows_the_points_and_the_fitted_curve(tmp_path):
    path = scatter_plot(evaluation(), tmp_path / "new" / "plot.png", title="Held-out photos")
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert min(image.size) > 600
    assert share_of(CURVE, path) > 1e-3


def test_an_svg_is_well_formed_and_has_a_mark_per_image(tmp_path):
    path = scatter_plot(evaluation(60), tmp_path / "plot.SVG")
    root = ElementTree.parse(path).getroot()  # our own file
    points = root.find(".//*[@id='PathCollection_1']")
    assert len(points.findall(".//{http://www.w3.org/2000/svg}use")) == 60


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_evaluation_gives_the_same_bytes(tmp_path, suffix):
    first, second = (
        scatter_plot(evaluation(), tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab"
    )
    assert first == second


@pytest.mark.parametrize("n", [1, 2])
def test_too_few_images_for_a_correlation_still_give_a_picture(tmp_path, n):
    assert scatter_plot(evaluation(n), tmp_path / "plot.png").exists()


def test_constant_scores_still_give_a_picture(tmp_path):
    constant = evaluate(np.full(12, 3.0), np.linspace(1, 5, 12), resamples=10)
    assert scatter_plot(constant, tmp_path / "plot.png").exists()


@pytest.mark.parametrize(("gain", "shared"), [(0.9, True), (0.01, False)])
def test_the_diagonal_is_drawn_only_where_scores_and_ratings_share_a_range(tmp_path, gain, shared):
    # The dotted line of the diagonal is the only dashed stroke of the picture.
    path = scatter_plot(evaluation(gain=gain), tmp_path / "plot.svg")
    assert ("stroke-dasharray: 1," in path.read_text()) == shared


def test_many_points_do_not_bloat_an_svg(tmp_path):
    path = scatter_plot(evaluation(20_000), tmp_path / "plot.svg")
    assert path.stat().st_size < 1_000_000


def test_no_global_figure_of_pyplot_is_touched(tmp_path):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    scatter_plot(evaluation(), tmp_path / "plot.png")
    assert plt.get_fignums() == before


def test_another_suffix_is_refused_and_leaves_no_file(tmp_path):
    with pytest.raises(ConfigError, match=r"plot\.gif.*\.png or \.svg"):
        scatter_plot(evaluation(), tmp_path / "plot.gif")
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_the_line_that_installs_it_is_given(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ssliqa\[report\]'"):
        scatter_plot(evaluation(), tmp_path / "plot.png")
