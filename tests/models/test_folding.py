"""Batch-norm at rest, folded into convolutions, against the same layers one by one."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ssliqa.models import QualityModel
from ssliqa.models.folding import conv_norm_pairs, folded

# Architecture, its batch-norm layers, and those that can be folded. DenseNet's and the
# pre-activation ResNet's norms mostly come before their convolutions; the latter's first
# convolution is also read by a shortcut.
NETWORKS = [
    ("test_resnet", 15, 15),
    ("mobilenetv2_100", 52, 52),
    ("torchvision:shufflenet_v2_x0_5", 56, 56),
    ("densenet121", 121, 59),
    ("resnetv2_50", 49, 32),
]


def at_rest(name):
    """A network in double precision whose batch-norm layers have something to do."""
    torch.manual_seed(0)
    model = QualityModel.create(name).double()
    for part in model.modules():
        if isinstance(part, _BatchNorm):
            for values, low, high in (
                (part.running_mean, -0.1, 0.1),
                (part.running_var, 0.5, 2),
                (part.weight.data, 0.5, 1.5),
                (part.bias.data, -0.1, 0.1),
            ):
                nn.init.uniform_(values, low, high)
    return model.eval()


def gradients(model, images):
    model.zero_grad()
    model(images).distribution[:, 0].sum().backward()
    return {name: values.grad for name, values in model.named_parameters()}


@pytest.fixture(scope="module")
def images():
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)).double()


@pytest.mark.parametrize(("name", "norms", "foldable"), NETWORKS)
def test_folded_layers_give_the_same_predictions_and_gradients(name, norms, foldable, images):
    model = at_rest(name)
    pairs = conv_norm_pairs(model, lambda: model(images))
    assert sum(isinstance(part, _BatchNorm) for part in model.modules()) == norms
    assert len(pairs) == foldable
    plain = model(images)
    expected = gradients(model, images)
    with folded(pairs):
        found = model(images)
        actual = gradients(model, images)
    torch.testing.assert_close(found.activation, plain.activation)
    torch.testing.assert_close(found.distribution, plain.distribution)
    torch.testing.assert_close(actual, expected)


def test_folding_saves_the_batch_norm_passes(images):
    model = at_rest("test_resnet")
    pairs = conv_norm_pairs(model, lambda: model(images))

    def passes():
        with torch.profiler.profile() as profile:
            model(images)
        return sum("batch_norm" in event.name for event in profile.events())

    assert passes() > 0
    with folded(pairs):
        assert passes() == 0


def test_a_convolution_with_a_bias_is_folded(images):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).double().eval()
    nn.init.uniform_(net[1].running_mean)
    plain = net(images)
    with folded(conv_norm_pairs(net, lambda: net(images))):
        torch.testing.assert_close(net(images), plain)


class ReadTwice(nn.Module):
    """What the convolution writes is read by the batch-norm and by a shortcut."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, images):
        out = self.conv(images)
        return self.norm(out) + out


class UsedTwice(ReadTwice):
    """One convolution with two batch-norms."""

    def __init__(self):
        super().__init__()
        self.other = nn.BatchNorm2d(4)

    def forward(self, images):
        return self.norm(self.conv(images)) + self.other(self.conv(images))


@pytest.mark.parametrize("kind", [ReadTwice, UsedTwice])
def test_where_folding_would_change_the_result_nothing_is_folded(kind, images):
    net = kind().double().eval()
    assert conv_norm_pairs(net, lambda: net(images)) == {}


class Crossed(ReadTwice):
    """Two convolutions, and then their two batch-norms."""

    def __init__(self):
        super().__init__()
        self.second, self.other = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, images):
        one, other = self.conv(images), self.second(images)
        return self.norm(one) + self.other(other)


def test_convolutions_may_come_before_either_batch_norm(images):
    net = Crossed().double().eval()
    nn.init.uniform_(net.norm.running_mean)
    plain = net(images)
    pairs = conv_norm_pairs(net, lambda: net(images))
    assert len(pairs) == 2
    with folded(pairs):
        torch.testing.assert_close(net(images), plain)


class DropsInTraining(ReadTwice):
    """Something comes between convolution and batch-norm, in training only."""

    def forward(self, images):
        out = self.conv(images)
        return self.norm(2 * out if self.training else out)


def test_what_comes_between_later_is_not_passed_over(images):
    net = DropsInTraining().double().eval()
    pairs = conv_norm_pairs(net, lambda: net(images))
    assert len(pairs) == 1
    net.training = True
    with pytest.raises(RuntimeError, match="not followed"), folded(pairs):
        net(images)


def test_batch_norm_in_training_mode_is_left_alone(images):
    model = at_rest("test_resnet")
    pairs = conv_norm_pairs(model, lambda: model(images))
    model.train()
    plain = model(images).activation
    with folded(pairs):
        torch.testing.assert_close(model(images).activation, plain, rtol=0, atol=0)


def test_pairs_of_one_network_do_nothing_to_another(images):
    model = at_rest("test_resnet")
    pairs = conv_norm_pairs(model, lambda: model(images))
    other = copy.deepcopy(model)
    for values in other.parameters():
        values.data.mul_(1.1)
    plain = other(images).activation
    with folded(pairs):
        torch.testing.assert_close(other(images).activation, plain, rtol=0, atol=0)
