"""Epochs of two streams, and the batches they give."""

import numpy as np
import pytest
import torch

from ssliqa.cli.train import configuration
from ssliqa.data import CropStream
from ssliqa.methods import Crops
from ssliqa.training import Monitor, train
from ssliqa.training.run_log import read_log
from ssliqa.training.streams import Streams

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)


def streams(labeled, unlabeled, ratio=2.0, batch_size=4, **options):
    def stream(count, size, number):
        return CropStream(count, lambda k: PIXELS[k], 6, size, seed=0, stream=number, **options)

    return Streams(
        stream(labeled, batch_size, 0),
        stream(unlabeled, round(ratio * batch_size), 1) if unlabeled else None,
        lambda indices: np.eye(5)[indices % 5],
    )


@pytest.mark.parametrize(
    ("labeled", "unlabeled", "longer", "shorter"),
    [(8, 40, 5, 2), (40, 8, 10, 1), (9, 20, 3, 2), (8, 16, 2, 2), (10, 0, 3, 2), (2, 3, 1, 1)],
)
def test_an_epoch_ends_with_the_larger_or_the_smaller_set(labeled, unlabeled, longer, shorter):
    found = streams(labeled, unlabeled)
    assert found.steps_per_epoch("longer") == longer
    assert found.steps_per_epoch("shorter") == shorter


@pytest.mark.parametrize(("labeled", "unlabeled"), [(8, 40), (40, 8), (9, 20)])
def test_the_longer_epoch_shows_every_image_of_both_sets(labeled, unlabeled):
    found = streams(labeled, unlabeled)
    steps = range(found.steps_per_epoch("longer"))
    for stream, count in ((found.labeled, labeled), (found.unlabeled, unlabeled)):
        shown = np.concatenate([stream.batch(0, step).indices for step in steps])
        assert set(shown.tolist()) == set(range(count))


def test_a_batch_holds_channels_first_views_and_the_targets_of_its_images():
    found = streams(9, 20)
    labeled, unlabeled = found.batch(1, 2)
    crops = found.labeled.batch(1, 2)
    assert labeled.images.shape == (4, 3, 6, 6)
    assert unlabeled.images.shape == (8, 3, 6, 6)
    np.testing.assert_array_equal(unlabeled.places.numpy(), found.unlabeled.batch(1, 2).indices)
    np.testing.assert_array_equal(labeled.images.permute(0, 2, 3, 1).numpy(), crops.images)
    np.testing.assert_array_equal(labeled.distribution.argmax(1).numpy(), crops.indices % 5)
    assert streams(9, 0).batch(0, 0)[1] is None


def test_a_stream_of_views_gives_activations_for_the_very_crops_it_shows():
    views = np.array([[0.0, 0.0, 0], [0.9, 0.9, 1]])
    known = np.arange(40 * 2 * 3 * 3 * 4, dtype=np.float16).reshape(40, 2, 3, 3, 4)
    found = streams(9, 20, views=views, activations={"trunk": lambda k: known[k]})
    labeled, unlabeled = found.batch(0, 3)
    crops = found.labeled.batch(0, 3)
    assert isinstance(labeled.images, Crops)
    assert unlabeled.images.activations["trunk"].shape == (8, 4, 3, 3)
    for k, index in enumerate(crops.indices.tolist()):
        shown = labeled.images.pixels[k].permute(1, 2, 0).numpy()
        here = [
            (PIXELS[index, :6, :6] == shown).all(),
            (PIXELS[index, 2:, 2:][:, ::-1] == shown).all(),
        ]
        assert sum(here) == 1
        expected = torch.from_numpy(known[index, here.index(True)]).permute(2, 0, 1)
        assert torch.equal(labeled.images.activations["trunk"][k], expected)


def test_pixels_are_cut_only_where_somebody_needs_them():
    known = np.zeros((40, 2, 7), dtype=np.float16)
    options = {"views": np.zeros((2, 3)), "activations": {"trunk": lambda k: known[k]}}
    assert streams(9, 0, **options).batch(0, 0)[0].images.pixels is not None
    labeled, _ = streams(9, 0, with_pixels=False, **options).batch(0, 0)
    assert labeled.images.pixels is None
    assert labeled.images.activations["trunk"].shape == (4, 7)


OPTIONS = (
    *("--method", "ssliqa", "--label-budget", "8", "--steps", "6", "--epochs", "2"),
    *("--student.batch_norm", "frozen", "--teacher.batch_norm", "frozen", "--views", "3"),
    *("--student.frozen_stages", "3", "--teacher.frozen_stages", "3"),
)


class Messages(Monitor):
    def __init__(self):
        self.texts = []

    def message(self, text):
        self.texts.append(text)


def losses(run):
    return [row["loss"] for row in read_log(run) if "loss" in row]


def test_a_training_that_goes_on_from_activations_is_the_one_that_computes_them(tiny_set, tmp_path):
    found, messages = {}, Messages()
    for name, more in (("kept", ()), ("again", ()), ("computed", ("--cache-gb", "1e-6"))):
        arguments = tiny_set.arguments(tmp_path / name, *OPTIONS, *more)
        train(configuration(arguments), messages if name == "computed" else None)
        found[name] = losses(tmp_path / name)
    assert found["again"] == found["kept"]
    np.testing.assert_allclose(found["kept"], found["computed"], rtol=2e-3)
    assert found["kept"] != found["computed"]  # activations are kept in half precision
    about = [text for text in messages.texts if "Activations" in text]
    assert len(about) == 2
    assert "more than --cache_gb" in about[0]


def test_views_without_frozen_stages_only_choose_the_crops(tiny_set, tmp_path):
    options = ("--method", "supervised", "--steps", "3", "--epochs", "1", "--views", "2")
    messages = Messages()
    train(configuration(tiny_set.arguments(tmp_path / "run", *options)), messages)
    assert len(losses(tmp_path / "run")) == 3
    assert not any("Activations" in text for text in messages.texts)
