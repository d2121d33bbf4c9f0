import numpy as np
import pytest
import torch
from PIL import Image

from ssliqa.errors import ConfigError, ImageReadError
from ssliqa.images import Protocol
from ssliqa.models import QualityModel
from ssliqa.opinion import Scale

pytest.importorskip("matplotlib", reason="needs the extra 'report'")

from ssliqa.report.activation_maps import activation_maps_plot


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    common = {"protocol": Protocol(short=64, crop=48, grid=1), "scale": Scale(0, 100)}
    names = {"student": "test_resnet", "teacher": "test_efficientnet"}
    return {branch: QualityModel.create(name, **common) for branch, name in names.items()}


@pytest.fixture
def photos(photo, tmp_path):
    files = [tmp_path / "a photograph.png", tmp_path / "other.png"]
    for file, pixels in zip(files, (photo, photo.transpose(1, 0, 2)), strict=True):
        Image.fromarray(pixels).save(file)
    return files


def test_names_ratings_and_the_scores_of_every_network_are_written(networks, photos, tmp_path):
    path = activation_maps_plot(
        networks, photos, tmp_path / "maps.svg", ratings=[12.3, 45.6], title="first"
    )
    text = path.read_text()
    for photo, rating in zip(photos, ("12.3", "45.6"), strict=True):
        assert f"<!-- {photo.name}" in text
        assert f"MOS {rating}" in text
        for name, model in networks.items():
            assert f"<!-- {name}" in text
            assert f"score {model.score(photo).score:.3g}" in text
    assert text.count("<image") >= 2 * (1 + len(networks))


def test_the_same_photographs_give_the_same_bytes(networks, photos, tmp_path):
    first, second = (
        activation_maps_plot(networks, photos[:1], tmp_path / f"{name}.png") for name in "xy"
    )
    assert first.read_bytes() == second.read_bytes()


def test_a_student_alone_makes_a_narrower_picture(networks, photos, tmp_path):
    both = activation_maps_plot(networks, photos, tmp_path / "both.png")
    student = {"student": networks["student"]}
    alone = activation_maps_plot(student, photos, tmp_path / "alone.png")
    with Image.open(both) as wide, Image.open(alone) as narrow:
        assert wide.width > 1.3 * narrow.width
        assert np.asarray(narrow.convert("HSV"))[..., 1].max() > 50


def test_no_photographs_and_unreadable_ones_are_errors(networks, tmp_path):
    with pytest.raises(ConfigError, match="no photographs"):
        activation_maps_plot(networks, [], tmp_path / "maps.png")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photograph")
    with pytest.raises(ImageReadError, match=r"broken\.jpg"):
        activation_maps_plot(networks, [broken], tmp_path / "maps.png")
    assert not (tmp_path / "maps.png").exists()
