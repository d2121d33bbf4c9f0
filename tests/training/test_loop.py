"""Epochs, validation, which weights are kept, and trainings that go wrong."""

import json

import numpy as np
import pytest
from safetensors.torch import load_file
from scipy.stats import spearmanr

from ssliqa import load_model, read_label_table
from ssliqa.cli.train import configuration
from ssliqa.data import CropStream
from ssliqa.errors import ConfigError
from ssliqa.opinion import Scale
from ssliqa.training import Monitor, train
from ssliqa.training.loop import DivergedError
from ssliqa.training.run_log import RunLog, read_log

VALIDATED = ("--method", "supervised", "--fractions", "[0.5, 0.5, 0.0]", "--optimizer.lr", "0.003")


def test_heads_learn_faster_than_backbones_by_their_factor(tiny_set, tmp_path):
    moved = {}
    for factor in (1e-9, 1.0, 5.0):
        options = ("--method", "supervised", "--optimizer.schedule", "constant")
        options += ("--optimizer.name", "adam", "--optimizer.lr", 1e-4)
        states = []
        for steps in (1, 2):
            run = tmp_path / f"{factor} {steps}"
            more = ("--steps", steps, "--optimizer.head-factor", factor)
            train(configuration(tiny_set.arguments(run, *options, *more)))
            states.append(load_file(run / "model" / "model.safetensors"))
        moved[factor] = {
            part: max(
                (states[1][name] - states[0][name]).abs().max().item()
                for name in states[0]
                if name.startswith(part) and name.endswith("weight")
            )
            for part in ("head.", "backbone.")
        }
    assert moved[1e-9]["head."] < 1e-8
    assert moved[5.0]["head."] == pytest.approx(5 * moved[1.0]["head."], rel=0.3)
    backbone = [each["backbone."] for each in moved.values()]
    assert min(backbone) > 1e-5
    assert max(backbone) < 3e-4


def test_epochs_that_are_parts_of_a_given_length_still_show_every_photograph_as_often(
    tiny_set, tmp_path, monkeypatch
):
    shown = []
    batch = CropStream.batch

    def noted(stream, epoch, step):
        crops = batch(stream, epoch, step)
        shown.extend(crops.indices.tolist())
        return crops

    monkeypatch.setattr(CropStream, "batch", noted)
    # 24 photographs in 30 batches of 4: five rounds, in epochs of 3 steps that are half a round.
    options = ("--method", "supervised", "--fractions", "[1.0, 0.0, 0.0]", "--epochs", 10)
    train(configuration(tiny_set.arguments(tmp_path / "run", *options, "--steps", 30)))
    counts = np.bincount(shown)
    assert counts.max() - counts.min() <= 1


class Watcher(Monitor):
    """Remembers what it was told."""

    def __init__(self):
        self.messages, self.steps, self.validations, self.prepared = [], [], [], []

    def message(self, text):
        self.messages.append(text)

    def preparing(self, done, total):
        self.prepared.append((done, total))

    def step(self, progress, loss):
        self.steps.append((progress.step, progress.steps, loss))

    def validated(self, progress, srcc):
        self.validations.append((progress.step, srcc))


@pytest.fixture(scope="module")
def validated_runs(tiny_set, tmp_path_factory):
    """The same training twice, the best and the last weights kept; and what the first told."""
    base = tmp_path_factory.mktemp("validated")
    watcher = Watcher()
    for keep in ("best", "last"):
        options = (*VALIDATED, "--epochs", 5, "--keep", keep)
        config = configuration(tiny_set.arguments(base / keep, *options))
        result = train(config, watcher if keep == "best" else None)
        assert result.folder == base / keep
    return base, watcher


def validation_srcc(model, tiny_set, run):
    """SRCC by way of the public functions: files, scores, scipy."""
    table = read_label_table(tiny_set.labels, tiny_set.folder, scale=Scale.parse("0-100"))
    lines = (run / "split.csv").read_text().splitlines()
    rows = [k for k, name in enumerate(table.names) if f"{name},validation" in lines]
    assert len(rows) == 12
    scores = [model.score(table.paths[k]).score for k in rows]
    return spearmanr(scores, table.mos[rows]).statistic


def test_best_keeps_the_weights_of_the_best_validation_and_last_those_of_the_end(
    validated_runs, tiny_set
):
    base, _ = validated_runs
    log = read_log(base / "best")
    assert log == read_log(base / "last")
    by_epoch = [row["validation_srcc"] for row in log if "validation_srcc" in row]
    assert len(by_epoch) == 5
    assert by_epoch[-1] < max(by_epoch)  # or else this test could not tell the two apart
    best, last = load_model(base / "best"), load_model(base / "last")
    assert validation_srcc(best, tiny_set, base / "best") == pytest.approx(max(by_epoch))
    assert validation_srcc(last, tiny_set, base / "last") == pytest.approx(by_epoch[-1])


def test_the_other_weights_are_kept_beside_the_model(validated_runs):
    base, _ = validated_runs
    weights = [
        load_file(base / run / folder / "model.safetensors")
        for run, folder in (
            ("best", "model"),
            ("last", "best"),
            ("last", "model"),
            ("best", "last"),
        )
    ]
    for first, second in ((0, 1), (2, 3)):
        assert all(weights[first][name].equal(weights[second][name]) for name in weights[first])


