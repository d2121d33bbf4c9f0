import numpy as np
import pytest
import torch

from ssliqa.losses import DISTRIBUTION_LOSSES, mean_squared_error, squared_cdf_error


@pytest.fixture
def shares():
    rng = np.random.default_rng(0)
    return rng.dirichlet(np.ones(5), 7), rng.dirichlet(np.ones(5), 7)


def slow_mean_squared_error(predicted, target):
    total = 0.0
    for p, t in zip(predicted, target, strict=True):
        for k in range(5):
            total += (p[k] - t[k]) ** 2
    return total / (len(predicted) * 5)


def slow_squared_cdf_error(predicted, target):
    total = 0.0
    for p, t in zip(predicted, target, strict=True):
        for k in range(5):
            total += (sum(p[: k + 1]) - sum(t[: k + 1])) ** 2
    return total / (len(predicted) * 5)


SLOW = {"mse": slow_mean_squared_error, "cdf": slow_squared_cdf_error}


def test_every_loss_has_a_reference():
    assert set(SLOW) == set(DISTRIBUTION_LOSSES)


@pytest.mark.parametrize("name", SLOW)
def test_equals_a_plain_loop(name, shares):
    predicted, target = shares
    loss = DISTRIBUTION_LOSSES[name](torch.from_numpy(predicted), torch.from_numpy(target))
    assert loss.item() == pytest.approx(SLOW[name](predicted, target), rel=1e-12)


@pytest.mark.parametrize("name", SLOW)
def test_is_zero_only_when_the_shares_are_equal(name, shares):
    predicted, target = (torch.from_numpy(s) for s in shares)
    assert DISTRIBUTION_LOSSES[name](target, target).item() == 0
    assert DISTRIBUTION_LOSSES[name](predicted, target).item() > 0


def test_a_prediction_at_the_opposite_end_costs_the_documented_maximum():
    bad, excellent = torch.eye(5)[[0]], torch.eye(5)[[4]]
    assert mean_squared_error(bad, excellent).item() == pytest.approx(0.4)
    assert squared_cdf_error(bad, excellent).item() == pytest.approx(0.8)


def test_only_the_cumulative_loss_knows_that_a_far_level_is_worse():
    bad, poor, excellent = torch.eye(5)[[0]], torch.eye(5)[[1]], torch.eye(5)[[4]]
    assert mean_squared_error(poor, bad) == mean_squared_error(excellent, bad)
    assert squared_cdf_error(poor, bad) < squared_cdf_error(excellent, bad)


@pytest.mark.parametrize("name", SLOW)
def test_reversing_the_order_of_the_levels_changes_nothing(name, shares):
    predicted, target = (torch.from_numpy(s) for s in shares)
    loss = DISTRIBUTION_LOSSES[name]
    torch.testing.assert_close(loss(predicted.flip(1), target.flip(1)), loss(predicted, target))


@pytest.mark.parametrize("name", SLOW)
def test_gradient_is_the_analytic_one_and_spares_a_detached_target(name, shares):
    predicted, target = (torch.from_numpy(s).requires_grad_() for s in shares)
    assert torch.autograd.gradcheck(
        lambda p: DISTRIBUTION_LOSSES[name](p, target.detach()), (predicted,)
    )
    DISTRIBUTION_LOSSES[name](predicted, target.detach()).backward()
    assert predicted.grad.abs().sum() > 0
    assert target.grad is None


@pytest.mark.parametrize("name", SLOW)
def test_half_precision_shares_are_compared_in_float32(name, shares):
    predicted, target = (torch.from_numpy(s).to(torch.bfloat16) for s in shares)
    loss = DISTRIBUTION_LOSSES[name](predicted, target)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(
        SLOW[name](predicted.double().numpy(), target.double().numpy()), rel=1e-5
    )


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize("shape", [(5,), (7, 1), (1, 5)])
def test_shapes_that_would_broadcast_are_refused(name, shape):
    with pytest.raises(ValueError, match=r"\(7, 5\)"):
        DISTRIBUTION_LOSSES[name](torch.zeros(7, 5), torch.zeros(shape))
