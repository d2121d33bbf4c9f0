"""An activation pooled from several stages, compared with hooks of the test's own."""

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from ssliqa.errors import ModelError
from ssliqa.images import Protocol
from ssliqa.models import QualityModel, load_model, save_model
from ssliqa.models.backbones import build_backbone
from ssliqa.models.trunk import find_trunk

# name, levels, the modules that the earlier ones end with, sizes as the architectures say
READ = [
    ("mobilenetv2_100", 4, ("blocks.3", "blocks.4", "blocks.5"), (64, 96, 160, 1280)),
    ("resnet18", 3, ("layer2", "layer3"), (128, 256, 512)),
    ("alexnet", 2, ("features.8",), (256, 256)),
    ("test_efficientnet", 1, (), (256,)),
]


def images(count=2, size=64, seed=0):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("name", "levels", "modules", "sizes"), READ)
def test_the_activation_is_the_mean_of_each_stages_map(name, levels, modules, sizes):
    torch.manual_seed(0)
    backbone = build_backbone(name, levels=levels).eval()
    assert (backbone.level_sizes, backbone.features) == (sizes, sum(sizes))
    plain = build_backbone(name).eval()
    plain.load_state_dict(backbone.state_dict())
    means = {}
    for module in modules:
        plain.net.get_submodule(module).register_forward_hook(
            lambda _, __, output, module=module: means.update({module: output.mean((2, 3))})
        )
    with torch.no_grad():
        last = plain(images())
        expected = torch.cat([*(means[module] for module in modules), last], dim=1)
        torch.testing.assert_close(backbone(images()), expected)


def test_copies_and_threads_read_their_own_maps():
    torch.manual_seed(0)
    backbone = build_backbone("test_resnet", levels=3).eval()
    other = copy.deepcopy(backbone)
    with torch.no_grad():
        for values in other.parameters():
            values.mul_(1.1)
        batches = [images(seed=k) for k in range(16)]
        expected = [(backbone(batch), other(batch)) for batch in batches]
        assert not torch.allclose(*expected[0])

        def both(batch):
            with torch.no_grad():
                return backbone(batch), other(batch)

        with ThreadPoolExecutor(4) as threads:
            for found, wanted in zip(threads.map(both, batches), expected, strict=True):
                assert torch.equal(found[0], wanted[0])
                assert torch.equal(found[1], wanted[1])


def test_the_mean_over_places_is_the_activation():
    backbone = build_backbone("mobilenetv2_050", levels=4).eval()
    with torch.no_grad():
        places = backbone.places(images(size=128))
        assert places.shape == (2, backbone.features, 4, 4)
        torch.testing.assert_close(places.mean((2, 3)), backbone(images(size=128)))


def frozen(levels, stages):
    torch.manual_seed(0)
    model = QualityModel.create(
        "mobilenetv2_050", protocol=Protocol(short=80, crop=64), levels=levels
    ).eval()
    for stage in model.backbone.stages[:stages]:
        for parameter in stage:
            model.backbone.net.get_parameter(parameter).requires_grad_(False)
    return model


@pytest.mark.parametrize(("levels", "stages"), [(4, 5), (2, 5), (4, 8)])
def test_a_network_is_entered_behind_frozen_stages_that_are_read(levels, stages):
    model = frozen(levels, stages)
    trunk = find_trunk(model, 64)
    crops = torch.randint(
        0, 256, (3, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    with trunk.entered(trunk.activation(model, crops)) as empty:
        entered = model(empty)
    whole = model(crops)
    torch.testing.assert_close(entered.activation, whole.activation, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(entered.distribution, whole.distribution, rtol=1e-4, atol=1e-5)


def test_a_network_whose_head_reads_earlier_than_it_could_be_entered_is_computed_whole():
    assert find_trunk(frozen(levels=5, stages=5), 64) is None


def test_a_saved_model_reads_what_it_read(tmp_path):
    model = frozen(levels=3, stages=0)
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.backbone.level_sizes == model.backbone.level_sizes
    with torch.no_grad():
        assert torch.equal(loaded(images()).distribution, model(images()).distribution)


@pytest.mark.parametrize(
    ("name", "levels", "message"),
    [
        ("mobilenetv2_050", 8, "levels is 8; of this network the last 7 stages can be read"),
        ("mobilenetv2_050", 0, "levels is 0"),
        ("densenet121", 3, "the last 2 stages can be read"),  # its stages share one module
        ("scene_statistics", 2, "the last 1 stages can be read"),
        ("test_vit", 2, "no feature maps"),
        ("shufflenet_v2_x0_5", 2, "no feature maps"),  # torchvision's are taken apart
    ],
)
def test_levels_that_cannot_be_read_are_an_error(name, levels, message):
    with pytest.raises(ModelError, match=message):
        build_backbone(name, levels=levels)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("mobilenetv2_100", (64, 96, 160, 1280)),
        ("alexnet", (192, 384, 256, 256)),
        ("scene_statistics", None),  # has but one stage
        ("test_vit", (64,)),  # no feature maps
    ],
)
def test_some_levels_are_four_or_as_many_as_can_be_read(name, sizes):
    backbone = build_backbone(name, levels=None)
    assert backbone.level_sizes == (sizes or (build_backbone(name).features,))
    assert backbone.features == sum(backbone.level_sizes)
    images = torch.rand(1, 3, *[160 if name == "test_vit" else 96] * 2)
    assert backbone.eval()(images).shape == (1, backbone.features)
