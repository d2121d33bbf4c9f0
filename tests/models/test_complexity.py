"""Counts against published ones, torchvision's own, and a count by hand."""

import pytest
import torch
from torch import nn
from torchvision.models import get_model_weights

from ssliqa.errors import ConfigError, ModelError
from ssliqa.models import QualityModel
from ssliqa.models.backbones import build_backbone
from ssliqa.models.complexity import backbone_facts, latency, mac_count, parameter_count

# Yue et al., IEEE TMM 2023, counted from the authors' code at 224: millions and billions.
PUBLISHED = {"alexnet": (2.50, 0.66), "googlenet": (6.26, 1.50), "resnet101": (45.26, 7.80)}


@pytest.mark.parametrize(("name", "counts"), PUBLISHED.items())
def test_networks_with_published_heads_have_the_published_counts(name, counts):
    model = QualityModel.create(name, head="published")
    assert round(parameter_count(model) / 1e6, 2) == counts[0]
    assert round(mac_count(model, 224) / 1e9, 2) == counts[1]


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5"])
def test_macs_are_those_that_torchvision_states_for_its_networks(name):
    from torchvision.models import get_model

    stated = get_model_weights(name).DEFAULT.meta["_ops"]  # billions, to three digits
    assert mac_count(get_model(name), 224) / 1e9 == pytest.approx(stated, abs=0.0006)


def counted_by_hand(module, size):
    """MACs of convolutions and linear layers by their definition."""
    total = 0

    def count(layer, _inputs, output):
        nonlocal total
        if isinstance(layer, nn.Conv2d):
            window = layer.kernel_size[0] * layer.kernel_size[1]
            total += output.numel() * window * layer.in_channels // layer.groups
        else:
            total += output.numel() * layer.in_features

    layers = [m for m in module.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    handles = [layer.register_forward_hook(count) for layer in layers]
    with torch.no_grad():
        module.eval()(torch.zeros(1, 3, size, size))
    for handle in handles:
        handle.remove()
    return total


@pytest.mark.parametrize("name", ["mobilenetv1_025", "regnety_004", "test_efficientnet"])
@pytest.mark.parametrize("size", [64, 96])
def test_macs_equal_a_count_by_hand(name, size):
    backbone = build_backbone(name)
    assert mac_count(backbone, size) == counted_by_hand(backbone, size) > 0


def test_attention_is_counted():
    # 64 channels, 16 tokens and the class token: two products of 17 x 17 x 64 in each layer.
    vit = build_backbone("test_vit", options={"img_size": 64})
    layers = sum(type(module).__name__ == "Attention" for module in vit.modules())
    assert layers > 0
    attention = 2 * 17 * 17 * 64 * layers
    assert mac_count(vit, 64) == counted_by_hand(vit, 64) + attention


def test_counting_leaves_the_network_as_it_was():
    backbone = build_backbone("test_resnet").train()
    before = {key: values.clone() for key, values in backbone.state_dict().items()}
    mac_count(backbone, 64)
    latency(backbone, 32)
    assert backbone.training
    assert all(torch.equal(values, before[key]) for key, values in backbone.state_dict().items())


def test_buffers_are_no_parameters():
    assert parameter_count(nn.BatchNorm2d(8)) == 16


def test_facts_of_a_backbone():
    facts = backbone_facts("mobilenetv1_025", 96)
    assert (facts.library, facts.license) == ("ssliqa", "apache-2.0")
    assert (facts.features, facts.normalization, facts.size) == (256, "half", 96)
    assert sum(facts.stages) == facts.parameters == 213_072
    assert facts.latency is None
    assert backbone_facts("test_efficientnet", 32).normalization == "imagenet"


def test_latency_is_the_median_of_single_forward_passes():
    import time

    calls = []

    class Slow(nn.Module):
        def forward(self, images):
            calls.append(tuple(images.shape))
            time.sleep(0.5 if len(calls) == 5 else 0.02)  # one hiccup does not count
            return images

    found = latency(Slow(), 8)
    assert 0.02 <= found.seconds < 0.2
    assert found.runs >= 5
    assert set(calls) == {(1, 3, 8, 8)}
    assert found.threads == torch.get_num_threads()


@pytest.mark.parametrize(("name", "size"), [("swin_tiny_patch4_window7_224", 96), ("alexnet", 20)])
def test_a_size_that_a_network_does_not_take_is_refused(name, size):
    with pytest.raises(ModelError, match=f"does not take images of {size}x{size} pixels .*224"):
        backbone_facts(name, size)


def test_an_unknown_network_is_refused():
    with pytest.raises(ConfigError, match="no backbone called 'nonsense'"):
        backbone_facts("nonsense")
