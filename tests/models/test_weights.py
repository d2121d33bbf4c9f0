"""Weights files: what they hold, what they say of their input, and what is refused."""

import hashlib
import json
import pickle
import re
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ssliqa.errors import ModelError
from ssliqa.models.backbones import build_backbone
from ssliqa.models.backbones.weights import known_convention

KNOWN = json.loads(files("ssliqa.models.backbones").joinpath("known_weights.json").read_text())
REAL = ["mobilenetv1_025", "mobilenetv1_050", "mobilenetv1_100", "mobilenetv2_100"]


@pytest.fixture
def state():
    """Weights of test_resnet that no other initialization has."""
    torch.manual_seed(11)
    return build_backbone("test_resnet").net.state_dict()


@pytest.fixture
def save(tmp_path):
    def write(state, name="test_resnet", metadata=None) -> Path:
        file = tmp_path / f"{name}.safetensors"
        save_file({key: value.contiguous() for key, value in state.items()}, file, metadata)
        return file

    return write


def same(state, other):
    return state.keys() == other.keys() and all(
        torch.equal(state[key], other[key]) for key in state
    )


def build(file, name="test_resnet", **settings):
    return build_backbone(name, weights=str(file), **settings)


def test_a_file_fills_the_backbone(save, state):
    assert same(build(save(state)).net.state_dict(), state)


def test_a_folder_stands_for_the_file_of_the_backbones_name(save, state, tmp_path):
    save(state)
    assert same(build(tmp_path).net.state_dict(), state)
    assert same(build(tmp_path, "timm:test_resnet").net.state_dict(), state)


def test_a_folder_without_that_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ModelError, match=r"no weights file.*test_resnet\.safetensors"):
        build(tmp_path)


def test_a_missing_file_is_an_error_that_lists_what_weights_can_be(tmp_path):
    with pytest.raises(ModelError, match=r"no weights file.*hub, none, a safetensors file"):
        build(tmp_path / "nowhere.safetensors")


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"not safetensors at all" * 20])
def test_a_file_that_is_not_safetensors_is_refused(content, tmp_path):
    (tmp_path / "test_resnet.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="is not a safetensors file"):
        build(tmp_path)


def test_a_truncated_file_is_refused(save, state):
    file = save(state)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelError, match="is not a safetensors file"):
        build(file)


class Trap:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def test_a_pickle_is_refused_and_never_run(tmp_path):
    file, mark = tmp_path / "weights.pth", tmp_path / "mark"
    file.write_bytes(pickle.dumps(Trap(mark)))
    with pytest.raises(ModelError, match="pickled checkpoints are never read"):
        build(file)
    assert not mark.exists()
    pickle.loads(file.read_bytes())  # noqa: S301 - the trap does work
    assert mark.exists()


def test_the_classifier_of_a_checkpoint_is_passed_over(save, state):
    classifier = {"fc.weight": torch.zeros(10, 96), "fc.bias": torch.zeros(10)}
    assert same(build(save(state | classifier)).net.state_dict(), state)


def test_older_checkpoints_need_no_batch_norm_counters(save, state):
    old = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    assert len(old) < len(state)
    assert same(build(save(old)).net.state_dict(), state)


def test_a_checkpoint_that_lacks_a_parameter_is_refused_by_its_name(save, state):
    del state["conv1.0.weight"]
    with pytest.raises(ModelError, match=r"'test_resnet': it lacks conv1\.0\.weight"):
        build(save(state))


def test_a_checkpoint_with_unknown_parameters_is_refused_by_their_names(save, state):
    with pytest.raises(ModelError, match=r"'test_resnet': it has besides wings\.weight"):
        build(save(state | {"wings.weight": torch.zeros(3)}))


def test_a_parameter_of_another_shape_is_refused_by_its_name(save, state):
    state["conv1.0.weight"] = torch.zeros(1, 3, 3, 3)
    with pytest.raises(ModelError, match=r"'test_resnet': it misfits conv1\.0\.weight"):
        build(save(state))


def test_weights_of_another_architecture_are_refused_naming_the_first_few(save, state):
    with pytest.raises(ModelError, match=r"not hold weights of 'test_efficientnet'.*and \d+ m"):
        build(save(state), "test_efficientnet")


def test_a_file_says_how_its_input_was_prepared(save, state):
    metadata = {"mean": "0.1 0.2 0.3", "std": "0.4 0.5 0.6", "options": '{"output_stride": 16}'}
    backbone = build(save(state, metadata=metadata))
    assert (backbone.mean, backbone.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    assert backbone.options == {"output_stride": 16}


def test_the_user_has_the_last_word_over_the_file(save, state):
    metadata = {"mean": "0.1 0.2 0.3", "std": "0.4 0.5 0.6", "options": '{"output_stride": 16}'}
    file = save(state, metadata=metadata)
    backbone = build(file, mean=(0.7, 0.8, 0.9), options={"output_stride": 8})
    assert (backbone.mean, backbone.std) == ((0.7, 0.8, 0.9), (0.4, 0.5, 0.6))
    assert backbone.options == {"output_stride": 8}


def test_without_a_word_from_the_file_the_librarys_convention_holds(save, state):
    backbone = build(save(state, metadata={"format": "pt"}))
    assert (backbone.mean, backbone.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    "metadata",
    [{"mean": "0.5 0.5"}, {"std": "a b c"}, {"options": "{"}, {"options": "[1]"}, {"mean": ""}],
)
def test_unreadable_metadata_is_an_error_that_shows_the_form(save, state, metadata):
    with pytest.raises(ModelError, match="three numbers joined by spaces"):
        build(save(state, metadata=metadata))


def test_the_list_of_known_files_is_well_formed():
    for digest, entry in KNOWN.items():
        assert re.fullmatch("[0-9a-f]{64}", digest)
        assert set(entry) == {"backbone", "mean", "options", "source", "std"}
        assert len(entry["mean"]) == len(entry["std"]) == 3


def test_every_known_file_is_for_a_backbone_there_is():
    for entry in KNOWN.values():
        build_backbone(entry["backbone"], options=entry["options"])


@pytest.mark.parametrize("name", REAL)
def test_the_real_files_are_known_by_their_digest(shared, name):
    file = shared / "weights" / f"{name}.safetensors"
    assert KNOWN[hashlib.sha256(file.read_bytes()).hexdigest()]["backbone"] == name
    convention = known_convention(file, name)
    assert (convention.mean, convention.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert convention.options == {"pad_type": "same"}


def test_the_real_files_keep_their_convention_against_the_librarys(shared):
    backbone = build_backbone("mobilenetv2_100", weights=str(shared / "weights"))
    assert (backbone.mean, backbone.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert build_backbone("mobilenetv2_100").mean == (0.485, 0.456, 0.406)
    assert backbone.options == {"pad_type": "same"}
    assert type(backbone.net.conv_stem).__name__ == "Conv2dSame"
    stored = load_file(shared / "weights" / "mobilenetv2_100.safetensors")
    assert same(backbone.net.state_dict(), stored)


def test_a_known_file_for_another_backbone_is_refused_with_the_right_name(shared):
    file = shared / "weights" / "mobilenetv1_100.safetensors"
    with pytest.raises(ModelError, match="weights of 'mobilenetv1_100', not of 'mobilenetv2_"):
        build(file, "mobilenetv2_100")
