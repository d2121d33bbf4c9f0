"""What a user may name as a model, and what a model folder is."""

import json
import stat

import pytest
import torch

from ssliqa.errors import ConfigError, ModelError
from ssliqa.models import QualityModel, load_model, save_model


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def run(tiny_model, tmp_path):
    """A run folder as training leaves it, as far as models go."""
    folder = tmp_path / "first"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.yaml").write_text("student: {}\n")
    save_model(tiny_model(), folder / "model", "## Training\n\nOn nothing.\n")
    return folder


def test_a_run_folder_its_model_folder_and_a_string_name_the_same_model(run, photo):
    score = load_model(run).score(photo)
    assert load_model(run / "model").score(photo) == score
    assert load_model(str(run)).score(photo) == score
    for folder in (run / "model", run):
        assert QualityModel.from_pretrained(folder).score(photo) == score


def test_a_relative_path_of_two_parts_is_a_folder_before_it_is_a_name(run, photo, monkeypatch):
    score = load_model(run).score(photo)
    monkeypatch.chdir(run.parent)
    assert load_model("first/model").score(photo) == score


def test_the_home_folder_can_be_abbreviated(run, photo, monkeypatch):
    monkeypatch.setenv("HOME", str(run.parent))
    assert load_model("~/first").score(photo) == load_model(run).score(photo)


def test_a_run_without_a_model_is_to_be_finished(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(ModelError, match=r"training has not finished.*--resume"):
        load_model(tmp_path)


def test_an_empty_folder_holds_no_model(tmp_path):
    with pytest.raises(ModelError, match=r"holds no model\..*config\.json and model\.safetensors"):
        load_model(tmp_path)


@pytest.mark.parametrize("name", ["nonsense", "a/b/c", "no such/model", "../nowhere"])
def test_nonsense_is_told_what_can_be_named(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"no model folder.*run folder.*\(default\).*\(org/name\)"):
        load_model(name)


def test_a_mistyped_folder_that_looks_like_a_name_on_the_hub_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="no model folder 'runs/frist'"):
        load_model("runs/frist")


def test_a_file_is_not_a_model_folder(run):
    with pytest.raises(ModelError, match="no model folder"):
        load_model(run / "model" / "model.safetensors")


def test_a_damaged_model_in_a_run_is_an_error(run):
    (run / "model" / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(run)


@pytest.mark.parametrize("device", ["nonsense", "cuda:99", ""])
def test_a_device_there_is_not_is_named(run, device):
    with pytest.raises(ConfigError, match=f"The device '{device}' cannot be used"):
        load_model(run, device=device)


def test_a_model_folder_holds_config_weights_and_card(run):
    assert entries(run / "model") == ["README.md", "config.json", "model.safetensors"]
    json.loads((run / "model" / "config.json").read_text())


def test_a_model_folder_has_ordinary_rights(run):
    (run / "ordinary").mkdir()
    (run / "file").touch()

    def rights(path):
        return stat.S_IMODE(path.stat().st_mode)

    assert rights(run / "model") == rights(run / "ordinary")
    assert {rights(path) for path in (run / "model").iterdir()} == {rights(run / "file")}


def test_saving_again_replaces_the_whole_folder(run, tiny_model, photo):
    (run / "model" / "stale.txt").touch()
    other = tiny_model(seed=1)
    save_model(other, run / "model")
    assert entries(run / "model") == ["README.md", "config.json", "model.safetensors"]
    assert load_model(run).score(photo) == other.score(photo)
    assert entries(run) == ["checkpoints", "config.yaml", "model"]


def test_a_save_that_fails_leaves_the_old_model_and_nothing_else(run, tiny_model, photo):
    before = load_model(run).score(photo)

    class Full(QualityModel):
        def save_pretrained(self, folder, **_):
            (folder / "config.json").write_text("{")
            raise OSError("No space left on device")

    broken = tiny_model(seed=1)
    broken.__class__ = Full
    with pytest.raises(OSError, match="No space left"):
        save_model(broken, run / "model")
    assert entries(run) == ["checkpoints", "config.yaml", "model"]
    assert load_model(run).score(photo) == before


def test_weights_in_any_memory_layout_can_be_saved(tiny_model, tmp_path):
    model = tiny_model().to(memory_format=torch.channels_last)
    save_model(model, tmp_path / "model")
    for key, value in load_model(tmp_path).state_dict().items():
        assert torch.equal(value, model.state_dict()[key]), key
