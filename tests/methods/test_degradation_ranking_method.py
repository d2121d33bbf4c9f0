"""Degradation ranking asks for an order among versions of a photograph, and for nothing else."""

import dataclasses

import numpy as np
import pytest
import torch

from ssliqa.errors import ConfigError
from ssliqa.methods import Progress

LATE = Progress(epoch=9, epochs=10, step=95, steps=100)


def stepped(method, batches, seed=0):
    torch.manual_seed(seed)
    return method.step(*batches, LATE)


@pytest.mark.parametrize("versions", [2, 3, 4])
def test_the_term_is_the_mean_shortfall_of_all_pairs(make_method, batches, versions):
    method = make_method("degradation_ranking", versions=versions, margin=2.0).eval()
    torch.manual_seed(0)
    images, severity = method._versions(batches[1].images)
    opinion = method.student()(images).distribution.detach().double().numpy() @ np.arange(1, 6)
    opinion, severity = opinion.reshape(7, versions), severity.double().numpy()
    missing = [
        max(0.0, 2.0 * (severity[u, j] - severity[u, i]) - (opinion[u, i] - opinion[u, j]))
        for u in range(7)
        for i in range(versions)
        for j in range(i + 1, versions)
    ]
    result = stepped(method, batches)
    found = result.terms["ranking_consistency"].item()
    assert found == pytest.approx(np.mean(missing), rel=1e-4)
    label = result.terms["student_label"].item()
    assert result.loss.item() == pytest.approx(label + 0.1 * found, rel=1e-5)


def test_the_first_version_is_the_photograph_and_the_others_get_worse(make_method, batches):
    method = make_method("degradation_ranking", versions=4)
    images, severity = method._versions(batches[1].images)
    assert torch.equal(images[::4], batches[1].images)
    assert (severity[:, 0] == 0).all()
    assert (severity.diff(dim=1) >= 0).all()
    assert (severity.diff(dim=1) > 0).float().mean() > 0.8
    assert severity.max() <= 1
    for photo, severities in zip(images.view(7, 4, *images.shape[1:]), severity, strict=True):
        for k, more in enumerate(severities.diff() > 0):
            assert torch.equal(*photo[k : k + 2]) != more


def test_what_is_in_order_by_the_margin_teaches_nothing(make_method, batches):
    method = make_method("degradation_ranking", margin=0.0).eval()
    head = method.student().head[-1]
    with torch.no_grad():
        head.weight.zero_()  # every image has the same score, which no margin forbids
    result = stepped(method, batches)
    assert result.terms["ranking_consistency"].item() < 1e-6
    wanting = make_method("degradation_ranking", margin=1.0).eval()
    with torch.no_grad():
        wanting.student().head[-1].weight.zero_()
    assert stepped(wanting, batches).terms["ranking_consistency"].item() > 0.1


def test_a_step_draws_from_the_generator_that_the_loop_seeds(make_method, batches):
    method = make_method("degradation_ranking").eval()
    losses = [stepped(method, batches, seed).loss.item() for seed in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"margin": -1}, "margin is -1"),
        ({"versions": 1}, "versions is 1"),
        ({"ramp_share": 0}, "ramp_share is 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make_method, settings, named):
    with pytest.raises(ConfigError, match=named):
        make_method("degradation_ranking", **settings)


def test_an_anchor_holds_the_student_at_what_its_start_said(make_method, batches):
    plain = make_method("degradation_ranking")
    branch = plain.branch("student")
    branch.head_before = tuple(branch.model.head.parameters())  # as of a model it started from
    config = dataclasses.replace(plain.config, anchor=2.0)
    method = type(plain)(config, {"student": branch}).eval()
    before = branch.model(batches[1].images).distribution.detach()
    assert stepped(method, batches).terms["anchor_distance"].item() == pytest.approx(0, abs=1e-9)
    with torch.no_grad():
        branch.model.head[-1].bias += torch.tensor([0.0, 0.5, 0.0, -0.5, 1.0])
    after = branch.model(batches[1].images).distribution.detach()
    result = stepped(method, batches)
    apart = (after - before).double().numpy().cumsum(axis=1)
    wanted = np.mean(apart**2)
    assert result.terms["anchor_distance"].item() == pytest.approx(wanted, rel=1e-4)
    parts = result.terms["student_label"] + 0.1 * result.terms["ranking_consistency"]
    assert result.loss.item() == pytest.approx(parts.item() + 2 * wanted, rel=1e-4)
    result.loss.backward()
    assert all(values.grad is None for values in method.before.parameters())
    # The optimizer is given nothing of it.
    assert not any(values.requires_grad for values in method.before.parameters())


def test_an_anchor_holds_where_no_order_is_asked_for(make_method, batches):
    plain = make_method("degradation_ranking", ranking_weight=0.0)
    branch = plain.branch("student")
    branch.head_before = tuple(branch.model.head.parameters())
    config = dataclasses.replace(plain.config, anchor=2.0)
    method = type(plain)(config, {"student": branch}).eval()
    with torch.no_grad():
        branch.model.head[-1].bias += torch.tensor([0.0, 0.5, 0.0, -0.5, 1.0])
    result = stepped(method, batches)
    assert result.terms["anchor_distance"].item() > 0.001
    expected = result.terms["student_label"] + 2 * result.terms["anchor_distance"]
    assert result.loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_an_anchor_without_a_model_to_start_from_is_refused(make_method):
    with pytest.raises(ConfigError, match="the student starts from no model"):
        make_method("degradation_ranking", anchor=1.0)
