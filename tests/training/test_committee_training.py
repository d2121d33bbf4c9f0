"""Trainings whose student is fitted to what a committee says."""

import signal

import pytest
import torch
from safetensors.torch import load_file, save_file

from ssliqa.cli.train import configuration
from ssliqa.errors import ConfigError, SsliqaError
from ssliqa.methods import Branch
from ssliqa.models import QualityModel
from ssliqa.training import Monitor, load_branches, resume, train
from ssliqa.training.loop import CHECKPOINT, InterruptedRunError

FEW = ("--method", "committee", "--label-budget", "12", "--steps", "4", "--views", "2")
OPTIONS = (*FEW, "--method.teacher_from", "12")
LABELS_ALONE = ("--method.order", "0", "--method.agreement", "0")


class StopAt(Monitor):
    """Ends a training as a power cut would, after a step's checkpoint."""

    def __init__(self, last):
        self.last = last

    def step(self, progress, loss):  # noqa: ARG002
        if progress.step == self.last:
            raise KeyboardInterrupt


def test_the_student_keeps_its_network_and_reads_several_of_its_levels(tiny_set, tmp_path):
    result = train(configuration(tiny_set.arguments(tmp_path / "run", *OPTIONS)), Monitor())
    assert len(result.model.backbone.level_sizes) == 4
    torch.manual_seed(0)
    untrained = QualityModel.create("test_resnet", levels=4).backbone.state_dict()
    found = result.model.backbone.state_dict()
    assert all(torch.equal(values, found[key]) for key, values in untrained.items())


def test_a_training_that_was_interrupted_ends_with_the_same_head(tiny_set, tmp_path):
    whole = train(configuration(tiny_set.arguments(tmp_path / "whole", *OPTIONS)), Monitor())
    cut = configuration(tiny_set.arguments(tmp_path / "cut", *OPTIONS, "--checkpoint-minutes", "0"))
    with pytest.raises(KeyboardInterrupt):
        train(cut, StopAt(2))
    again = resume(tmp_path / "cut", Monitor())
    assert torch.equal(again.model.head[0].weight, whole.model.head[0].weight)
    one, other = (
        load_file(tmp_path / run / "model" / "model.safetensors") for run in ("whole", "cut")
    )
    assert all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(("after", "at_the_end"), [(3, False), (60, True)])
def test_a_pass_over_the_photographs_can_be_stopped_and_gone_on_with(
    after, at_the_end, tiny_set, tmp_path, monkeypatch
):
    whole = train(configuration(tiny_set.arguments(tmp_path / "whole", *OPTIONS)), Monitor())
    looked = []
    target = Branch.target

    def stopping(self, images):
        looked.append(1)
        if len(looked) == after:
            signal.raise_signal(signal.SIGINT)
        return target(self, images)

    monkeypatch.setattr(Branch, "target", stopping)
    cut = configuration(tiny_set.arguments(tmp_path / "cut", *OPTIONS, "--checkpoint-minutes", "0"))
    with pytest.raises(InterruptedRunError, match="Stopped in a pass over all photographs"):
        train(cut, Monitor())
    assert len(looked) == after
    trained = (tmp_path / "cut" / CHECKPOINT).exists()
    assert trained == at_the_end
    again = resume(tmp_path / "cut", Monitor())
    assert torch.equal(again.model.head[0].weight, whole.model.head[0].weight)


class Told(Monitor):
    """Keeps what it is told."""

    def __init__(self):
        self.messages = []
        self.kept = 0

    def message(self, text):
        self.messages.append(text)

    def preparing(self, done, total):  # noqa: ARG002
        self.kept = total


def test_a_head_fitted_to_a_network_of_random_weights_is_remarked_on(tiny_set, tmp_path):
    told = Told()
    train(configuration(tiny_set.arguments(tmp_path / "run", *OPTIONS)), told)
    remark = "The student's network keeps its random weights"
    assert any(remark in text for text in told.messages)
    weights = tmp_path / "weights.safetensors"
    torch.manual_seed(0)
    save_file(QualityModel.create("test_resnet").backbone.net.state_dict(), weights)
    known = ("--student.weights", weights, "--student.mean", "[0.5, 0.5, 0.5]")
    known += ("--student.std", "[0.5, 0.5, 0.5]")
    told = Told()
    train(configuration(tiny_set.arguments(tmp_path / "known", *OPTIONS, *known)), told)
    assert not any(remark in text for text in told.messages)


