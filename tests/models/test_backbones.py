"""Backbones of both libraries against what the libraries themselves compute."""

import pytest
import timm
import torch
from safetensors.torch import save_file
from torchvision import models as torchvision_models

import ssliqa.models.backbones
from ssliqa.errors import ConfigError, ModelError
from ssliqa.models.backbones import build_backbone

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))

# name, options, feature size, convention of the weights (the libraries' own documentation)
BACKBONES = [
    ("test_resnet", {}, 96, HALF),
    ("test_efficientnet", {}, 256, IMAGENET),
    ("test_convnext", {}, 64, HALF),
    ("test_vit", {"img_size": 64}, 64, HALF),
    ("mobilenetv3_small_050", {}, 288, IMAGENET),
    ("timm:resnet10t", {}, 512, IMAGENET),
    ("torchvision:mobilenet_v3_small", {}, 576, IMAGENET),
    ("shufflenet_v2_x0_5", {}, 1024, IMAGENET),
    ("shufflenet_v2_x0_5_stage4", {}, 192, IMAGENET),
    ("scene_statistics", {"width": 16}, 16, IMAGENET),
    ("mobilenetv1_025", {}, 256, HALF),
    ("mobilenetv1_050", {"pad_type": "same"}, 512, HALF),
]
NAMES = [name for name, *_ in BACKBONES]

OWN = '''
from torch import nn
from ssliqa.models.backbones.contract import Backbone

def build(name, options, pretrained):
    """The mean color of an image, scaled."""
    return Backbone(
        net=nn.Conv2d(3, options.get("features", 3), 1),
        features=options.get("features", 3),
        mean=(0.1, 0.2, 0.3),
        std=(1, 1, 1),
        extract=lambda net, images: net(images).mean((2, 3)),
    )
'''


def images(count=2, size=64, seed=0):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("name", "options", "features", "convention"), BACKBONES, ids=NAMES)
def test_a_backbone_says_its_feature_size_and_normalization(name, options, features, convention):
    backbone = build_backbone(name, options=options).eval()
    assert backbone.features == features
    assert (backbone.mean, backbone.std) == convention
    assert backbone.options == options
    with torch.no_grad():
        assert backbone(images()).shape == (2, features)


