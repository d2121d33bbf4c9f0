"""From a photograph to a score, against an independent computation and its invariances."""

import io

import numpy as np
import pytest
import timm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file, save_file

from ssliqa.errors import ConfigError, ImageReadError, ModelError
from ssliqa.images import Protocol
from ssliqa.models import QualityModel
from ssliqa.models.quality_model import evaluating
from ssliqa.opinion import Scale

MEAN, STD = (0.1, 0.4, 0.6), (0.2, 0.3, 0.5)

BACKBONES = [
    ("test_resnet", {}),
    ("test_efficientnet", {}),
    ("test_vit", {"img_size": 64}),
    ("torchvision:mobilenet_v3_small", {}),
]


def crops(count=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, 64, 64), dtype=torch.uint8, generator=generator)


def as_png(pixels):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("name", "options"), BACKBONES)
def test_a_prediction_is_a_distribution_and_an_activation_per_image(tiny_model, name, options):
    model = tiny_model(name, options=options)
    prediction = model(crops())
    assert prediction.distribution.shape == (3, 5)
    assert prediction.activation.shape == (3, model.backbone.features)
    assert (prediction.distribution > 0).all()
    torch.testing.assert_close(prediction.distribution.sum(1), torch.ones(3))


def test_the_network_sees_pixels_normalized_as_its_weights_want_them(tiny_model):
    model = tiny_model(mean=MEAN, std=STD)
    seen = []
    first_layer = model.backbone.net.conv1[0]
    first_layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model(crops())
    expected = (crops().numpy() / 255.0 - np.reshape(MEAN, (3, 1, 1))) / np.reshape(STD, (3, 1, 1))
    np.testing.assert_allclose(seen[0].numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_score_is_what_the_documentation_says_it_is(tiny_model, photo):
    """Resize, crops, normalization, pooling, head, softmax, mean and scale, once more by hand."""
    model = tiny_model(mean=MEAN, std=STD, head="6-4", scale=Scale(0, 100, higher_is_better=False))
    # 90 x 120 to a short side of 80: 80 x 106 2/3, and crops of 64 at its corners.
    resized = np.asarray(Image.fromarray(photo).resize((107, 80), Image.Resampling.BILINEAR))
    cut = [resized[y : y + 64, x : x + 64] for y in (0, 16) for x in (0, 43)]
    inputs = (np.stack(cut) / 255.0 - MEAN) / STD

    network = timm.create_model("test_resnet", num_classes=0).eval()
    network.load_state_dict(model.backbone.net.state_dict())
    with torch.no_grad():
        maps = network.forward_features(torch.from_numpy(inputs).float().permute(0, 3, 1, 2))
    f = maps.double().numpy().mean(axis=(2, 3))
    layers = [values.double().numpy() for values in model.head.state_dict().values()]
    hidden = (f @ layers[0].T + layers[1]) @ layers[2].T + layers[3]
    logits = np.maximum(hidden, 0) @ layers[4].T + layers[5]
    shares = softmax(logits).mean(axis=0)
    levels = np.arange(1, 6)
    mos = shares @ levels
    spread = np.sqrt(shares @ (levels - mos) ** 2)

    score = model.score(photo)
    np.testing.assert_allclose(score.distribution, shares, rtol=1e-4)
    assert score.score == pytest.approx(100 * (5 - mos) / 4, rel=1e-5)
    assert score.std == pytest.approx(25 * spread, rel=1e-4)


@pytest.mark.parametrize(("name", "options"), BACKBONES)
def test_bytes_and_fractions_of_a_pixel_give_the_same_bits(tiny_model, name, options):
    model = tiny_model(name, options=options)
    for of_bytes, of_fractions in zip(model(crops()), model(crops().float() / 255), strict=True):
        assert torch.equal(of_bytes, of_fractions)


def test_a_photo_has_the_same_score_as_path_bytes_array_and_picture(tiny_model, photo, tmp_path):
    model = tiny_model()
    path = tmp_path / "photo.png"
    path.write_bytes(as_png(photo))
    score = model.score(photo)
    assert model.score(path) == score
    assert model.score(str(path)) == score
    assert model.score(path.read_bytes()) == score
    assert model.score(Image.fromarray(photo)) == score


@pytest.mark.parametrize(("name", "options"), BACKBONES)
def test_a_score_does_not_depend_on_what_was_scored_before(tiny_model, photo, name, options):
    model = tiny_model(name, options=options)
    alone = model.score(photo)
    others = [model.score(other) for other in (photo[::-1], photo[:, :80], photo // 2, 255 - photo)]
    assert model.score(photo) == alone
    assert alone not in others  # photographs do get different scores


def test_a_model_in_training_mode_scores_as_in_evaluation(tiny_model, photo):
    model = tiny_model(head="published", backbone="mobilenetv3_small_050")
    model.head.insert(0, torch.nn.Dropout(0.5))
    expected = model.eval().score(photo)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.train()
    assert model.score(photo) == expected
    assert all(part.training for part in model.modules())
    # Nor do the statistics move.
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_each_part_gets_its_own_mode_back(tiny_model, photo):
    model = tiny_model().train()
    model.backbone.net.layer1.eval()
    modes = [part.training for part in model.modules()]
    assert len(set(modes)) == 2
    model.score(photo)
    assert [part.training for part in model.modules()] == modes


def test_the_modes_come_back_after_an_error_too(tiny_model):
    model = tiny_model().train()

    def fail():
        with evaluating(model):
            assert not model.backbone.training
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert all(part.training for part in model.modules())


def test_training_goes_on_after_a_score(tiny_model, photo):
    # Tensors made in inference mode may not stand in a graph: nothing of them must remain.
    model = tiny_model().train()
    model.score(photo)
    model(crops()).distribution[:, 0].sum().backward()
    assert all(values.grad is not None for values in model.parameters())


@settings(max_examples=15)
@given(st.integers(20, 150), st.integers(20, 150), st.integers(0, 99))
def test_every_photo_gets_a_score_on_the_scale(height, width, seed):
    model = scoring_model()
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    score = model.score(pixels)
    assert 0 <= score.score <= 100
    assert 0 <= score.std <= 50
    assert sum(score.distribution) == pytest.approx(1)
    assert (score.lower, score.upper) == (None, None)  # not calibrated


def scoring_model(_made=[]):  # noqa: B006 - one model for all examples
    if not _made:
        torch.manual_seed(0)
        protocol = Protocol(short=80, crop=64, grid=2)
        _made.append(QualityModel.create("test_resnet", protocol=protocol, scale=Scale(0, 100)))
    return _made[0]


def test_more_crops_are_looked_at_with_a_finer_grid(tiny_model, photo):
    coarse = tiny_model(protocol=Protocol(short=80, crop=64, grid=1))
    fine = tiny_model(protocol=Protocol(short=80, crop=64, grid=3))
    assert coarse.score(photo) != fine.score(photo)


def test_in_half_precision_the_prediction_is_still_float32(tiny_model):
    model = tiny_model()
    full = model(crops())
    with torch.autocast("cpu", torch.bfloat16):
        half = model(crops())
    assert half.distribution.dtype == half.activation.dtype == torch.float32
    torch.testing.assert_close(half.distribution, full.distribution, atol=0.02, rtol=0)
    torch.testing.assert_close(half.distribution.sum(1), torch.ones(3))


def test_start_weights_come_from_the_file_to_the_last_bit(tiny_model, tmp_path):
    stored = tiny_model(seed=3).backbone.net.state_dict()
    save_file(stored, tmp_path / "test_resnet.safetensors", {"mean": "0.1 0.2 0.3"})
    model = QualityModel.create("test_resnet", weights=str(tmp_path))
    for key, value in model.backbone.net.state_dict().items():
        assert torch.equal(value, stored[key]), key
    assert model.config["mean"] == [0.1, 0.2, 0.3]


def test_real_start_weights_keep_their_convention(shared):
    model = QualityModel.create("mobilenetv2_100", weights=str(shared / "weights"))
    assert model.config["options"] == {"pad_type": "same"}
    assert model.config["mean"] == model.config["std"] == [0.5, 0.5, 0.5]
    stored = load_file(shared / "weights" / "mobilenetv2_100.safetensors")
    assert torch.equal(model.backbone.net.conv_head.weight, stored["conv_head.weight"])


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"backbone": "nonsense"}, ConfigError),
        ({"head": "mlp"}, ConfigError),
        ({"head": "published"}, ConfigError),
        ({"options": {"wings": 2}}, ConfigError),
        ({"weights": "/nowhere.safetensors"}, ModelError),
    ],
)
def test_what_cannot_be_built_is_refused(wrong, error):
    with pytest.raises(error):
        QualityModel.create(**{"backbone": "test_resnet", **wrong})


def test_an_unreadable_photo_is_an_error_and_not_a_score(tiny_model, tmp_path):
    with pytest.raises(ImageReadError):
        tiny_model().score(tmp_path / "nowhere.jpg")


def test_a_model_with_a_broken_normalization_is_an_error_not_a_score(photo):
    from ssliqa.errors import ModelError
    from ssliqa.models import QualityModel

    model = QualityModel.create("test_resnet")
    model.std.zero_()
    with pytest.raises(ModelError, match="not numbers"):
        model.score(photo)
