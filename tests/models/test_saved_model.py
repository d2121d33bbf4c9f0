"""A model folder gives back the same model to the last bit, or an error; never random numbers."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from ssliqa.errors import ModelError
from ssliqa.images import Protocol
from ssliqa.models import QualityModel
from ssliqa.opinion import Scale

RICH = {
    "head": "8-6",
    "mean": (0.1, 0.2, 0.3),
    "std": (0.4, 0.5, 0.6),
    "scale": Scale(0, 100, higher_is_better=False),
    "protocol": Protocol(short=70, crop=64, grid=3),
}
MODELS = [
    ("test_resnet", {}),
    ("test_efficientnet", {"options": {"pad_type": "same"}, **RICH}),
    ("test_vit", {"options": {"img_size": 64}}),
    ("test_convnext", {}),
    ("scene_statistics", {"options": {"scales": 2}}),
    ("torchvision:mobilenet_v3_small", {"head": "published"}),
    ("resnet18", {"head": "published"}),  # with batch-norm in the head
]


def crops():
    generator = torch.Generator().manual_seed(5)
    return torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8, generator=generator)


@pytest.fixture
def folder(tiny_model, tmp_path):
    tiny_model().save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def set_config(**changes):
    def change(folder):
        values = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(values | changes))

    return change


def drop_config(key):
    def change(folder):
        values = json.loads((folder / "config.json").read_text())
        del values[key]
        (folder / "config.json").write_text(json.dumps(values))

    return change


def write(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def remove(name):
    return lambda folder: (folder / name).unlink()


def cut_short(folder):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def set_weight(key, value):
    def change(folder):
        state = load_file(folder / "model.safetensors")
        if value is None:
            del state[key]
        else:
            state[key] = value
        save_file(state, folder / "model.safetensors")

    return change


DAMAGES = {
    "weights missing": remove("model.safetensors"),
    "weights empty": write("model.safetensors", b""),
    "weights garbage": write("model.safetensors", b"garbage " * 500),
    "weights cut short": cut_short,
    "weights lack the head": set_weight("head.0.weight", None),
    "weights lack statistics": set_weight("backbone.net.conv1.1.running_var", None),
    "weights have another shape": set_weight("head.0.weight", torch.zeros(5, 7)),
    "weights have more": set_weight("head.9.weight", torch.zeros(5)),
    "config missing": remove("config.json"),
    "config empty": write("config.json", b""),
    "config not JSON": write("config.json", b"{"),
    "config not text": write("config.json", b"\xff\xfe\x00"),
    "config a list": write("config.json", b"[]"),
    "config of something else": write("config.json", b'{"model_type": "bert"}'),
    "config lacks the scale": drop_config("scale"),
    "config lacks the normalization": drop_config("mean"),
    "config has more": set_config(wings=2),
    "config of another backbone": set_config(backbone="test_efficientnet"),
    "config of no backbone": set_config(backbone="nonsense"),
    "config of a number as backbone": set_config(backbone=3),
    "config of another head": set_config(head={"hidden": [7], "batch_norm": False, "dropout": 0.0}),
    "config of an impossible head": set_config(
        head={"hidden": [-7], "batch_norm": False, "dropout": 0.0}
    ),
    "config of two channels": set_config(mean=[0.5, 0.5]),
    "config of an impossible protocol": set_config(protocol={"crop": -1}),
    "config of no scale": set_config(scale={}),
    "config of unknown options": set_config(options={"wings": 2}),
}


@pytest.mark.parametrize(("name", "settings"), MODELS, ids=[name for name, _ in MODELS])
def test_a_model_comes_back_to_the_last_bit(tiny_model, tmp_path, photo, name, settings):
    model = tiny_model(name, **settings)
    model.save_pretrained(tmp_path)
    torch.manual_seed(99)  # what is random would be so differently
    loaded = QualityModel.from_pretrained(tmp_path)
    assert loaded.state_dict().keys() == model.state_dict().keys()
    for key, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key
    for ours, theirs in zip(model(crops()), loaded(crops()), strict=True):
        assert torch.equal(ours, theirs)
    assert loaded.score(photo) == model.score(photo)
    assert loaded.config == model.config
    assert (loaded.protocol, loaded.scale) == (model.protocol, model.scale)
    assert torch.equal(loaded.mean, model.mean)
    assert torch.equal(loaded.std, model.std)


def test_saving_a_loaded_model_writes_the_same_files(folder, tmp_path):
    QualityModel.from_pretrained(folder).save_pretrained(tmp_path / "again")
    for name in ("config.json", "model.safetensors", "README.md"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_a_loaded_model_is_ready_to_score(folder):
    assert not any(part.training for part in QualityModel.from_pretrained(folder).modules())


def test_the_configuration_is_plain_json_of_the_constructor(folder):
    values = json.loads((folder / "config.json").read_text())
    assert values["backbone"] == "test_resnet"
    model = QualityModel(**values)
    assert model.config == values


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_model_is_an_error_and_never_an_untrained_score(folder, damage):
    QualityModel.from_pretrained(folder)
    damage(folder)
    with pytest.raises(ModelError) as caught:
        QualityModel.from_pretrained(folder)
    assert str(folder) in caught.value.found
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_what_does_not_fit_is_named(folder):
    set_weight("head.0.weight", torch.zeros(5, 7))(folder)
    with pytest.raises(ModelError, match=r"does not fit its config\.json: head\.0\.weight\."):
        QualityModel.from_pretrained(folder)


def test_weights_as_a_pickle_are_not_read(folder):
    model = QualityModel.from_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors' cannot be read"):
        QualityModel.from_pretrained(folder)


def test_a_model_on_the_hub_is_found_by_its_name(folder, tmp_path, photo):
    # As the hub's own client keeps what it has downloaded.
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "cache" / "models--someone--sharpness"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    shutil.copytree(folder, repository / "snapshots" / commit)
    loaded = QualityModel.from_pretrained("someone/sharpness", cache_dir=tmp_path / "cache")
    assert loaded.score(photo) == QualityModel.from_pretrained(folder).score(photo)


@pytest.mark.parametrize("name", ["someone/nothing", "nothing"])
def test_a_name_that_is_neither_a_folder_nor_on_the_hub_is_an_error(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=f"no model folder '{name}', and the hub"):
        QualityModel.from_pretrained(name, cache_dir=tmp_path)
