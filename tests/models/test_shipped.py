"""The model that comes with the package: found by its name, whole, and sensible."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors.torch import load_file

from ssliqa.images import read_image
from ssliqa.images.degradations import DEGRADATIONS, degrade
from ssliqa.models import QualityModel, load_model, save_model
from ssliqa.models.shipped import DEFAULT, shipped

PHOTOGRAPHS = sorted(Path(str(files("ssliqa.scoring.export") / "photographs")).glob("*.jpg"))


@pytest.fixture(scope="module")
def model():
    return load_model(DEFAULT)


def test_it_is_found_by_its_name_in_every_way_a_model_is_named(model):
    assert shipped(DEFAULT) is not None
    again = QualityModel.from_pretrained(DEFAULT)
    assert again.score(PHOTOGRAPHS[0]) == model.score(PHOTOGRAPHS[0])


def test_a_folder_of_the_same_name_is_named_by_its_path(tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_model(tiny_model(), tmp_path / DEFAULT)
    assert load_model(DEFAULT).name == "mobilenetv2_100"
    assert load_model(f"./{DEFAULT}").name == tiny_model().name
    assert [shipped(name) for name in ("../default", ".", "..", "", "no such model")] == [None] * 5


def test_it_is_small_whole_and_tells_nothing_of_where_it_was_made():
    folder = shipped(DEFAULT)
    assert sum(file.stat().st_size for file in folder.rglob("*")) < 10e6
    assert {file.suffix for file in folder.rglob("*.*")} <= {".json", ".jsonl", ".md", ".csv"} | {
        ".safetensors",
        ".yaml",
    }
    config = yaml.safe_load((folder / "training" / "run.yaml").read_text())
    for name in ("labels", "images", "weights", "out"):
        assert "/" not in config[name]
    state = load_file(folder / "model.safetensors")
    assert all(values.isfinite().all() for values in state.values())


def test_its_scores_are_on_a_stated_scale_and_have_intervals(model):
    assert str(model.scale) == "0-100"
    for photo in PHOTOGRAPHS:
        found = model.score(photo)
        assert 0 <= found.lower < found.score < found.upper <= 100
        assert found.upper - found.lower < 70


@pytest.mark.parametrize("kind", DEGRADATIONS)
def test_a_photograph_that_gets_worse_scores_lower(model, kind):
    drops = []
    for photo in PHOTOGRAPHS:
        pixels = read_image(photo)
        scores = [
            model.score(degrade(pixels, kind, severity, np.random.default_rng(0))).score
            for severity in (0, 0.5, 1)
        ]
        drops.append(-np.diff(scores))
    assert np.mean(np.array(drops) > 0) >= 0.85
    assert np.mean(drops) > 3


def test_what_no_camera_took_is_no_good_photograph(model):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (500, 500, 3), dtype=np.uint8)
    gray = np.full((500, 500, 3), 128, np.uint8)
    good = max(model.score(photo).score for photo in PHOTOGRAPHS)
    for pixels in (noise, gray, np.zeros_like(gray)):
        assert model.score(pixels).score < 0.6 * good


def test_the_card_says_what_it_is_for_and_where_it_comes_from():
    card = (shipped(DEFAULT) / "README.md").read_text()
    assert card.startswith("---\n")
    for said in ("Where it fails", "LIVE In the Wild", "Unsplash", "Apache-2.0", "SRCC", "90 %"):
        assert said in card
    assert "{" not in card
