"""Which photographs tell what needs no rating, and in what form."""

import pytest
import torch

from ssliqa.methods import Branch, Pool
from ssliqa.methods.self_evident import (
    COMPARED,
    DEGRADED,
    KINDS,
    crop_activations,
    version_activations,
)


class Counting(Branch):
    """A branch that says which photographs it was shown, by the color of their crops."""

    def __init__(self, branch):
        super().__init__(branch.model)
        self.seen = []

    def target(self, images):
        self.seen.append((int(images[0, 0, 0, 0]), int(images[0, 1, 0, 0]), len(images)))
        return super().target(images[:1])


@pytest.fixture
def pool():
    """150 labeled and 200 unlabeled photographs of one color each, red or green telling which."""

    def crops(channel):
        def of(place):
            images = torch.zeros(2, 3, 64, 64, dtype=torch.uint8)
            images[:, channel] = place + 1
            return images

        return of

    each = (crops(0), crops(1))
    return Pool(150, 200, *each, *each, torch.full((150, 5), 0.2))


@pytest.fixture
def branch(make_method):
    return Counting(make_method("supervised").branch("student"))


def test_crops_are_those_of_a_part_of_all_photographs_the_same_every_time(branch, pool):
    found = crop_activations(branch, pool)
    assert found.shape == (COMPARED, 1, branch.model.backbone.features)
    shown = [entry[:2] for entry in branch.seen]
    assert len(set(shown)) == COMPARED
    assert {entry[2] for entry in branch.seen} == {2}
    labeled = sum(red > 0 for red, _ in shown)
    assert labeled == pytest.approx(COMPARED * 150 / 350, abs=20)
    crop_activations(branch, pool)
    assert [entry[:2] for entry in branch.seen[COMPARED:]] == shown


def test_versions_are_one_crop_and_a_copy_of_each_kind(branch, pool):
    version_activations(branch, pool)
    assert len(branch.seen) == DEGRADED
    assert {entry[2] for entry in branch.seen} == {1 + len(KINDS)}
    assert "noise" not in KINDS


def test_small_pools_are_taken_whole(branch, pool):
    few = Pool(
        3,
        0,
        pool.labeled_crops,
        pool.unlabeled_crops,
        pool.labeled_pixels,
        pool.unlabeled_pixels,
        pool.distribution[:3],
    )
    assert len(crop_activations(branch, few)) == len(version_activations(branch, few)) == 3
