"""Heads fitted before training: what begins at them, and what cannot."""

import json

import numpy as np
import pytest
import torch

from ssliqa.cli.train import configuration
from ssliqa.errors import ConfigError
from ssliqa.models import QualityModel
from ssliqa.training import Monitor, resume, train

AT_REST = ("--student.batch_norm", "frozen", "--teacher.batch_norm", "frozen")


def losses(run):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [row for row in rows if "loss" in row]


@pytest.mark.parametrize("method", ["supervised", "ssliqa", "mean_teacher", "self_training"])
def test_training_goes_on_from_the_fitted_head(method, tiny_set, tmp_path):
    options = ("--method", method, "--steps", "2", "--epochs", "1", "--optimizer.lr", "1e-9")
    options += ("--student.levels", "3", "--label-budget", "12", *AT_REST)
    if method == "mean_teacher":  # which leaves labels as few as these alone
        options += ("--method.teacher_from", "0")
    label = {}
    for fit in ("true", "false"):
        run = tmp_path / fit
        train(configuration(tiny_set.arguments(run, *options, "--fit_head", fit)), Monitor())
        label[fit] = np.mean([row.get("student_label", row["loss"]) for row in losses(run)])
    assert label["true"] < 0.6 * label["false"]


def test_the_average_of_the_teacher_begins_at_the_fitted_head(tiny_set, tmp_path):
    # Against the teacher itself, which has hardly moved, its average says nothing else.
    options = ("--steps", "1", "--epochs", "1", "--optimizer.lr", "1e-9", "--method.ramp", "none")
    options += ("--fit_head", "true", "--method.relation_weight", "0")
    options += ("--teacher", "test_resnet", *AT_REST)
    train(configuration(tiny_set.arguments(tmp_path / "run", *options)), Monitor())
    (row,) = losses(tmp_path / "run")
    assert row["prediction_consistency"] < 0.02  # 0.04 if it began at random numbers


def test_without_steps_the_fitted_head_on_the_start_weights_is_the_model(tiny_set, tmp_path):
    options = ("--method", "supervised", "--fit_head", "true", "--student.levels", "3", *AT_REST)
    options += ("--steps", "0", "--fractions", "[0.5, 0.25, 0.25]", "--keep", "best")
    result = train(configuration(tiny_set.arguments(tmp_path / "run", *options)), Monitor())
    assert result.best_validation_srcc is not None
    torch.manual_seed(0)
    untrained = QualityModel.create("test_resnet", levels=3).backbone.state_dict()
    learned = result.model.backbone.state_dict()
    assert all(torch.equal(values, learned[key]) for key, values in untrained.items())
    again = resume(tmp_path / "run", Monitor())
    assert torch.equal(again.model.head[0].weight, result.model.head[0].weight)


def test_a_head_is_not_fitted_to_what_training_will_not_see(tiny_set, tmp_path):
    options = ("--method", "supervised", "--fit_head", "true", "--steps", "2")
    with pytest.raises(ConfigError, match="batch-norm at rest"):
        train(configuration(tiny_set.arguments(tmp_path / "run", *options)), Monitor())


def test_networks_that_read_other_levels_keep_activations_of_their_own(tiny_set, tmp_path):
    options = ("--method", "supervised", "--views", "2", "--student.frozen_stages", "5", *AT_REST)
    options += ("--steps", "1", "--epochs", "1")
    for levels in ("1", "3"):  # one after the other in the same cache
        run = tmp_path / levels
        train(configuration(tiny_set.arguments(run, *options, "--student.levels", levels)))


def test_no_steps_and_no_fit_would_leave_a_random_head(tiny_set, tmp_path):
    with pytest.raises(ConfigError, match="steps is 0; expected 1 or more, or 0 with fit_head"):
        configuration(tiny_set.arguments(tmp_path / "run", "--steps", "0"))


def test_a_head_with_hidden_layers_is_refused_before_anything_is_decoded(tiny_set, tmp_path):
    options = ("--fit_head", "true", "--student.head", "16")
    with pytest.raises(ConfigError, match="linear head can be fitted, and that of the student"):
        train(configuration(tiny_set.arguments(tmp_path / "run", *options)), Monitor())
    assert not (tmp_path / "run" / "config.yaml").exists()
