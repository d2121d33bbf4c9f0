"""Heads fitted before training, compared with SciPy's minimum of the formula."""

import json

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import softmax

from ssliqa.cli.train import configuration
from ssliqa.errors import ConfigError
from ssliqa.models import QualityModel
from ssliqa.training import Monitor, resume, train
from ssliqa.training.head_fit import PENALTY, fit_linear

SIZES = (2, 6)
AT_REST = ("--student.batch_norm", "frozen", "--teacher.batch_norm", "frozen")


@pytest.fixture
def labeled():
    """Activations (40, 8) whose parts have other scales, and the shares (40, 5) they call for."""
    rng = np.random.default_rng(0)
    activations = rng.normal(size=(40, 8)) * [1, 1, 5, 5, 5, 1, 0.1, 0.1] + rng.normal(size=8)
    goodness = activations[:, 0] + activations[:, 6] * 10 + rng.normal(size=40)
    shares = softmax(-((np.arange(5) - 2 - goodness[:, None]) ** 2), axis=1)
    return torch.tensor(activations), torch.tensor(shares)


def predicted(weight, bias, activations):
    return softmax(activations.numpy() @ weight.numpy().T + bias.numpy(), axis=1)


def test_the_fit_is_the_minimum_of_the_formula(labeled):
    activations, shares = (values.numpy() for values in labeled)
    center = activations.mean(0)
    gain = np.repeat([2**-0.5, 6**-0.5], SIZES) / activations.std(0)

    def objective(unknowns, penalty=0.5):
        weight, bias = unknowns[:40].reshape(8, 5), unknowns[40:]
        answers = softmax((activations - center) * gain @ weight + bias, axis=1)
        apart = np.cumsum(answers - shares, axis=1)
        return (apart**2).mean(axis=1).sum() + penalty * (weight**2).sum()

    best = minimize(objective, np.zeros(45), method="BFGS", options={"gtol": 1e-7})
    weight, bias = (values.numpy() for values in fit_linear(*labeled, SIZES, penalty=0.5))
    found = np.concatenate([(weight.T / gain[:, None]).ravel(), bias + weight @ center])
    # A level that nobody chose may have any bias that is small enough.
    assert objective(found) == pytest.approx(best.fun, rel=1e-4)
    np.testing.assert_allclose(found[:40], best.x[:40], atol=0.01)


def test_units_and_offsets_of_the_activations_make_no_difference(labeled):
    activations, shares = labeled
    other = activations * torch.linspace(0.1, 3, 8) + torch.arange(8)
    found = [predicted(*fit_linear(rows, shares, SIZES), rows) for rows in (activations, other)]
    np.testing.assert_allclose(*found, atol=1e-5)


def test_a_constant_activation_gets_no_weight(labeled):
    activations, shares = labeled
    activations[:, 3] = 7.0
    weight, bias = fit_linear(activations, shares, SIZES)
    assert weight[:, 3].abs().max() == 0
    assert bias.isfinite().all()


def test_an_activation_that_is_constant_but_for_rounding_gets_no_weight(labeled):
    activations, shares = labeled
    activations[:, 3] = 1.2345 + 2e-7 * torch.randn(40, generator=torch.Generator().manual_seed(0))
    weight, _ = fit_linear(activations, shares, SIZES)
    assert weight[:, 3].abs().max() == 0
    assert weight.abs().max() < 1e3


def test_a_larger_penalty_gives_smaller_weights(labeled):
    sizes = [fit_linear(*labeled, SIZES, penalty=p)[0].norm() for p in (PENALTY, 1, 100)]
    assert sizes[0] > 2 * sizes[1] > 4 * sizes[2]


def losses(run):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [row for row in rows if "loss" in row]


@pytest.mark.parametrize("method", ["supervised", "ssliqa", "mean_teacher", "self_training"])
def test_training_goes_on_from_the_fitted_head(method, tiny_set, tmp_path):
    options = ("--method", method, "--steps", "2", "--epochs", "1", "--optimizer.lr", "1e-9")
    options += ("--student.levels", "3", "--label-budget", "12", *AT_REST)
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
    with pytest.raises(ConfigError, match="fit_head fits linear heads, and that of the student"):
        train(configuration(tiny_set.arguments(tmp_path / "run", *options)), Monitor())
    assert not (tmp_path / "run" / "config.yaml").exists()
