"""The committee against plain NumPy: what is said of the pool, what it weighs, and when."""

import numpy as np
import pytest
import torch
from plain_numpy import LATE, at_rest

from ssliqa.errors import ConfigError
from ssliqa.methods import Progress
from ssliqa.methods.committee import CommitteeConfig
from ssliqa.metrics.likeness import likeness
from ssliqa.models.linear_fit import fit_linear

LAST = Progress(epoch=9, epochs=10, step=99, steps=100)


def finish(method, progress=LAST):
    """The end of a step, as the loop brings it about."""
    method.before_step(progress)
    method.after_step()


def head_of(method):
    layer = method.student().head[0]
    return layer.weight.clone(), layer.bias.clone()


def assert_fitted(method, rows, shares, **options):
    sizes = method.student().backbone.level_sizes
    expected = fit_linear(torch.tensor(rows), torch.tensor(shares), sizes, **options)
    logits = [
        rows @ weight.double().numpy().T + bias.double().numpy()
        for weight, bias in (head_of(method), expected)
    ]
    np.testing.assert_allclose(*logits, atol=1e-3)


def test_before_the_first_step_the_student_is_fitted_to_the_labels(make_method, batches):
    labeled, _ = batches
    method = make_method("committee")
    _, rows = at_rest(method.branch("student"), labeled.images)
    assert_fitted(method, rows, labeled.distribution.double().numpy())


@pytest.mark.parametrize(("share", "credit"), [(0.5, 1.0), (0.3, 0.5)])
def test_after_the_last_step_it_is_fitted_to_the_labels_and_the_committee(
    share, credit, make_method, batches
):
    labeled, unlabeled = batches
    method = make_method("committee", teacher_share=share, credit=credit)
    own, rows = at_rest(method.branch("student"), unlabeled.images)
    _, of_labeled = at_rest(method.branch("student"), labeled.images)
    finish(method)
    taught, _ = at_rest(method.average.module, unlabeled.images)
    said = (1 - share) * own + share * taught
    trust = np.minimum(1, likeness(of_labeled, rows) / 0.2)
    weights = torch.tensor(np.concatenate([np.ones(5), credit * trust]))
    assert_fitted(
        method,
        np.concatenate([of_labeled, rows]),
        np.concatenate([labeled.distribution.double().numpy(), said]),
        weights=weights,
        penalty=0.005,
    )


def test_no_other_step_changes_the_student_and_steps_change_the_teacher(make_method, batches):
    method = make_method("committee")
    before = head_of(method)
    for step in (95, 96, 98):
        finish(method, Progress(9, 10, step, 100))
    assert all(map(torch.equal, before, head_of(method)))
    loss = method.step(*batches, LATE).loss
    loss.backward()
    assert all(values.grad is not None for values in method.branch("teacher").parameters())
    finish(method)
    assert not torch.equal(before[0], head_of(method)[0])


def test_the_network_of_the_student_stays_as_it_began(make_method):
    method = make_method("committee")
    before = {key: v.clone() for key, v in method.student().backbone.state_dict().items()}
    method.train()
    finish(method)
    after = method.student().backbone.state_dict()
    assert all(torch.equal(values, after[key]) for key, values in before.items())


def test_what_is_unlike_the_labeled_photographs_weighs_little(make_method):
    rng = np.random.default_rng(0)
    own = torch.tensor(rng.normal(size=(160, 12)))
    foreign = torch.tensor(rng.normal(size=(80, 12)) + 3 * (np.arange(12) < 2))
    trust = make_method("committee")._trust(own[:80], torch.cat([own[80:], foreign]))
    assert trust[:80].mean() > 0.8
    assert trust[80:].mean() < 0.2
    assert trust.min() > 0
    assert trust.max() == 1


def test_with_too_few_to_tell_kinds_apart_all_weigh_the_same(make_method):
    few = torch.rand(4, 8)
    assert make_method("committee")._trust(torch.rand(40, 8), few).tolist() == [1] * 4


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"teacher_share": 1.5}, "teacher_share is 1.5"),
        ({"credit": 0}, "credit is 0"),
        ({"credit": float("inf")}, "credit is inf"),
        ({"average": 1}, "average is 1"),
    ],
)
def test_settings_without_sense_are_refused(settings, named):
    with pytest.raises(ConfigError, match=named):
        CommitteeConfig(**settings)
