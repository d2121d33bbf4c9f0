"""Activation maps against networks made by hand, whose scores are known place by place."""

import numpy as np
import pytest
import torch
from torch import nn

from ssliqa.errors import ModelError
from ssliqa.images import Protocol, read_resized
from ssliqa.models import QualityModel
from ssliqa.models.activation_map import activation_map
from ssliqa.models.backbones import Backbone

SMALL = Protocol(short=64, crop=32)


class BrightCells(nn.Module):
    """Feature maps of brightness and darkness in cells of 8 pixels, (B, 2, h, w)."""

    def __init__(self):
        super().__init__()
        self.cells = nn.AvgPool2d(8)

    def forward(self, images):
        bright = self.cells(images.mean(dim=1, keepdim=True))
        return torch.cat([bright, 1 - bright], dim=1)


def by_hand(net=None, extract=None, features=2):
    """Of the default network the first feature raises the score, and nothing else does."""
    model = QualityModel.create("test_resnet", protocol=SMALL, mean=(0, 0, 0), std=(1, 1, 1))
    pooled = lambda net, images: net(images).mean((2, 3))  # noqa: E731
    model.backbone = Backbone(
        net or BrightCells(), features, (0, 0, 0), (1, 1, 1), extract or pooled
    )
    model.head = nn.Linear(features, 5)
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.weight[:, 0] = torch.linspace(-2, 2, 5)
        model.head.bias.zero_()
    return model.eval()


@pytest.fixture
def half_bright():
    """(64, 96): dark on the left, bright on the right."""
    pixels = np.full((64, 96, 3), 40, np.uint8)
    pixels[:, 48:] = 200
    return pixels


def test_the_half_that_raises_the_score_is_above_zero_and_the_other_below(half_bright):
    values = activation_map(by_hand(), half_bright)
    assert values.shape == (64, 96)
    assert values[:, :36].max() < 0 < values[:, 60:].min()
    assert values.mean() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(values, values[::-1], atol=1e-6)


def test_a_head_that_prefers_the_dark_turns_the_map_around(half_bright):
    model = by_hand()
    plain = activation_map(model, half_bright)
    with torch.no_grad():
        model.head.weight.neg_()
    assert activation_map(model, half_bright)[:, :36].min() > 0 > plain[:, :36].max()


def test_its_values_are_the_change_of_the_score_to_first_order():
    # Nearly equal halves, so that the first order is all there is.
    pixels = np.full((64, 96, 3), 120, np.uint8)
    pixels[:, 48:] = 124
    model = by_hand()

    def level(image):
        return model.predict(image) @ np.arange(1, 6)

    change = level(np.full_like(pixels, 124)) - level(np.full_like(pixels, 120))
    values = activation_map(model, pixels)
    assert values[:, 70:].mean() - values[:, :26].mean() == pytest.approx(change, rel=0.02)


def test_maps_with_channels_last_and_modules_after_the_pooling_are_the_same(half_bright):
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.net, self.turn, self.after = BrightCells(), nn.Identity(), nn.Identity()

        def forward(self, images):
            places = self.turn(self.net(images).permute(0, 2, 3, 1))
            return self.after(places.mean((1, 2))[..., None, None]).flatten(1)

    turned = by_hand(Turned(), lambda net, images: net(images))
    np.testing.assert_allclose(
        activation_map(turned, half_bright), activation_map(by_hand(), half_bright), atol=1e-6
    )


def test_a_frozen_network_in_training_mode_is_left_as_it_was(half_bright):
    model = QualityModel.create("test_resnet", protocol=SMALL).requires_grad_(False).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first, second = (activation_map(model, half_bright) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first).max() > 0
    assert model.training
    assert not any(part._forward_hooks for part in model.modules())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


class Weighted(nn.Module):
    """Pools with weights, as attention does."""

    def __init__(self):
        super().__init__()
        self.net = BrightCells()

    def forward(self, images):
        places = self.net(images)
        return (places * torch.rand(places.shape[-2:])).mean((2, 3))


@pytest.mark.parametrize(
    "model",
    [
        by_hand(Weighted(), lambda net, images: net(images)),
        QualityModel.create("scene_statistics", protocol=SMALL),
    ],
    ids=["attention", "statistics"],
)
def test_a_network_that_averages_no_feature_map_is_refused(model, half_bright):
    with pytest.raises(ModelError, match="averages no feature map"):
        activation_map(model, half_bright)


def test_of_several_levels_the_map_is_that_of_the_levels_which_the_head_uses(photo):
    torch.manual_seed(0)
    protocol = Protocol(short=64, crop=64)
    one = QualityModel.create("test_resnet", protocol=protocol).eval()
    several = QualityModel.create("test_resnet", protocol=protocol, levels=3).eval()
    several.backbone.load_state_dict(one.backbone.state_dict())
    earlier = sum(several.backbone.level_sizes[:-1])
    with torch.no_grad():
        several.head[0].bias.copy_(one.head[0].bias)
        several.head[0].weight[:, :earlier] = 0
        several.head[0].weight[:, earlier:] = one.head[0].weight
    pixels = read_resized(photo, protocol)
    expected = activation_map(one, pixels)
    np.testing.assert_allclose(activation_map(several, pixels), expected, atol=1e-5)
    with torch.no_grad():
        several.head[0].weight.zero_()[:, :earlier] = torch.randn(5, earlier)
    assert np.ptp(activation_map(several, pixels)) > 1e-3
