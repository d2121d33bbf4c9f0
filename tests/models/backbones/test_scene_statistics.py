import pytest
import torch

from ssliqa.errors import ConfigError
from ssliqa.models.backbones import build_backbone
from ssliqa.models.backbones.scene_statistics import SceneStatistics, _blur


def picture(seed=0, size=(64, 80)):
    return torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(seed))


def test_the_activation_has_the_width_asked_for():
    backbone = build_backbone("scene_statistics", options={"width": 20, "scales": 2}).eval()
    assert backbone.features == 20
    assert backbone(picture()).shape == (2, 20)


@pytest.mark.parametrize("level", [-2.5, 0.0, 2.6])
def test_a_flat_picture_has_finite_statistics(level):
    net = SceneStatistics()
    assert torch.isfinite(net.statistics(torch.full((1, 3, 64, 64), level))).all()


def test_the_binomial_filter_equals_a_convolution_with_its_kernel():
    weights = torch.tensor([1.0, 4, 6, 4, 1]) / 16
    kernel = torch.outer(weights, weights).expand(3, 1, 5, 5)
    padded = torch.nn.functional.pad(picture(), (2, 2, 2, 2), mode="reflect")
    slow = torch.nn.functional.conv2d(padded, kernel, groups=3)
    torch.testing.assert_close(_blur(picture()), slow, atol=1e-5, rtol=1e-5)


def test_a_picture_counts_alone_as_in_a_batch():
    net, images = SceneStatistics(), picture()
    both = net.statistics(images)
    torch.testing.assert_close(both[1:], net.statistics(images[1:]), atol=1e-5, rtol=1e-5)


def test_only_the_hidden_layer_learns():
    net = SceneStatistics(width=4)
    net(picture()).sum().backward()
    assert {name for name, _ in net.named_parameters()} == {"hidden.weight", "hidden.bias"}
    assert net.hidden.weight.grad is not None


@pytest.mark.parametrize(("options", "weights"), [({"depth": 3}, "none"), ({}, "hub")])
def test_unknown_options_and_pretrained_weights_are_refused(options, weights):
    with pytest.raises(ConfigError, match="scene_statistics"):
        build_backbone("scene_statistics", options=options, weights=weights)
