"""Clipped activations give PyTorch's values and gradients, and keep less."""

import pytest
import torch
from torch import nn

from ssliqa.models.clipping import clipping_without_copies


@pytest.fixture
def values():
    drawn = torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(0)) * 4
    drawn[0, 0, :4] = torch.tensor([0.0, 6.0, -1.0, 1.0])  # the limits themselves pass nothing
    drawn[0, 0, 4] = torch.nan
    return drawn.requires_grad_()


def run(activation, values, enabled):
    """What is written, the gradient, and the storages that are kept for the pass back."""
    kept = []
    values.grad = None
    with (
        clipping_without_copies(enabled),
        torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t),
    ):
        written = activation(values + 0.0)
        result = written.square()  # which keeps what it reads, as a convolution does
    result.nansum().backward()
    return written.detach(), values.grad.clone(), {t.untyped_storage().data_ptr() for t in kept}


@pytest.mark.parametrize("layer", [nn.ReLU6, nn.Hardtanh])
def test_values_and_gradients_are_those_of_pytorch_to_the_last_bit(values, layer):
    ours, plain = (run(layer(inplace=True), values, enabled) for enabled in (True, False))
    for a, b in zip(ours[:2], plain[:2], strict=True):
        assert torch.equal(a.nan_to_num(99), b.nan_to_num(99))
    assert ours[1].abs().sum() > 0


def test_no_copy_of_what_came_in_is_kept(values):
    kept = [len(run(nn.ReLU6(inplace=True), values, enabled)[2]) for enabled in (True, False)]
    assert kept[0] == kept[1] - 1


def test_the_input_is_overwritten_as_asked():
    given = torch.tensor([-3.0, 9.0], requires_grad=True) * 1
    with clipping_without_copies(True):
        written = nn.ReLU6(inplace=True)(given)
    assert written.data_ptr() == given.data_ptr()
    assert given.tolist() == [0, 6]


def test_others_are_left_alone():
    given = torch.tensor([-3.0, 9.0], requires_grad=True) * 1
    with clipping_without_copies(True):
        assert nn.ReLU6()(given).tolist() == [0, 6]
        assert given.tolist() == [-3, 9]
        with torch.no_grad():
            assert nn.ReLU6(inplace=True)(torch.tensor([-3.0])).tolist() == [0]
        # PyTorch's own word against overwriting what is learned.
        with pytest.raises(RuntimeError, match="leaf"):
            nn.ReLU6(inplace=True)(torch.zeros(2, requires_grad=True))
