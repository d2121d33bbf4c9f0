from xml.etree import ElementTree

import numpy as np
import pytest

from ssliqa.errors import ConfigError, MetricError
from ssliqa.evaluation import Distributions, evaluate
from ssliqa.opinion import distribution_mean

pytest.importorskip("matplotlib", reason="needs the extra 'report'")

from matplotlib.axes import Axes

from ssliqa.report.distributions import distribution_plot


def evaluation(n=40, source="votes"):
    predicted, truth = np.random.default_rng(0).dirichlet(np.ones(5), (2, n))
    found = Distributions(predicted, truth, source)
    names = [f"folder/a photograph with a very long name {k}.jpg" for k in range(n)]
    scores = distribution_mean(predicted), distribution_mean(truth)
    return evaluate(*scores, names=names, distributions=found, resamples=10)


def words(path):
    """What an SVG says: matplotlib keeps each text as a comment beside its outlines."""
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    root = ElementTree.parse(path, parser).getroot()  # our own file
    return " ".join(e.text.strip() for e in root.iter() if e.tag is ElementTree.Comment)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("votes", "the raters' votes"),
        ("MOS and SD", "distributions assumed from MOS and SD"),
    ],
)
def test_the_caption_gives_the_mean_distance_and_calls_assumed_distributions_so(
    tmp_path, source, said
):
    found = evaluation(source=source)
    text = words(distribution_plot(found, tmp_path / "plot.svg", title="Night"))
    assert "Night" in text
    assert f"{found.distributions.emd.mean():.3f} levels from {said}" in " ".join(text.split())
    assert f"{found.distributions.constant_emd:.3f}" in text
    for what, distance in (("closest", np.min), ("farthest", np.max)):
        assert f"{what}: EMD {distance(found.distributions.emd):.2f}" in text


def test_the_bars_are_the_mean_shares_of_each_fifth_and_of_single_photographs(
    tmp_path, monkeypatch
):
    drawn = []
    draw = Axes.bar

    def bar(self, x, height, **looks):
        drawn.append(height)
        return draw(self, x, height, **looks)

    monkeypatch.setattr(Axes, "bar", bar)
    found = evaluation(20)
    distribution_plot(found, tmp_path / "plot.png")
    truth, predicted = found.distributions.truth, found.distributions.predicted
    groups = np.argsort(found.truth).reshape(5, 4).tolist()
    by_distance = np.argsort(found.distributions.emd)
    for k, images in enumerate([*groups, *by_distance[[0, 9, 19], None].tolist()]):
        np.testing.assert_allclose(drawn[2 * k], truth[images].mean(axis=0))
        np.testing.assert_allclose(drawn[2 * k + 1], predicted[images].mean(axis=0))


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_evaluation_gives_the_same_bytes(tmp_path, suffix):
    first, second = (
        distribution_plot(evaluation(), tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab"
    )
    assert first == second


@pytest.mark.parametrize("n", [1, 2, 7])
def test_few_photographs_still_give_a_picture(tmp_path, n):
    assert distribution_plot(evaluation(n), tmp_path / "plot.png").exists()


def test_scores_alone_are_refused(tmp_path):
    with pytest.raises(MetricError, match="no score distributions"):
        distribution_plot(evaluate([1, 2, 3], [1, 2, 3]), tmp_path / "plot.png")


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"\.png or \.svg"):
        distribution_plot(evaluation(), tmp_path / "plot.pdf")
    assert list(tmp_path.iterdir()) == []
