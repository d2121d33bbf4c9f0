"""What is promised of every backbone that ``ssliqa models`` lists, with random weights."""

import pytest
import timm
import torch
from torch import nn
from torchvision.models import get_model_weights

from ssliqa.models.backbones import build_backbone, library_of, listed_backbones

NAMES = [entry["name"] for entry in listed_backbones()]
FIXED_SIZE = {"swin_tiny_patch4_window7_224": 224, "vit_base_r50_s16_224": 224}

# The branches of Yue et al., IEEE TMM 2023, in this project's names.
PAPER = {
    *("alexnet", "googlenet", "resnet18", "resnet34", "resnet50", "resnet101", "vgg11"),
    *("densenet121", "mobilenetv2_100", "mobilenetv3_small_100", "mnasnet_100"),
    *("shufflenet_v2_x0_5_stage4", "inception_resnet_v2", "swin_tiny_patch4_window7_224"),
}
# Of those no library states: the authors' own weights, or none at all.
OF_THIS_PACKAGE = {
    "mobilenetv1_025": ((0.5,) * 3, (0.5,) * 3),  # Google's 8-bit MobileNets
    "mobilenetv1_050": ((0.5,) * 3, (0.5,) * 3),
    "scene_statistics": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "shufflenet_v2_x0_5_stage4": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


@pytest.fixture(scope="module", params=NAMES)
def built(request):
    """A backbone and images that it takes; one at a time, since some are large."""
    torch.manual_seed(0)
    size = FIXED_SIZE.get(request.param, 96)
    images = torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(1))
    return request.param, build_backbone(request.param).eval(), images


def test_the_output_is_one_activation_an_image_and_evaluation_repeats_it(built):
    _, backbone, images = built
    with torch.no_grad():
        first, second = backbone.eval()(images), backbone(images)
    assert first.shape == (3, backbone.features)
    assert torch.isfinite(first).all()
    assert torch.equal(first, second)


def test_an_activation_does_not_depend_on_the_other_images(built):
    _, backbone, images = built
    with torch.no_grad():
        together, alone = backbone.eval()(images), backbone(images[1:2])
    scale = together.abs().max()
    torch.testing.assert_close(together[1:2] / scale, alone / scale, rtol=1e-3, atol=1e-5)
    assert not torch.equal(together[0], together[1])


def test_relation_features_are_taken_before_any_dropout(built):
    _, backbone, images = built
    dropouts = [m for m in backbone.modules() if isinstance(m, nn.modules.dropout._DropoutNd)]
    with torch.no_grad():
        resting = backbone.eval()(images[:1])
        for module in dropouts:
            module.train()
        assert torch.equal(backbone(images[:1]), resting)


def test_the_gradient_reaches_every_parameter(built):
    _, backbone, images = built
    backbone.train()(images[:2]).square().sum().backward()
    idle = [key for key, values in backbone.named_parameters() if values.grad is None]
    odd = [key for key, values in backbone.named_parameters() if not values.grad.isfinite().all()]
    backbone.zero_grad()
    assert (idle, odd) == ([], [])


def test_stages_part_the_parameters_from_input_to_output(built):
    _, backbone, _ = built
    listed = [key for stage in backbone.stages for key in stage]
    assert sorted(listed) == sorted(key for key, _ in backbone.net.named_parameters())
    assert all(backbone.stages)


def test_images_are_normalized_as_the_weights_were_trained(built):
    name, backbone, _ = built
    library, _ = library_of(name)
    if library == "timm":
        config = timm.get_pretrained_cfg(name)
        expected = config.mean, config.std
    elif library == "torchvision":
        preset = get_model_weights(name).DEFAULT.transforms()
        expected = tuple(preset.mean), tuple(preset.std)
        if name == "googlenet":  # it converts these to -1..1 itself; see test_backbones.py
            expected = (0.5,) * 3, (0.5,) * 3
    else:
        expected = OF_THIS_PACKAGE[name]
    assert (backbone.mean, backbone.std) == expected


def test_the_list_holds_each_backbone_once_and_all_of_the_paper():
    assert len(set(NAMES)) == len(NAMES)
    assert set(NAMES) >= PAPER
    roles = {entry["name"]: entry["role"] for entry in listed_backbones()}
    assert {name for name, role in roles.items() if role.startswith("paper")} == PAPER
    assert {"mobilenetv1_025", "mobilenetv1_050", "mobilenetv1_100"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_license_of_the_weights_is_known_and_is_free(name):
    _, license = library_of(name)
    assert license in {"apache-2.0", "mit", "bsd-3-clause", "no weights"}


def test_the_license_is_the_one_the_library_states():
    assert library_of("resnet18") == ("timm", "apache-2.0")
    assert library_of("convnextv2_atto") == ("timm", "cc-by-nc-4.0")
    assert library_of("torchvision:resnet18") == ("torchvision", "bsd-3-clause")
    assert library_of("test_resnet") == ("timm", "apache-2.0")
    assert library_of("scene_statistics") == ("ssliqa", "no weights")
