"""The moving average of a branch, against the recursion in plain NumPy."""

import copy

import numpy as np
import pytest
import torch

from ssliqa.methods.average import moving_average


@pytest.fixture
def branch(make_method):
    return make_method("supervised").branch("student")


def weights(module):
    return np.concatenate([values.detach().numpy().ravel() for values in module.parameters()])


def shake(branch, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for values in branch.parameters():
            values += 0.1 * torch.randn(values.shape, generator=generator)


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.9])
def test_an_average_follows_the_weights_with_a_memory_that_grows_to_the_decay(branch, decay):
    average = moving_average(branch, decay)
    expected = None
    for update in range(20):
        shake(branch, update)
        average.update_parameters(branch)
        if expected is None:
            expected = weights(branch)
        else:
            kept = min(decay, (1 + update) / (10 + update))
            expected = kept * expected + (1 - kept) * weights(branch)
    np.testing.assert_allclose(weights(average.module), expected, rtol=1e-4, atol=1e-6)


def test_before_the_first_update_an_average_is_the_branch_itself(branch, batches):
    labeled, _ = batches
    average = moving_average(branch, 0.9)
    ours, theirs = average.module.target(labeled.images), branch.target(labeled.images)
    # Not trained, it is computed with batch-norm folded, which rounds differently.
    torch.testing.assert_close(ours.distribution, theirs.distribution, rtol=1e-5, atol=1e-6)


def test_statistics_are_those_of_the_branch(branch, batches):
    labeled, _ = batches
    average = moving_average(branch, 0.9)
    for _ in range(2):
        branch.train()(labeled.images)
        average.update_parameters(branch)
    for ours, theirs in zip(average.module.buffers(), branch.buffers(), strict=True):
        assert torch.equal(ours, theirs)


def test_an_average_is_not_trained_and_does_not_change_the_branch(branch):
    before = weights(branch)
    average = moving_average(branch, 0.9)
    average.update_parameters(branch)
    assert not any(values.requires_grad for values in average.parameters())
    assert all(values.requires_grad for values in branch.parameters())
    np.testing.assert_array_equal(weights(branch), before)


def test_a_copy_of_an_average_goes_its_own_way(branch):
    average = moving_average(branch, 0.9)
    average.update_parameters(branch)
    twin = copy.deepcopy(average)
    shake(branch, 0)
    twin.update_parameters(branch)
    assert not np.array_equal(weights(twin.module), weights(average.module))
