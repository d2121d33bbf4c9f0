"""The networks of a finished run, as they stood when it ended."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from ssliqa import load_model
from ssliqa.cli.main import main
from ssliqa.errors import ModelError, ResumeError
from ssliqa.training import load_branches
from ssliqa.training.loop import CHECKPOINT


@pytest.fixture(scope="module")
def pair_run(tiny_set, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "pair"
    assert main(["train", *tiny_set.arguments(out, "--steps", 3)]) == 0
    return out


def test_both_networks_have_the_weights_of_the_last_step(pair_run):
    branches = load_branches(pair_run)
    assert list(branches) == ["student", "teacher"]
    saved = load_file(pair_run / CHECKPOINT)
    for name, model in branches.items():
        assert not model.training
        for key, value in model.state_dict().items():
            assert torch.equal(value, saved[f"method.branches.{name}.model.{key}"]), key
    assert branches["student"].name == "test_resnet"
    assert branches["teacher"].name == "test_efficientnet"
    assert branches["student"].config == load_model(pair_run).config


def test_the_student_is_the_kept_one_even_where_that_is_not_the_last(pair_run, tmp_path):
    run = shutil.copytree(pair_run, tmp_path / "run")
    other = load_model(run)
    torch.nn.init.constant_(other.head[-1].bias, 0.5)
    other.save_pretrained(run / "model")
    assert (load_branches(run)["student"].head[-1].bias == 0.5).all()


def test_a_supervised_run_has_its_student_only(tiny_run):
    assert list(load_branches(tiny_run)) == ["student"]


def test_a_folder_that_is_no_run_is_an_error(tmp_path):
    with pytest.raises(ResumeError, match=r"holds no run: it has no config\.yaml"):
        load_branches(tmp_path)


def test_an_unfinished_run_says_how_to_go_on(tiny_set, tmp_path, monkeypatch):
    from ssliqa.training import loop
    from ssliqa.training.checkpoint import save_checkpoint

    def unfinished(path, method, optimizer, counters):
        counters.finished = False
        save_checkpoint(path, method, optimizer, counters)

    monkeypatch.setattr(loop, "save_checkpoint", unfinished)
    out = tmp_path / "run"
    assert main(["train", *tiny_set.arguments(out, "--steps", 1)]) == 0
    with pytest.raises(ResumeError, match=r"has not finished.*train --resume"):
        load_branches(out)


@pytest.mark.parametrize("damage", ["no checkpoint", "cut", "older version", "another network"])
def test_damage_is_one_error_that_names_the_run(pair_run, tmp_path, damage):
    run = shutil.copytree(pair_run, tmp_path / "run")
    environment, checkpoint = run / "environment.json", run / CHECKPOINT
    facts = json.loads(environment.read_text())
    if damage == "no checkpoint":
        checkpoint.unlink()
    elif damage == "cut":
        checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    elif damage == "older version":
        del facts["networks"]
    else:
        facts["networks"]["teacher"]["backbone"] = "test_resnet"
    environment.write_text(json.dumps(facts))
    with pytest.raises(ModelError, match=f"networks of '{run}' cannot be loaded"):
        load_branches(run)
