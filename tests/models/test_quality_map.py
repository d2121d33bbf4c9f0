"""Quality maps: consistent with the score, and lower where a photograph is worse."""

from importlib.resources import files

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torch import nn

from ssliqa.demo.scenes import PHOTOGRAPHS
from ssliqa.errors import ImageReadError, ModelError
from ssliqa.images import Protocol
from ssliqa.models import QualityModel
from ssliqa.models.backbones import Backbone, build_backbone
from ssliqa.models.quality_map import place_logits
from ssliqa.models.tiles import blend_tiles, cut_tiles
from ssliqa.opinion import Scale

CONVOLUTIONAL = [
    "test_resnet",
    "test_efficientnet",
    "test_convnext",
    "torchvision:mobilenet_v3_small",
    "torchvision:shufflenet_v2_x0_5",
    "mobilenetv2_100",
]


def crops(n=2, size=96):
    generator = torch.Generator().manual_seed(3)
    return torch.randint(0, 256, (n, 3, size, size), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("name", [n for n in CONVOLUTIONAL if n != "test_convnext"])
def test_the_mean_of_the_logits_of_places_is_the_logits_of_the_crop(name, tiny_model):
    model = tiny_model(name)
    with torch.inference_mode():
        places = place_logits(model, crops())
        whole = model(crops()).distribution.log()
    assert min(places.shape[2:]) >= 2
    assert places.std((2, 3)).min() > 0
    mean = places.mean((2, 3))
    torch.testing.assert_close(mean.log_softmax(1), whole, rtol=1e-4, atol=1e-4)


SWIN = pytest.param("swin_tiny_patch4_window7_224", marks=pytest.mark.slow)


@pytest.mark.parametrize("name", [*CONVOLUTIONAL, SWIN])
def test_where_all_places_are_alike_each_has_the_activation_of_the_image(name):
    # A 1x1 feature map has one place: the network cannot but say of it what it says of the image.
    torch.manual_seed(0)
    backbone = build_backbone(name).eval()
    size = 224 if name.startswith("swin") else 32
    images = torch.randn(1, 3, size, size)
    with torch.inference_mode():
        places, activation = backbone.places(images), backbone(images)
    assert places.shape[:2] == activation.shape
    if places.shape[2:] == (1, 1):
        torch.testing.assert_close(places[..., 0, 0], activation, rtol=1e-4, atol=1e-5)
    else:
        torch.testing.assert_close(places.mean((2, 3)), activation, rtol=1e-4, atol=1e-5)


class Bright(nn.Module):
    """The brightness of cells of 8 pixels, (B, 1, h, w)."""

    def forward(self, images):
        return nn.functional.avg_pool2d(images.mean(1, keepdim=True), 8)


@pytest.fixture
def by_hand():
    """A model whose score rises with brightness: 5 times exp(4 b level) / sum."""
    small = Protocol(short=64, crop=32, grid=2)
    model = QualityModel.create(
        "test_resnet", protocol=small, mean=(0, 0, 0), std=(1, 1, 1), scale=Scale(0, 100)
    )
    average = lambda net, images: net(images).mean((2, 3))  # noqa: E731
    model.backbone = Backbone(
        Bright(), 1, (0, 0, 0), (1, 1, 1), average, places=lambda net, images: net(images)
    )
    model.head = nn.Sequential(nn.Linear(1, 5))
    with torch.no_grad():
        model.head[0].weight.copy_(torch.linspace(-2, 2, 5)[:, None])
        model.head[0].bias.zero_()
    return model.eval()


def score_of(bright):
    """What the model made by hand says of one brightness, on 0..100."""
    odds = np.exp(np.linspace(-2, 2, 5) * bright)
    return 25 * (odds @ np.arange(5)) / odds.sum()


def test_each_place_has_the_score_of_a_photograph_that_looks_like_it(by_hand):
    pixels = np.full((64, 96, 3), 51, np.uint8)
    pixels[:, 48:] = 204
    found = by_hand.quality_map(pixels)
    assert found.values.shape == (64, 96)
    assert found.pixels.shape == (64, 96, 3)
    np.testing.assert_allclose(found.values[:, :36], score_of(0.2), atol=1e-4)
    np.testing.assert_allclose(found.values[:, 60:], score_of(0.8), atol=1e-4)
    assert found.score == by_hand.score(pixels)


@pytest.mark.parametrize("size", [(64, 64), (64, 96), (200, 64), (64, 256)])
def test_of_an_even_photograph_every_place_has_its_score(by_hand, size):
    found = by_hand.quality_map(np.full((*size, 3), 150, np.uint8))
    assert found.values.shape == size
    np.testing.assert_allclose(found.values, found.score.score, atol=1e-4)


def test_where_lower_is_better_the_map_is_turned_around(by_hand):
    pixels = np.full((64, 96, 3), 51, np.uint8)
    pixels[:, 48:] = 204
    plain = by_hand.quality_map(pixels).values
    by_hand.scale = Scale(0, 100, higher_is_better=False)
    np.testing.assert_allclose(by_hand.quality_map(pixels).values, 100 - plain, atol=1e-9)


def test_tiles_put_back_together_are_the_photograph():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (50, 130, 3), dtype=np.uint8)
    tiles, corners = cut_tiles(pixels, 40)
    again = blend_tiles(tiles[:, 0].float(), corners, 40, (50, 130))
    np.testing.assert_allclose(again, pixels[..., 0], atol=1e-4)


