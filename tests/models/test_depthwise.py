"""Depthwise convolutions keep out of bfloat16 where there is a pass back."""

import pytest
import torch
from torch import nn

from ssliqa.models.depthwise import depthwise_in_float32


def layer(inputs=8, outputs=8, groups=8, bias=True):
    torch.manual_seed(0)
    return nn.Conv2d(inputs, outputs, 3, padding=1, groups=groups, bias=bias)


@pytest.fixture
def maps():
    return torch.rand(2, 8, 6, 6, generator=torch.Generator().manual_seed(1))


def under_autocast(conv, images, enabled=True):
    with torch.autocast("cpu", torch.bfloat16), depthwise_in_float32(enabled):
        return conv(images)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("outputs", [8, 16])
def test_a_depthwise_convolution_that_is_trained_is_that_of_float32_rounded_once(
    maps, bias, outputs
):
    conv = layer(outputs=outputs, bias=bias)
    written = under_autocast(conv, maps)
    assert written.dtype == torch.bfloat16
    assert torch.equal(written, conv(maps).bfloat16())
    back = torch.rand_like(written)
    written.backward(back)
    gradient = conv.weight.grad.clone()
    conv.zero_grad()
    conv(maps).backward(back.float())
    assert torch.equal(gradient, conv.weight.grad)


def test_a_frozen_one_is_too_where_a_gradient_must_pass_through_it(maps):
    conv = layer().requires_grad_(False)
    images = maps.bfloat16().requires_grad_()
    written = under_autocast(conv, images)
    assert torch.equal(written, conv(images.float()).bfloat16())
    written.sum().backward()
    assert images.grad.dtype == torch.bfloat16
    assert images.grad.abs().sum() > 0


def test_others_and_those_without_a_pass_back_stay_in_bfloat16(maps):
    assert under_autocast(layer(groups=1), maps).dtype == torch.bfloat16
    assert under_autocast(layer(groups=4), maps).dtype == torch.bfloat16
    assert under_autocast(layer().requires_grad_(False), maps).dtype == torch.bfloat16
    with torch.no_grad():
        assert under_autocast(layer(), maps).dtype == torch.bfloat16
    assert under_autocast(layer(), maps, enabled=False).dtype == torch.bfloat16
