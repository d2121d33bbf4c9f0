"""The committee against plain NumPy: what is said of the pool, what it weighs, and when."""

import numpy as np
import pytest
import torch
from plain_numpy import LATE, at_rest

from ssliqa.errors import ConfigError
from ssliqa.images.degradations import degrade
from ssliqa.methods import Pool, Progress
from ssliqa.methods.committee import CommitteeConfig
from ssliqa.methods.self_evident import KINDS, SEVERITY
from ssliqa.metrics.likeness import likeness
from ssliqa.models.linear_fit import SelfEvident, fit_linear

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


@pytest.fixture
def committee(make_method):
    """A committee of 22 labeled and 30 unlabeled photographs, each shown as it is and mirrored."""
    generator = torch.Generator().manual_seed(5)
    tint = torch.randint(0, 256, (52, 3, 4, 4), dtype=torch.uint8, generator=generator)
    images = tint.repeat_interleave(16, 2).repeat_interleave(16, 3)
    crops = torch.stack([images, images.flip(3)], dim=1)
    shares = (4 * torch.rand(22, 5, generator=generator)).softmax(dim=1)

    def make(**settings):
        method = make_method("committee", **settings)
        labeled, unlabeled = crops[:22], crops[22:]
        each = (labeled.__getitem__, unlabeled.__getitem__)
        pool = Pool(22, 30, *each, *each, shares)
        method.meet(pool)
        return method, labeled, unlabeled, shares.double().numpy()

    return make


def means(network, photographs):
    """Distributions and activations of photographs (N, crops, 3, H, W), averaged over crops."""
    found = [at_rest(network, crops) for crops in photographs]
    return [np.stack([parts[k].mean(axis=0) for parts in found]) for k in (0, 1)]


def without_ratings(student, labeled, unlabeled, **settings):
    """What is known of these photographs without any rating."""

    def versions(place, crops):
        shown = crops[0].permute(1, 2, 0).numpy()
        copies = [degrade(shown, kind, SEVERITY, np.random.default_rng(place)) for kind in KINDS]
        return torch.from_numpy(np.stack([shown, *copies])).permute(0, 3, 1, 2)

    parts = [*enumerate(labeled), *enumerate(unlabeled)]
    return SelfEvident(
        torch.tensor(np.stack([at_rest(student, versions(*part))[1] for part in parts])),
        torch.tensor(np.stack([at_rest(student, crops)[1] for _, crops in parts])),
        **{"margin": 1.6, "order_weight": 1, "agreement_weight": 0.2 * len(labeled)} | settings,
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, {}),
        (
            {"order": 3.0, "order_margin": 1.0, "agreement": 0.5},
            {"order_weight": 3, "margin": 1, "agreement_weight": 11},
        ),
    ],
)
def test_before_the_first_step_the_student_is_fitted_to_the_labels(committee, settings, told):
    method, labeled, unlabeled, shares = committee(**settings)
    student = method.branch("student")
    _, rows = means(student, labeled)
    assert_fitted(
        method, rows, shares, evident=without_ratings(student, labeled, unlabeled, **told)
    )


def test_a_student_that_has_learned_before_is_held_near_that_instead(committee, monkeypatch):
    method, labeled, unlabeled, shares = committee()
    student = method.branch("student")
    layer = student.model.head[0]
    generator = torch.Generator().manual_seed(6)
    before = torch.randn(layer.weight.shape, generator=generator), torch.zeros(5)
    monkeypatch.setattr(student, "head_before", before)
    each = (labeled.__getitem__, unlabeled.__getitem__)
    method.meet(Pool(22, 30, *each, *each, torch.tensor(shares).float()))
    _, rows = means(student, labeled)
    assert_fitted(method, rows, shares, prior=before)


@pytest.mark.parametrize(("share", "credit"), [(0.5, 1.0), (0.3, 0.5)])
def test_after_the_last_step_it_is_fitted_to_the_labels_and_the_committee(share, credit, committee):
    method, labeled, unlabeled, shares = committee(teacher_share=share, credit=credit)
    own, rows = means(method.branch("student"), unlabeled)
    _, of_labeled = means(method.branch("student"), labeled)
    finish(method)
    taught, _ = means(method.average.module, unlabeled)
    said = (1 - share) * own + share * taught
    less_like = likeness(of_labeled, rows) * 23 - 1  # how many of the labeled ones
    trust = np.minimum(1, less_like / 22 / 0.1)
    assert trust.min() < 1
    assert_fitted(
        method,
        np.concatenate([of_labeled, rows]),
        np.concatenate([shares, said]),
        weights=torch.tensor(np.concatenate([np.ones(22), credit * trust])),
        evident=without_ratings(method.branch("student"), labeled, unlabeled),
    )


def test_no_other_step_changes_the_student_and_steps_change_the_teacher(make_method, batches):
    method = make_method("committee")
    before = head_of(method)
    optimizer = torch.optim.SGD([v for v in method.parameters() if v.requires_grad], lr=0.1)
    for step in (95, 96, 98):
        teacher = method.branch("teacher").model.head[0].weight.clone()
        method.step(*batches, LATE).loss.backward()
        optimizer.step()
        finish(method, Progress(9, 10, step, 100))
        assert not torch.equal(teacher, method.branch("teacher").model.head[0].weight)
    assert all(map(torch.equal, before, head_of(method)))
    finish(method)
    assert not torch.equal(before[0], head_of(method)[0])


def test_the_network_of_the_student_stays_as_it_began(make_method):
    method = make_method("committee")
    before = {key: v.clone() for key, v in method.student().backbone.state_dict().items()}
    method.train()
    finish(method)
    after = method.student().backbone.state_dict()
    assert all(torch.equal(values, after[key]) for key, values in before.items())


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"teacher_share": 1.5}, "teacher_share is 1.5"),
        ({"credit": 0}, "credit is 0"),
        ({"credit": float("inf")}, "credit is inf"),
        ({"average": 1}, "average is 1"),
        ({"teacher_from": -1}, "teacher_from is -1"),
        ({"order": -1}, "order is -1"),
        ({"order_margin": 0}, "order_margin is 0"),
        ({"agreement": -1}, "agreement is -1"),
    ],
)
def test_settings_without_sense_are_refused(settings, named):
    with pytest.raises(ConfigError, match=named):
        CommitteeConfig(**settings)