def test_a_head_with_batch_norm_and_a_network_in_training_mode(tiny_model):
    model = tiny_model("test_resnet", head="8-6").train()
    pixels = np.random.default_rng(0).integers(0, 256, (100, 80, 3), dtype=np.uint8)
    first, second = model.quality_map(pixels), model.quality_map(pixels)
    assert model.training
    np.testing.assert_array_equal(first.values, second.values)
    assert first.values.min() >= 1
    assert first.values.max() <= 5


def test_a_network_with_a_class_token_is_refused():
    small = Protocol(short=64, crop=64, grid=1)
    model = QualityModel.create("test_vit", options={"img_size": 64}, protocol=small)
    with pytest.raises(ModelError, match="averages no feature map"):
        model.quality_map(np.zeros((64, 64, 3), np.uint8))


def test_a_photograph_that_cannot_be_read_is_told(tiny_model, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"no photograph")
    with pytest.raises(ImageReadError):
        tiny_model().quality_map(tmp_path / "a.jpg")


def shipped(name):
    """A photograph that an installed package ships, (H, W, 3), about 300 pixels high."""
    (source,) = (photo for photo in PHOTOGRAPHS if photo.name == name)
    with files(source.package).joinpath(source.path).open("rb") as file:
        image = Image.open(file).convert("RGB")
    return image.resize((round(300 * image.width / image.height), 300), Image.Resampling.LANCZOS)


def blurred(image, radius):
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)))


@pytest.fixture(scope="module")
def judge_of_blur():
    """Scene statistics with a head fitted by least squares to five levels of blur."""
    torch.manual_seed(0)
    small = Protocol(short=300, crop=288, grid=1)
    model = QualityModel.create("scene_statistics", protocol=small).eval()
    rng, crops, levels = np.random.default_rng(0), [], []
    for name in ("astronaut", "cat", "rocket", "motorcycle", "temple"):
        image = shipped(name)
        for level in (1, 2, 3, 4, 5):
            pixels = blurred(image, 5 - level)
            for y, x in rng.integers(0, (pixels.shape[0] - 192, pixels.shape[1] - 192), (4, 2)):
                crops.append(pixels[y : y + 192, x : x + 192])
                levels.append(level)
    images = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255
    images = (images - model.mean) / model.std
    net = model.backbone.net
    with torch.no_grad():
        statistics = net.statistics(images)
        net.normalize.running_mean.copy_(statistics.mean(0))
        net.normalize.running_var.copy_(statistics.var(0))
        features = torch.cat([net(images), torch.ones(len(images), 1)], 1)
        wanted = (torch.tensor(levels).float()[:, None] - 3) / 2
        gram = features.T @ features + torch.eye(features.shape[1])
        weights = torch.linalg.solve(gram, features.T @ wanted)
        steps = torch.linspace(-2, 2, 5)[:, None]
        model.head[-1].weight.copy_(steps * weights[:-1, 0])
        model.head[-1].bias.copy_(steps[:, 0] * weights[-1, 0])
    return model


@pytest.mark.parametrize("left", [True, False], ids=["left", "right"])
def test_the_half_of_a_photograph_that_is_blurred_comes_out_worse(left, judge_of_blur):
    image = shipped("coffee")
    sharp = np.asarray(image)
    halves = [slice(0, sharp.shape[1] // 2), slice(sharp.shape[1] // 2, None)]
    harmed, spared = halves if left else halves[::-1]
    pixels = sharp.copy()
    pixels[:, harmed] = blurred(image, 4)[:, harmed]
    before = judge_of_blur.quality_map(sharp).values
    after = judge_of_blur.quality_map(pixels)
    change = after.values - before
    assert change[:, harmed].mean() < -0.5
    assert abs(change[:, spared].mean()) < 0.3 * abs(change[:, harmed].mean())
    assert after.values[:, harmed].mean() < after.values[:, spared].mean()
    assert after.score.score < judge_of_blur.score(sharp).score
