"""Telling photographs of another kind from the labeled ones."""

import numpy as np
import pytest

from ssliqa.metrics.likeness import FOLDS, likeness


def kinds(labeled=60, alike=80, foreign=80, features=12, seed=0, shift=3.0):
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(features, features))
    own = rng.normal(size=(labeled + alike, features)) @ mixed
    other = (rng.normal(size=(foreign, features)) + shift * (np.arange(features) < 2)) @ mixed
    return own[:labeled], own[labeled:], other


def by_loops(labeled, unlabeled, seed):
    """The same by weighted ridge regression in the features themselves, fold by fold."""
    features = np.concatenate([labeled, unlabeled])
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    count, size = features.shape
    kind = np.array([1.0] * len(labeled) + [-1.0] * len(unlabeled))
    rng = np.random.default_rng(seed)
    folds = [*(rng.permutation(len(labeled)) % 5), *(rng.permutation(len(unlabeled)) % 5)]
    scores = np.empty(count)
    for fold in range(5):
        matrix, right = 4.0 * size * np.eye(size), np.zeros(size)
        for x, y, f in zip(features, kind, folds, strict=True):
            if f != fold:
                weight = 2 * (len(unlabeled) if y > 0 else len(labeled)) / count
                matrix += weight * np.outer(x, x)
                right += weight * y * x
        line = np.linalg.solve(matrix, right)
        for k in range(count):
            if folds[k] == fold:
                scores[k] = features[k] @ line
    own = scores[: len(labeled)]
    return [(1 + sum(own <= score)) / (len(own) + 1) for score in scores[len(labeled) :]]


@pytest.mark.parametrize("features", [4, 40])  # fewer and more than photographs
def test_equals_ridge_regression_fold_by_fold(features):
    labeled, alike, foreign = kinds(labeled=13, alike=9, foreign=8, features=features)
    unlabeled = np.concatenate([alike, foreign])
    found = likeness(labeled, unlabeled, seed=3)
    np.testing.assert_allclose(found, by_loops(labeled, unlabeled, seed=3))


def test_photographs_of_the_same_kind_are_lost_about_as_often_as_allowed():
    lost = []
    for seed in range(20):
        labeled, alike, _ = kinds(seed=seed)
        lost.append((likeness(labeled, alike, seed) <= 0.1).mean())
    assert 0.05 < np.mean(lost) < 0.15


def test_photographs_of_another_kind_are_found_among_those_of_the_same():
    labeled, alike, foreign = kinds()
    found = likeness(labeled, np.concatenate([alike, foreign])) <= 0.1
    assert found[80:].mean() > 0.8
    assert found[:80].mean() < 0.25


def test_unit_order_and_features_that_say_nothing_do_not_matter():
    labeled, alike, foreign = kinds()
    unlabeled = np.concatenate([alike, foreign])
    expected = likeness(labeled, unlabeled)
    scale, offset = 10.0 ** np.arange(-6, 6), np.arange(12)
    np.testing.assert_allclose(
        likeness(labeled * scale + offset, unlabeled * scale + offset), expected
    )
    turned = np.arange(12)[::-1]
    np.testing.assert_allclose(likeness(labeled[:, turned], unlabeled[:, turned]), expected)
    constant = [np.full((len(part), 3), 7.0) for part in (labeled, unlabeled)]
    np.testing.assert_allclose(
        likeness(
            np.concatenate([labeled, constant[0]], axis=1),
            np.concatenate([unlabeled, constant[1]], axis=1),
        ),
        expected,
    )


def test_photographs_that_all_look_the_same_are_all_kept():
    assert (likeness(np.ones((20, 3)), np.ones((30, 3))) == 1).all()


def test_p_values_are_places_among_the_labeled():
    labeled, alike, _ = kinds()
    found = likeness(labeled, alike) * (len(labeled) + 1)
    np.testing.assert_allclose(found, found.round())
    assert found.min() >= 1
    assert found.max() <= len(labeled) + 1


@pytest.mark.parametrize("counts", [(FOLDS - 1, 30), (30, FOLDS - 1)])
def test_too_few_photographs_are_refused(counts):
    with pytest.raises(ValueError, match=f"{counts[0]} labeled and {counts[1]} unlabeled"):
        likeness(*(np.ones((count, 2)) for count in counts))
