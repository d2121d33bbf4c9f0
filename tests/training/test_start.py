"""Trainings that start from a trained model."""

import numpy as np
import pytest
import torch
from tiny_set import write_ratings

from ssliqa.cli.train import configuration
from ssliqa.errors import ConfigError, ModelError
from ssliqa.models import load_model
from ssliqa.training import Monitor, train


class Told(Monitor):
    """Keeps what it is told."""

    def __init__(self):
        self.messages = []

    def message(self, text):
        self.messages.append(text)


def arguments(tiny_set, out, model, *more, labels=None):
    """As a user writes them, who names a model and no network."""
    return [
        *("--from", str(model), "--labels", str(labels or tiny_set.labels), "--scale", "0-100"),
        *("--images", str(tiny_set.folder), "--cache", str(tiny_set.cache), "--out", str(out)),
        *map(str, more),
    ]


def test_the_head_alone_is_fitted_and_all_else_is_that_of_the_model(tiny_set, tiny_run, tmp_path):
    told = Told()
    run = train(configuration(arguments(tiny_set, tmp_path / "run", tiny_run)), told)
    before, after = load_model(tiny_run), run.model
    assert after.protocol == before.protocol
    assert after.name == before.name
    ours, theirs = after.backbone.state_dict(), before.backbone.state_dict()
    assert all(torch.equal(values, theirs[key]) for key, values in ours.items())
    assert not torch.equal(after.head[0].weight, before.head[0].weight)
    assert not any("random" in text for text in told.messages)


@pytest.mark.parametrize("start", ["default", "RUN"])
def test_the_card_tells_what_the_model_was_made_from(tiny_set, tiny_run, tmp_path, start):
    model = tiny_run if start == "RUN" else start
    run = train(configuration(arguments(tiny_set, tmp_path / "run", model)))
    card = (run.folder / "model" / "README.md").read_text()
    if start == "default":
        assert "started from the model `default` that comes with ssliqa (Apache-2.0)" in card
    else:
        assert f"started from the model `{tiny_run.name}`" in card
        assert str(tiny_run.parent) not in card


def test_a_few_labels_change_little_and_many_change_more(tiny_set, tiny_run, tmp_path):
    before = load_model(tiny_run)
    moved = []
    for count in (2, 16):
        labels = tmp_path / f"{count}.csv"
        # Ratings that have nothing to do with those before.
        scores = np.random.default_rng(0).uniform(0, 100, count).round(1)
        write_ratings(labels, zip(tiny_set.names[:count], scores, strict=True))
        options = ("--fractions", "[1, 0, 0]")
        out = tmp_path / f"run {count}"
        after = train(configuration(arguments(tiny_set, out, tiny_run, *options, labels=labels)))
        moved.append((after.model.head[0].weight - before.head[0].weight).norm().item())
    assert 0 < moved[0] < moved[1]


def test_no_steps_and_no_fit_leave_the_model_as_it_is(tiny_set, tiny_run, tmp_path):
    options = ("--method", "supervised", "--steps", 0)
    after = train(configuration(arguments(tiny_set, tmp_path / "run", tiny_run, *options))).model
    before = load_model(tiny_run)
    photo = tiny_set.folder / tiny_set.names[0]
    assert after.score(photo).score == before.score(photo).score


def test_a_method_that_is_named_trains_the_network_from_the_model_on(tiny_set, tiny_run, tmp_path):
    options = ("--method", "supervised", "--steps", 1, "--optimizer.lr", 1e-9, "--batch-size", 4)
    options += ("--student.bf16", "no")
    config = configuration(arguments(tiny_set, tmp_path / "run", tiny_run, *options))
    assert (config.fit_head, config.steps) == (False, 1)
    after, before = train(config).model, load_model(tiny_run)
    photo = tiny_set.folder / tiny_set.names[0]
    assert after.score(photo).score == pytest.approx(before.score(photo).score, abs=0.01)


def test_a_committee_may_start_from_the_model_with_both_networks(tiny_set, tiny_run, tmp_path):
    options = ("--method", "committee", "--steps", 2, "--batch-size", 4, "--label-budget", 10)
    options += (
        "--method.teacher_from",
        10,
        "--teacher",
        "test_resnet",
        "--teacher.start",
        tiny_run,
    )
    run = train(configuration(arguments(tiny_set, tmp_path / "run", tiny_run, *options)))
    assert run.model.score(tiny_set.folder / tiny_set.names[0]).score > 0


def test_an_option_wins_over_what_the_model_says(tiny_run):
    given = ("--labels", "x.csv", "--out", "run", "--from", str(tiny_run))
    config = configuration([*given, "--protocol.grid", "1"])
    assert config.protocol.grid == 1
    assert config.protocol.crop == load_model(tiny_run).protocol.crop
    assert (config.method["name"], config.fit_head, config.steps) == ("supervised", True, 0)
    assert config.with_absolute_paths().student.start == str(tiny_run.absolute())


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--student", "test_efficientnet"), "is test_resnet, and a test_efficientnet was to"),
        (("--student.levels", "2"), "Both start and levels"),
        (("--student.weights", "none"), "Both start and weights"),
    ],
)
def test_what_contradicts_the_model_is_refused(tiny_set, tiny_run, tmp_path, options, named):
    with pytest.raises(ConfigError, match=named):
        train(configuration(arguments(tiny_set, tmp_path / "run", tiny_run, *options)))


def test_a_model_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ModelError, match="no model folder"):
        configuration(["--labels", "x.csv", "--out", "run", "--from", str(tmp_path / "none")])
