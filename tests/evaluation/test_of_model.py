"""A model against ratings, on whatever scale they are."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from ssliqa.data import LabelTable
from ssliqa.errors import ImageReadError
from ssliqa.evaluation import evaluate_model
from ssliqa.images import Protocol
from ssliqa.models import QualityModel
from ssliqa.opinion import Scale

COUNT = 12
PERCENT = Scale(0, 100)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    small = Protocol(short=64, crop=64, grid=1)
    return QualityModel.create("test_resnet", protocol=small, scale=PERCENT)


@pytest.fixture(scope="module")
def table(model, tmp_path_factory):
    """Photographs whose ratings are what the model says of them: no model could do better."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    names = tuple(f"{k}.png" for k in range(COUNT))
    for k, name in enumerate(names):
        pixels = rng.normal(20 * k, 10 * (k + 1), (70, 80, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / name)
    paths = tuple(folder / name for name in names)
    scores = [model.score(path) for path in paths]
    return LabelTable(
        names=names,
        paths=paths,
        distribution=np.array([score.distribution for score in scores]),
        distribution_source="votes",
        mos=np.array([score.score for score in scores]),
        std=None,
        scale=PERCENT,
        groups=names,
        parts=None,
        problems=(),
    )


def on_another_scale(table, scale):
    levels = table.scale.to_levels(table.mos)
    return replace(table, mos=scale.from_levels(levels), scale=scale)


@pytest.mark.parametrize(
    "scale", [PERCENT, Scale(1, 5), Scale(-1, 1), Scale(0, 100, higher_is_better=False)], ids=str
)
def test_scores_are_brought_to_the_scale_of_the_ratings_end_to_end(model, table, scale):
    rated = on_another_scale(table, scale)
    found = evaluate_model(model, rated, resamples=20)
    assert found.evaluation.rmse.value == pytest.approx(0, abs=1e-9)
    assert found.evaluation.srcc.value == pytest.approx(1)
    assert found.evaluation.plcc.value == pytest.approx(1)
    np.testing.assert_allclose(found.evaluation.predicted, rated.mos)
    assert found.evaluation.scale == str(scale)


def test_the_spread_of_opinions_is_brought_to_the_scale_too(model, table):
    spread = np.array([model.score(path).std for path in table.paths])
    to_five = evaluate_model(model, on_another_scale(table, Scale(1, 5)), resamples=20)
    np.testing.assert_allclose(to_five.evaluation.std, 0.04 * spread)
    # A scale turned around still spreads by positive amounts.
    turned = on_another_scale(table, Scale(0, 100, higher_is_better=False))
    np.testing.assert_allclose(evaluate_model(model, turned, resamples=20).evaluation.std, spread)


def test_predicted_distributions_stand_beside_those_of_the_table(model, table):
    order = np.arange(COUNT)[::-1]
    rated = replace(table, distribution=table.distribution[order], distribution_source="MOS")
    found = evaluate_model(model, rated, resamples=20).evaluation.distributions
    np.testing.assert_allclose(found.predicted, table.distribution)
    np.testing.assert_array_equal(found.truth, table.distribution[order])
    assert found.truth_in_words == "distributions assumed from MOS"
    own = evaluate_model(model, table, resamples=20).evaluation.distributions
    np.testing.assert_allclose(own.emd, 0, atol=1e-12)


def test_ratings_turned_around_without_saying_so_show(model, table):
    turned = replace(table, mos=100 - table.mos)
    assert evaluate_model(model, turned, resamples=20).evaluation.srcc.value == pytest.approx(-1)


def test_unreadable_photographs_are_left_out_and_named(model, table, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no photograph")
    paths = list(table.paths)
    paths[4] = bad
    heard = []
    found = evaluate_model(
        model, replace(table, paths=tuple(paths)), resamples=20, on_photo=heard.append
    )
    assert found.evaluation.n == COUNT - 1
    assert list(found.evaluation.names) == [n for n in table.names if n != "4.png"]
    # The others still stand against their own ratings.
    assert found.evaluation.rmse.value == pytest.approx(0, abs=1e-9)
    assert [path for path, _ in found.failures] == [bad]
    assert tuple(heard) == found.scored
    assert [photo.path for photo in found.scored] == paths


def test_no_readable_photograph_is_an_error(model, table, tmp_path):
    gone = replace(table, paths=tuple(tmp_path / name for name in table.names))
    with pytest.raises(ImageReadError, match="None of the photographs to evaluate on can be read"):
        evaluate_model(model, gone)