def test_without_photographs_to_label_the_head_is_fitted_to_the_labels_and_nothing_trained(
    tiny_set, tmp_path
):
    told = Told()
    every = (*OPTIONS, "--label-budget", "19")
    alone = train(
        configuration(tiny_set.arguments(tmp_path / "alone", *every, *LABELS_ALONE)), told
    )
    assert any("no unlabeled photographs for the committee" in text for text in told.messages)
    fitted = ("--method", "supervised", "--fit-head", "true", "--steps", "0", "--views", "2")
    plain = train(configuration(tiny_set.arguments(tmp_path / "plain", *fitted)), Monitor())
    assert torch.equal(alone.model.head[0].weight, plain.model.head[0].weight)
    for asked in ("order", "agreement"):
        only = (*every, *LABELS_ALONE, f"--method.{asked}", "1")
        evident = train(configuration(tiny_set.arguments(tmp_path / asked, *only)), Monitor())
        assert not torch.allclose(evident.model.head[0].weight, plain.model.head[0].weight)
    pool = ("--label-budget", "19", "--unlabeled", tiny_set.further)
    more = configuration(tiny_set.arguments(tmp_path / "more", *OPTIONS, *pool))
    found = train(more, Monitor()).model.head[0].weight
    assert (found - plain.model.head[0].weight).norm() > 0.05 * found.norm()


def test_with_fewer_labels_than_asked_for_no_teacher_is_trained_and_nothing_computed_for_it(
    tiny_set, tmp_path
):
    told = Told()
    options = tiny_set.arguments(tmp_path / "few", *FEW, *LABELS_ALONE)
    few = train(configuration(options), told)
    assert "With 12 labels a trained teacher" in told.messages[-1]
    assert "--method.teacher_from 12 trains one" in told.messages[-1]
    assert told.kept == 12  # the student's activations of the labeled photographs
    fitted = ("--method", "supervised", "--fit-head", "true", "--steps", "0", *FEW[2:4], *FEW[6:])
    plain = train(configuration(tiny_set.arguments(tmp_path / "plain", *fitted)), Monitor())
    assert torch.equal(few.model.head[0].weight, plain.model.head[0].weight)
    options = tiny_set.arguments(tmp_path / "taught", *OPTIONS, *LABELS_ALONE)
    taught = train(configuration(options), told)
    assert not torch.equal(few.model.head[0].weight, taught.model.head[0].weight)


def test_a_teacher_that_is_not_trained_needs_no_weights_and_is_nowhere_shown(tiny_set, tmp_path):
    options = (*FEW, "--method.teacher_from", "13", "--teacher.weights", tmp_path / "missing")
    run = train(configuration(tiny_set.arguments(tmp_path / "run", *options)), Monitor()).folder
    assert list(load_branches(run)) == ["student"]
    card = (run / "model" / "README.md").read_text()
    assert "`committee` (student test_resnet), a fitted head and no steps, seed 0" in card
    taught = configuration(tiny_set.arguments(tmp_path / "taught", *options[:-2], *OPTIONS))
    run = train(taught, Monitor()).folder
    assert list(load_branches(run)) == ["student", "teacher"]
    card = (run / "model" / "README.md").read_text()
    assert "(student test_resnet, teacher test_efficientnet), 4 steps, seed 0" in card


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--steps", "0", "--fit-head", "true"), "steps is 0, and method committee trains"),
        (("--student.frozen_stages", "50"), "frozen_stages is 50"),
        (("--student.levels", "50"), "levels is 50"),
    ],
)
def test_settings_that_cannot_be_are_told_at_once(options, message, tiny_set, tmp_path):
    with pytest.raises(SsliqaError, match=message):
        train(configuration(tiny_set.arguments(tmp_path / "run", *OPTIONS, *options)), Monitor())
    assert not (tmp_path / "run" / "config.yaml").exists()


def test_a_student_whose_head_cannot_be_fitted_is_refused_at_once(tiny_set, tmp_path):
    options = (*OPTIONS, "--student.head", "16")
    with pytest.raises(ConfigError, match="Only a linear head can be fitted"):
        train(configuration(tiny_set.arguments(tmp_path / "run", *options)), Monitor())
    assert not (tmp_path / "run" / "config.yaml").exists()
