"""How far unlabeled photographs are trusted."""

import numpy as np
import pytest
import torch

from ssliqa.methods.trust import agreement, alike


def test_what_differs_more_than_usual_weighs_by_its_inverse_variance():
    weights = agreement(torch.tensor([0.0, 0.1, 0.2, 0.4]), torch.tensor(0.2))
    assert weights.tolist() == pytest.approx([1, 1, 1, 0.25])


def test_where_nothing_differs_all_weigh_the_same():
    assert agreement(torch.zeros(3), torch.tensor(0.0)).tolist() == [1, 1, 1]


def test_what_is_unlike_the_labeled_photographs_weighs_little():
    rng = np.random.default_rng(0)
    own = torch.tensor(rng.normal(size=(160, 12)))
    foreign = torch.tensor(rng.normal(size=(80, 12)) + 3 * (np.arange(12) < 2))
    weights = alike(own[:80], torch.cat([own[80:], foreign]))
    assert weights[:80].mean() > 0.8
    assert weights[80:].mean() < 0.2
    assert weights.min() == 0
    assert weights.max() == 1


@pytest.mark.parametrize(("labeled", "unlabeled"), [(40, 19), (19, 40)])
def test_with_too_few_to_tell_kinds_apart_all_weigh_the_same(labeled, unlabeled):
    weights = alike(torch.rand(labeled, 8), torch.rand(unlabeled, 8))
    assert weights.tolist() == [1] * unlabeled