def test_a_monitor_hears_of_every_photograph_step_and_validation(validated_runs):
    base, watcher = validated_runs
    log = [row for row in read_log(base / "best") if "loss" in row]
    assert watcher.steps == [(k + 1, len(log), row["loss"]) for k, row in enumerate(log)]
    assert [step for step, _ in watcher.validations] == [3, 6, 9, 12, 15]
    assert watcher.prepared[-1] == (24, 24)
    (few,) = watcher.messages
    assert few.startswith("Only 1")


def test_a_training_of_so_many_steps_ends_there_and_validates_at_its_end(tiny_set, tmp_path):
    watcher = Watcher()
    options = (*VALIDATED, "--steps", 7, "--epochs", 3)
    train(configuration(tiny_set.arguments(tmp_path / "run", *options)), watcher)
    assert [step for step, _, _ in watcher.steps] == [1, 2, 3, 4, 5, 6, 7]
    assert [step for step, _ in watcher.validations] == [3, 6, 7]
    rates = [row["lr"] for row in read_log(tmp_path / "run") if "lr" in row]
    assert rates[-1] < max(rates) / 5  # the one-cycle schedule has come to its end, too


def test_the_log_goes_to_tensorboard_too(validated_runs):
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    base, _ = validated_runs
    board = events.EventAccumulator(str(base / "best" / "tensorboard")).Reload()
    logged = [row["loss"] for row in read_log(base / "best") if "loss" in row]
    assert [event.value for event in board.Scalars("loss")] == pytest.approx(logged)
    assert len(board.Scalars("validation_srcc")) == 5


def test_best_without_validation_images_is_refused(tiny_set, tmp_path):
    config = configuration(tiny_set.arguments(tmp_path / "run", "--keep", "best"))
    with pytest.raises(ConfigError, match="no validation images"):
        train(config)


def test_best_keeps_the_last_weights_and_says_so_where_no_validation_is_defined(tiny_set, tmp_path):
    # Two images have no correlation.
    options = ("--method", "supervised", "--epochs", 1, "--keep", "best")
    run = tmp_path / "run"
    watcher = Watcher()
    arguments = tiny_set.arguments(run, *options, "--fractions", "[0.8, 0.08, 0.12]")
    result = train(configuration(arguments), watcher)
    assert watcher.validations == [(5, None)]
    assert read_log(run)[-1]["validation_srcc"] is None
    assert result.best_validation_srcc is None
    few, last, intervals = watcher.messages
    assert "Only 19" in few
    assert "last" in last
    assert "no intervals: 2 rated photographs are too few" in intervals
    assert (run / "model" / "model.safetensors").is_file()


def test_a_loss_that_is_no_number_ends_the_run_and_names_the_learning_rate(tiny_set, tmp_path):
    run = tmp_path / "run"
    options = ("--method", "supervised", "--optimizer.lr", 1e30, "--optimizer.schedule", "constant")
    with pytest.raises(DivergedError, match=r"smaller --optimizer\.lr \(it is 1e\+30\)"):
        train(configuration(tiny_set.arguments(run, *options)))
    assert not (run / "model").exists()
    assert not (run / "checkpoints").exists()
    assert all(np.isfinite(row["loss"]) for row in read_log(run))


def test_weights_that_the_last_step_destroys_never_become_a_model(tiny_set, tmp_path):
    options = ("--method", "supervised", "--epochs", 1, "--batch-size", 1000)  # a single step
    options += ("--optimizer.lr", 1e37, "--optimizer.weight-decay", 1e38)
    for parts in ("[0.8, 0.0, 0.2]", "[0.5, 0.25, 0.25]"):  # without and with validation
        run = tmp_path / parts
        arguments = tiny_set.arguments(run, *options, "--fractions", parts)
        with pytest.raises(DivergedError, match=r"weights .* at step 0"):
            train(configuration(arguments))
        assert not (run / "model").exists()


def test_batches_of_one_are_refused_where_the_head_normalizes_over_the_batch(tiny_set, tmp_path):
    student = ("--student", "resnet18", "--student.head", "published")
    for batches in (("--batch-size", 1), ("--batch-size", 2, "--unlabeled-ratio", 0.5)):
        with pytest.raises(ConfigError, match="larger --batch-size"):
            train(configuration(tiny_set.arguments(tmp_path / "run", *student, *batches)))


def test_a_log_begun_again_drops_what_is_about_to_be_repeated_and_half_a_line(tmp_path):
    rows = [{"step": step, "epoch": step // 2, "loss": step / 10} for step in range(5)]
    half = json.dumps({"step": 5, "loss": 1.0})[:-4]
    (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n" + half)
    assert read_log(tmp_path) == rows
    log = RunLog(tmp_path, first_step=3)
    log.write(3, 1, {"loss": 7.0, "srcc": None})
    log.close()
    again = {"step": 3, "epoch": 1, "loss": 7.0, "srcc": None}
    assert read_log(tmp_path) == [*rows[:3], again]


def test_the_training_lowers_the_loss(validated_runs):
    base, _ = validated_runs
    losses = [row["loss"] for row in read_log(base / "last") if "loss" in row]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
