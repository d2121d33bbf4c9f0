"""Heads, with the published sizes and parameter counts as the reference."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ssliqa.errors import ConfigError
from ssliqa.models import QualityModel
from ssliqa.models.heads import PUBLISHED_HEADS, HeadSpec, build_head, head_spec

# Yue et al., IEEE TMM 2023: feature size and hidden sizes as in the authors' code.
PUBLISHED = {
    "alexnet": [256, 128],
    "shufflenet_v2_x0_5_stage4": [192, 128],
    "vgg11": [512, 256],
    "resnet18": [512, 256],
    "mobilenetv3_small_100": [576, 256],
    "googlenet": [1024, 512, 256],
    "densenet121": [1024, 512, 256],
    "mobilenetv2_100": [1280, 512, 256],
    "mnasnet_100": [1280, 512, 256],
    "inception_resnet_v2": [1536, 512, 256],
    "resnet50": [2048, 1024, 512, 256],
    "resnet101": [2048, 1024, 512, 256],
}
WITH_BATCH_NORM = {"resnet18", "mobilenetv2_100"}
WITH_DROPOUT = {"inception_resnet_v2"}

# Millions of parameters of the whole network, counted from the authors' code.
PARAMETERS = {"alexnet": 2.50, "googlenet": 6.26, "resnet101": 45.26}

specs = st.builds(
    HeadSpec,
    hidden=st.lists(st.integers(1, 8), max_size=4).map(tuple),
    batch_norm=st.booleans(),
    dropout=st.sampled_from([0.0, 0.1, 0.5]),
)


def linear_sizes(head):
    layers = [layer for layer in head if isinstance(layer, nn.Linear)]
    return [layers[0].in_features, *(layer.out_features for layer in layers)]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_head_has_the_published_layers(name):
    features, *hidden = PUBLISHED[name]
    head = build_head(features, head_spec("published", name))
    assert linear_sizes(head) == [features, *hidden, 5]
    assert sum(isinstance(layer, nn.ReLU) for layer in head) == 1
    # Stacked linear layers without an activation between them; the only ReLU before the last.
    assert isinstance(head[-1], nn.Linear)
    assert isinstance(head[-2], nn.ReLU)
    batch_norms = [layer for layer in head if isinstance(layer, nn.BatchNorm1d)]
    assert bool(batch_norms) == (name in WITH_BATCH_NORM)
    assert isinstance(head[0], nn.Dropout) == (name in WITH_DROPOUT)


@pytest.mark.parametrize(
    "name",
    [
        "alexnet",
        "shufflenet_v2_x0_5_stage4",
        "vgg11",
        "mobilenetv3_small_100",
        "mobilenetv2_100",
    ],
)
def test_the_activation_has_the_published_size(name):
    with torch.device("meta"):
        model = QualityModel.create(name, head="published")
    assert linear_sizes(model.head)[0] == PUBLISHED[name][0]


@pytest.mark.parametrize(("name", "millions"), PARAMETERS.items())
def test_a_published_network_has_the_published_number_of_parameters(name, millions):
    with torch.device("meta"):  # sizes only
        model = QualityModel.create(name, head="published")
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.005)


def test_every_published_head_is_among_those_of_the_paper():
    covered = {
        next(key for key in sorted(PUBLISHED_HEADS, key=len, reverse=True) if name.startswith(key))
        for name in [*PUBLISHED, "mobilenet_v2", "mobilenet_v3_small"]
    }
    assert covered == set(PUBLISHED_HEADS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("resnet101", "resnet101.a1_in1k"),
        ("resnet101", "torchvision:resnet101"),
        ("mobilenetv2_100", "torchvision:mobilenet_v2"),
        ("mobilenetv3_small_100", "torchvision:mobilenet_v3_small"),
        ("mnasnet_100", "mnasnet1_0"),
    ],
)
def test_both_libraries_spellings_find_the_same_published_head(one, other):
    assert head_spec("published", one) == head_spec("published", other)


def test_a_backbone_without_a_published_head_is_told_which_have_one():
    with pytest.raises(ConfigError, match=r"no published head.*'vit_tiny.*alexnet, densenet121"):
        head_spec("published", "vit_tiny_patch16_224")


def test_the_whole_shufflenet_has_no_published_head():
    with pytest.raises(ConfigError, match="shufflenet_v2_x0_5_stage4"):
        head_spec("published", "shufflenet_v2_x0_5")


def test_the_default_head_is_one_linear_layer():
    head = build_head(7, head_spec("linear", "anything"))
    assert [type(layer) for layer in head] == [nn.Linear]
    assert linear_sizes(head) == [7, 5]


def test_hidden_sizes_can_be_written_down():
    assert head_spec("512-256", "anything") == HeadSpec((512, 256))
    assert head_spec("64", "anything") == HeadSpec((64,))


@pytest.mark.parametrize("text", ["", "mlp", "512-", "-5", "0", "12-0", "5.5", "512 256", "٣"])
def test_what_is_not_a_head_is_refused_with_the_forms_there_are(text):
    with pytest.raises(ConfigError, match="'linear', 'published', or hidden sizes"):
        head_spec(text, "resnet18")


@given(specs, st.integers(1, 6))
def test_a_head_maps_activations_to_five_logits(spec, features):
    head = build_head(features, spec).eval()
    assert head(torch.randn(3, features)).shape == (3, 5)


@given(specs)
def test_a_head_survives_the_way_through_json(spec):
    import json

    assert HeadSpec.from_dict(json.loads(json.dumps(spec.as_dict()))) == spec


def test_dropout_rests_in_evaluation_and_works_in_training():
    head = build_head(64, HeadSpec(dropout=0.5))
    ones = torch.ones(1, 64)
    assert torch.equal(head.eval()(ones), head(ones))
    head.train()
    assert not torch.equal(head(ones), head(ones))