@pytest.mark.parametrize(("name", "options"), [row[:2] for row in BACKBONES], ids=NAMES)
def test_an_activation_does_not_depend_on_the_other_images(name, options):
    backbone = build_backbone(name, options=options).eval()
    with torch.no_grad():
        together = backbone(images(3))
        alone = torch.cat([backbone(image[None]) for image in images(3)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(together[0], together[1], atol=0)


@pytest.mark.parametrize(("name", "options"), [row[:2] for row in BACKBONES], ids=NAMES)
def test_every_parameter_belongs_to_one_stage(name, options):
    backbone = build_backbone(name, options=options)
    listed = [parameter for stage in backbone.stages for parameter in stage]
    assert sorted(listed) == sorted(key for key, _ in backbone.net.named_parameters())


def test_stages_run_from_input_to_output():
    first, *_, last = build_backbone("mobilenetv1_025").stages
    assert "conv_stem.weight" in first
    assert all(key.startswith("blocks.4.") for key in last)
    first, *_, last = build_backbone("alexnet").stages
    assert (first[0], last[0]) == ("features.0.weight", "features.10.weight")


@pytest.mark.parametrize(("name", "options"), [row[:2] for row in BACKBONES], ids=NAMES)
def test_every_parameter_takes_part(name, options):
    # A part that is left over after the classifier was cut off would be dead weight, and an error
    # with several processes.
    backbone = build_backbone(name, options=options).train()
    backbone(images(4)).square().sum().backward()
    idle = [key for key, values in backbone.named_parameters() if values.grad is None]
    assert idle == []


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "resnet10t"])
def test_a_timm_activation_is_timms_own_pooled_feature(name):
    backbone = build_backbone(name).eval()
    reference = timm.create_model(name, num_classes=0).eval()
    reference.load_state_dict(backbone.net.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(backbone(images()), reference(images()), rtol=1e-4, atol=1e-5)


def test_the_activation_of_mobilenet_v3_is_pooled_before_its_second_head():
    backbone = build_backbone("mobilenetv3_small_050").eval()
    reference = timm.create_model("mobilenetv3_small_050", num_classes=0).eval()
    missing = reference.load_state_dict(backbone.net.state_dict(), strict=False)
    assert all(key.startswith("conv_head") for key in missing.missing_keys)
    with torch.no_grad():
        expected = reference.forward_features(images()).mean((2, 3))
        torch.testing.assert_close(backbone(images()), expected)


@pytest.mark.parametrize(
    ("name", "norm"), [("test_convnext", "LayerNorm2d"), ("test_mambaout", "LayerNorm")]
)
def test_networks_that_normalize_in_their_head_give_the_normalized_feature(name, norm):
    backbone = build_backbone(name).eval()
    assert type(backbone.net.head.norm).__name__ == norm
    reference = timm.create_model(name, num_classes=0).eval()
    reference.load_state_dict(backbone.net.state_dict(), strict=False)
    with torch.no_grad():
        features = reference.forward_features(images())
        axes = (2, 3) if norm == "LayerNorm2d" else (1, 2)
        pooled = features.mean(axes, keepdim=True)
        expected = reference.head.norm(pooled).flatten(1)
        torch.testing.assert_close(backbone(images()), expected)
    torch.testing.assert_close(expected.mean(1), torch.zeros(2), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "name",
    [
        "convnext_large_mlp",
        "efficientvit_b0",
        "hgnetv2_b0",
        "inception_next_atto",
        "selecsls42",
        "swin_tiny_patch4_window7_224",  # channels last
    ],
)
def test_no_family_of_heads_leaves_dead_weight_or_another_size(name):
    with torch.device("meta"):  # shapes only
        backbone = build_backbone(name).train()
        activation = backbone(torch.zeros(2, 3, 224, 224))
        activation.sum().backward()
    assert activation.shape == (2, backbone.features)
    assert [key for key, values in backbone.named_parameters() if values.grad is None] == []


def test_the_activation_of_a_vision_transformer_is_its_pooled_token():
    backbone = build_backbone("test_vit", options={"img_size": 64}).eval()
    reference = timm.create_model("test_vit", num_classes=0, img_size=64).eval()
    reference.load_state_dict(backbone.net.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(backbone(images()), reference(images()))


def test_a_torchvision_activation_is_the_pooled_last_feature_map():
    backbone = build_backbone("torchvision:mobilenet_v3_small").eval()
    reference = torchvision_models.mobilenet_v3_small().eval()
    reference.load_state_dict(backbone.net.state_dict(), strict=False)
    with torch.no_grad():
        expected = reference.features(images()).mean((2, 3))
        torch.testing.assert_close(backbone(images()), expected)


def test_shufflenet_can_be_cut_before_its_last_convolution():
    backbone = build_backbone("shufflenet_v2_x0_5_stage4").eval()
    reference = torchvision_models.shufflenet_v2_x0_5().eval()
    reference.load_state_dict(backbone.net.state_dict(), strict=False)
    with torch.no_grad():
        x = reference.maxpool(reference.conv1(images()))
        x = reference.stage4(reference.stage3(reference.stage2(x)))
        torch.testing.assert_close(backbone(images()), x.mean((2, 3)))
    assert not any(key.startswith(("conv5", "fc")) for key in backbone.net.state_dict())


def test_the_cut_shufflenet_takes_weights_of_the_whole_network(tmp_path):
    whole = torchvision_models.shufflenet_v2_x0_5()
    file = tmp_path / "shufflenet.safetensors"
    save_file(whole.state_dict(), file)
    backbone = build_backbone("shufflenet_v2_x0_5_stage4", weights=str(file))
    torch.testing.assert_close(
        backbone.net.state_dict()["conv1.0.weight"], whole.conv1[0].weight.detach()
    )


def test_torchvision_batch_norm_follows_train_and_eval_after_the_cut():
    backbone = build_backbone("torchvision:mobilenet_v3_small")
    before = {key: value.clone() for key, value in backbone.named_buffers()}
    with torch.no_grad():
        backbone.eval()(images())
        assert all(torch.equal(value, before[key]) for key, value in backbone.named_buffers())
        backbone.train()(images())
        assert not all(torch.equal(value, before[key]) for key, value in backbone.named_buffers())


def test_googlenet_comes_without_its_auxiliary_classifiers():
    # 5.6 M parameters are those of the trunk; the two classifiers hold millions more.
    backbone = build_backbone("googlenet")
    assert not any("aux" in key for key in backbone.state_dict())
    assert sum(values.numel() for values in backbone.parameters()) == 5_599_904


def test_googlenet_gets_images_as_its_weights_want_them(monkeypatch):
    # torchvision's weights come with a switch that converts images inside the network.
    switched = torchvision_models.googlenet(init_weights=False, transform_input=True).eval()
    made = []

    def with_weights(_, weights, **options):
        assert weights == "DEFAULT"
        assert "transform_input" not in options  # torchvision refuses another value than its own
        made.append(torchvision_models.googlenet(init_weights=False, transform_input=True))
        made[0].load_state_dict(switched.state_dict())
        return made[0]

    monkeypatch.setattr(torchvision_models, "get_model", with_weights)
    backbone = build_backbone("googlenet", weights="hub").eval()
    assert (backbone.mean, backbone.std) == HALF
    seen = []
    switched.inception5b.register_forward_hook(lambda _m, _i, output: seen.append(output))
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in IMAGENET)
    with torch.no_grad():
        switched((images() - mean) / std)
        found = backbone((images() - 0.5) / 0.5)
    torch.testing.assert_close(found, seen[0].mean((2, 3)), rtol=1e-4, atol=1e-5)


def test_googlenet_with_its_conversion_asked_for_wants_the_usual_normalization():
    backbone = build_backbone("googlenet", options={"transform_input": True})
    assert (backbone.mean, backbone.std) == IMAGENET


def test_the_prefix_says_which_library_is_meant():
    of_timm = build_backbone("timm:resnet18")
    of_torchvision = build_backbone("torchvision:resnet18")
    assert type(of_timm.net) is not type(of_torchvision.net)
    assert type(build_backbone("resnet18").net) is type(of_timm.net)  # timm is asked first


def test_a_weight_tag_is_part_of_the_name():
    assert build_backbone("test_resnet.r160_in1k").features == 96


@pytest.mark.parametrize(
    "name", ["nonsense", "timm:alexnet", "torchvision:test_resnet", "", "keras:resnet18", "find"]
)
def test_an_unknown_backbone_is_refused_with_where_to_look(name):
    with pytest.raises(ConfigError, match=r"timm\.list_models"):
        build_backbone(name)


@pytest.mark.parametrize("name", ["test_resnet", "torchvision:alexnet"])
def test_an_option_the_architecture_does_not_take_is_named(name):
    with pytest.raises(ConfigError, match="wings"):
        build_backbone(name, options={"wings": 2})


def test_a_torchvision_network_without_a_feature_map_is_refused():
    with (
        torch.device("meta"),  # its weights would take seconds
        pytest.raises(ConfigError, match=r"no final feature map.*timm"),
    ):
        build_backbone("torchvision:vit_b_32")


def test_options_reach_the_builder():
    same = build_backbone("test_efficientnet", options={"pad_type": "same"})
    assert same.options == {"pad_type": "same"}
    assert type(same.net.conv_stem).__name__ == "Conv2dSame"
    assert type(build_backbone("test_efficientnet").net.conv_stem) is torch.nn.Conv2d


def test_given_mean_and_std_win_over_the_librarys():
    backbone = build_backbone("test_resnet", mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
    assert (backbone.mean, backbone.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))


@pytest.mark.parametrize("name", ["test_resnet", "torchvision:mobilenet_v3_small"])
def test_without_a_network_hub_weights_are_an_error_that_says_so(name, monkeypatch, tmp_path):
    def no_network(*_, **__):
        raise OSError("no network in tests")

    monkeypatch.setattr("socket.getaddrinfo", no_network)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"could not be fetched.*--weights"):
        build_backbone(name, weights="hub")


def test_a_new_backbone_is_one_new_file(tmp_path, monkeypatch):
    (tmp_path / "mean_color.py").write_text(OWN)
    monkeypatch.setattr(
        ssliqa.models.backbones, "__path__", [*ssliqa.models.backbones.__path__, str(tmp_path)]
    )
    backbone = build_backbone("mean_color", options={"features": 4})
    assert backbone.features == 4
    assert backbone.mean == (0.1, 0.2, 0.3)
    assert backbone(images()).shape == (2, 4)
