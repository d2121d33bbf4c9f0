"""Self-training against plain NumPy: the labels it gives, their weights, and when."""

import numpy as np
import pytest
import torch
from plain_numpy import LATE, at_rest, cdf, opinions

from ssliqa.errors import ConfigError
from ssliqa.methods import Progress
from ssliqa.methods.self_training import SelfTraining, SelfTrainingConfig


def labels_of(method, images):
    """Mean distribution and spread of opinions over both averages, one crop of each image."""
    found = [at_rest(method.averages[name].module, images)[0] for name in method.branch_names]
    spread = np.std([opinions(p) for p in found], axis=0, ddof=1)
    return np.mean(found, axis=0), spread


def test_photographs_are_labeled_by_both_averages_and_weighed_by_their_agreement(
    make_method, batches
):
    labeled, unlabeled = batches
    method = make_method("self_training")
    expected, spread = labels_of(method, unlabeled.images)
    # The lower one of two medians, as PyTorch takes it; here the number is odd.
    usual = np.median(labels_of(method, labeled.images)[1])
    np.testing.assert_allclose(method.pseudo.numpy(), expected, atol=1e-6)
    trust = np.minimum(1, (usual / spread) ** 2)
    np.testing.assert_allclose(method.trust.numpy(), trust, rtol=1e-3)
    assert 0 < trust.min() < trust.max() <= 1

    method.eval()
    result = method.step(*batches, LATE)
    of_labeled, of_unlabeled = (
        at_rest(method.branch("student"), images)[0]
        for images in (labeled.images, unlabeled.images)
    )
    label = cdf(of_labeled, labeled.distribution.double().numpy()).mean()
    pseudo = (trust * cdf(of_unlabeled, expected)).mean()
    assert result.loss.item() == pytest.approx(label + pseudo, rel=1e-3)
    assert result.terms["pseudo_consistency"].item() == pytest.approx(pseudo, rel=1e-3)


def test_a_batch_finds_the_labels_of_its_photographs_by_their_places(make_method, batches):
    labeled, unlabeled = batches
    method = make_method("self_training").eval()
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    turned = type(unlabeled)(unlabeled.images[order], unlabeled.places[order])
    losses = [method.step(labeled, batch, LATE).loss.item() for batch in (unlabeled, turned)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    wrong = type(unlabeled)(unlabeled.images[order], unlabeled.places)
    assert method.step(labeled, wrong, LATE).loss.item() != pytest.approx(losses[0], rel=1e-3)


@pytest.mark.parametrize(
    ("settings", "steps", "expected"),
    [({}, 100, [50]), ({"begin": 0.4, "rounds": 3}, 100, [40, 60, 80]), ({"begin": 0.01}, 7, [1])],
)
def test_photographs_are_labeled_when_the_settings_say(settings, steps, expected, make_method):
    method = make_method("self_training", **settings)
    labeled_at = []
    for step in range(steps):
        before = method.pseudo.clone()
        method.pseudo.zero_()
        method.before_step(Progress(0, 1, step, steps))
        if method.pseudo.any():
            labeled_at.append(step)
        else:
            method.pseudo.copy_(before)
    assert labeled_at == expected


def test_before_that_only_labels_teach_and_after_it_the_teacher_rests(make_method, batches):
    method = make_method("self_training", begin=0.5)
    early = method.step(*batches, Progress(4, 10, 49, 100))
    assert early.terms["pseudo_consistency"] == 0
    assert early.terms["teacher_label"] > 0
    late = method.step(*batches, Progress(5, 10, 50, 100))
    assert late.terms["pseudo_consistency"] > 0
    assert late.terms["teacher_label"] == 0
    several = make_method("self_training", begin=0.5, rounds=2)
    assert several.step(*batches, Progress(5, 10, 50, 100)).terms["teacher_label"] > 0


def test_photographs_are_labeled_while_labels_are_few():
    assert SelfTraining.why_no_unlabeled(SelfTrainingConfig(), 499) is None
    assert "--method.alone_from 501 has" in SelfTraining.why_no_unlabeled(SelfTrainingConfig(), 500)
    assert SelfTraining.why_no_unlabeled(SelfTrainingConfig(alone_from=0), 1) is not None


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"pseudo_weight": -1}, "pseudo_weight is -1"),
        ({"begin": 0}, "begin is 0"),
        ({"begin": 1}, "begin is 1"),
        ({"rounds": 0}, "rounds is 0"),
        ({"average": 1}, "average is 1"),
        ({"alone_from": -1}, "alone_from is -1"),
    ],
)
def test_settings_without_sense_are_refused(settings, named):
    with pytest.raises(ConfigError, match=named):
        SelfTrainingConfig(**settings)
