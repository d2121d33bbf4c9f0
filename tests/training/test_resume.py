"""A run that was stopped, killed or damaged, and what becomes of it.

Real processes are started, signaled and killed; what they leave behind is gone on with here.
"""

import json
import math
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.torch import load_file
from tiny_set import console_script, environment, write_ratings

from ssliqa.cli.main import main
from ssliqa.cli.train import configuration
from ssliqa.errors import ResumeError
from ssliqa.training import Monitor, resume, train
from ssliqa.training.loop import CHECKPOINT, InterruptedRunError
from ssliqa.training.run_lock import run_lock
from ssliqa.training.run_log import read_log

# Blocks of the student are dropped at random, so that a step draws random numbers; a checkpoint is
# due every 50 milliseconds, so that there are some between the ends of epochs.
OPTIONS = (
    *("--method", "ssliqa", "--epochs", "2", "--repeats", "3", "--label-budget", "12"),
    *("--fractions", "[0.7, 0.3, 0.0]", "--optimizer.lr", "0.001"),
    *("--student.options", '{"drop_path_rate": 0.5, "zero_init_last": false}'),
    *("--checkpoint-minutes", "0.0008"),
)


@dataclass(frozen=True)
class Interrupt(Monitor):
    """Sends this process a signal when so many steps are done."""

    after: int
    number: signal.Signals = signal.SIGINT

    def step(self, progress, loss):  # noqa: ARG002
        if progress.step == self.after:
            signal.raise_signal(self.number)


@pytest.fixture(scope="module")
def options(tiny_set):
    return ("--unlabeled", tiny_set.further, *OPTIONS)


@pytest.mark.parametrize("method", ["mean_teacher", "rankup", "self_training", "ucvme"])
def test_what_a_method_keeps_of_its_photographs_is_gone_on_with(method, tiny_set, tmp_path):
    options = ("--method", method, "--steps", "6", "--epochs", "1", "--label-budget", "12")
    options += ("--unlabeled-crops", "2", "--unlabeled", tiny_set.further)
    if method == "mean_teacher":  # which leaves labels as few as these alone
        options += ("--method.teacher_from", "0")
    options += ("--optimizer.lr", "0.001", "--checkpoint-minutes", "0")
    whole = train(configuration(tiny_set.arguments(tmp_path / "whole", *options)))
    with pytest.raises(InterruptedRunError):  # self_training has labeled the photographs by then
        train(configuration(tiny_set.arguments(tmp_path / "cut", *options)), Interrupt(after=4))
    again = resume(tmp_path / "cut")
    ours, theirs = whole.model.state_dict(), again.model.state_dict()
    assert all(ours[key].equal(theirs[key]) for key in ours)


@pytest.fixture(scope="module")
def whole(tiny_set, options, tmp_path_factory):
    """The run that nothing interrupts."""
    out = tmp_path_factory.mktemp("whole") / "run"
    train(configuration(tiny_set.arguments(out, *options)))
    return out


@pytest.fixture(scope="module")
def stopped_run(tiny_set, options, tmp_path_factory):
    """A run stopped in the middle of its first epoch."""
    out = tmp_path_factory.mktemp("stopped") / "run"
    with pytest.raises(InterruptedRunError):
        train(configuration(tiny_set.arguments(out, *options)), Interrupt(after=5))
    return out


@pytest.fixture
def stopped(stopped_run, tmp_path):
    return Path(shutil.copytree(stopped_run, tmp_path / "stopped"))


def counters(run):
    """What a run's checkpoint says of how far it is; None where there is no checkpoint."""
    if not (run / CHECKPOINT).exists():
        return None
    with safe_open(run / CHECKPOINT, framework="pt") as file:
        return json.loads(file.metadata()["counters"])


def per_epoch(run):
    """Steps of an epoch, from two facts of the run."""
    facts = json.loads((run / "environment.json").read_text())
    return math.ceil(3 * max(facts["labeled"] / 4, facts["unlabeled"] / 8))


def rows_logged(run):
    log = run / "metrics.jsonl"
    return log.read_bytes().count(b"\n") if log.exists() else 0


def started(tiny_set, out, options):
    return subprocess.Popen(
        [*console_script(), "train", *tiny_set.arguments(out, *options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def wait(process, condition):
    """Until ``condition`` holds of the running process, and fail if it never does."""
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, f"ended too early: {process.communicate()}"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def assert_same_run(run, whole):
    """Weights to the last bit, and a log with every step once and the same numbers."""
    ours, theirs = (load_file(each / "model" / "model.safetensors") for each in (run, whole))
    assert ours.keys() == theirs.keys()
    different = [name for name in ours if not ours[name].equal(theirs[name])]
    assert different == []
    assert [ours[name].numpy().tobytes() for name in ours] == [
        theirs[name].numpy().tobytes() for name in ours
    ]
    steps = [row["step"] for row in read_log(run) if "loss" in row]
    assert steps == list(range(len(steps)))
    assert read_log(run) == read_log(whole)
    assert counters(run) == counters(whole)


def test_a_run_killed_in_mid_epoch_ends_as_if_nothing_had_happened(
    tiny_set, options, whole, tmp_path
):
    out = tmp_path / "killed run"

    def beyond_a_checkpoint_in_mid_epoch():
        found = counters(out)
        if not found or not found["step_in_epoch"]:
            return False
        # After each epoch there is one row more, of the validation.
        step = found["epoch"] * (per_epoch(out) + 1) + found["step_in_epoch"]
        return rows_logged(out) > step

    process = started(tiny_set, out, options)
    wait(process, beyond_a_checkpoint_in_mid_epoch)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (out / "model").exists()
    found = counters(out)
    assert not found["finished"]

    assert main(["train", "--resume", "--out", str(out)]) == 0
    assert_same_run(out, whole)


def assert_stopped(run, errors):
    """The checkpoint stands at the last step logged, and the message says how to go on."""
    assert "Traceback" not in errors
    message = errors.strip().splitlines()[-1]
    done = sum("loss" in row for row in read_log(run))
    assert message.startswith(f"ssliqa: Stopped after step {done} of ")
    assert message.endswith(f"Go on with: ssliqa train --resume --out {run}")
    found = counters(run)
    assert found["epoch"] * per_epoch(run) + found["step_in_epoch"] == done
    assert not found["finished"]
    assert not (run / "model").exists()


def test_sigterm_ends_a_process_with_its_status_and_the_run_goes_on(
    tiny_set, options, whole, tmp_path
):
    out = tmp_path / "run"
    process = started(tiny_set, out, options)
    wait(process, lambda: rows_logged(out) >= 3)
    process.terminate()
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert output == ""
    assert_stopped(out, errors)

    assert main(["train", "--resume", "--out", str(out)]) == 0
    assert_same_run(out, whole)


def test_ctrl_c_ends_the_command_with_status_130(tiny_set, options, tmp_path, capsys):
    out = tmp_path / "run"

    def press_when_it_runs():
        while rows_logged(out) < 3:
            time.sleep(0.002)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press_when_it_runs, daemon=True).start()
    # So many epochs that it is still at work when the signal comes.
    assert main(["train", *tiny_set.arguments(out, *options, "--epochs", 1000)]) == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    assert_stopped(out, captured.err)


def test_a_run_may_be_stopped_again_and_again(stopped, whole):
    for after in (6, 11):
        with pytest.raises(InterruptedRunError):
            resume(stopped, Interrupt(after))
    resume(stopped)
    assert_same_run(stopped, whole)


def test_a_signal_in_the_last_step_finds_the_run_finished(tiny_set, tmp_path):
    short = ("--method", "supervised", "--epochs", 1, "--label-budget", 4)
    run = tmp_path / "run"
    train(configuration(tiny_set.arguments(run, *short)), Interrupt(after=1))
    assert counters(run)["finished"]
    assert (run / "model").is_dir()


def test_random_numbers_and_the_teacher_matter_to_these_runs(whole, tiny_set, options, tmp_path):
    # Or else "bit for bit" above would say nothing of them.
    never = [
        str(option).replace('"drop_path_rate": 0.5', '"drop_path_rate": 0') for option in options
    ]
    config = configuration(tiny_set.arguments(tmp_path / "run", *never))
    with pytest.raises(InterruptedRunError):
        train(config, Interrupt(after=1))
    ours, theirs = read_log(tmp_path / "run")[0], read_log(whole)[0]
    assert ours["student_label"] != theirs["student_label"]
    assert theirs["relation_consistency"] > 0


def test_another_seed_gives_another_run(whole, tiny_set, options, tmp_path):
    config = configuration(tiny_set.arguments(tmp_path / "run", *options, "--seed", 1))
    with pytest.raises(InterruptedRunError):
        train(config, Interrupt(after=1))
    assert read_log(tmp_path / "run")[0]["student_label"] != read_log(whole)[0]["student_label"]


def test_resuming_a_finished_run_changes_nothing(tiny_run, tmp_path):
    run = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    kept = ("metrics.jsonl", "config.yaml", "split.csv", "environment.json", str(CHECKPOINT))
    kept += ("model/model.safetensors", "model/config.json")
    before = {name: (run / name).read_bytes() for name in kept}
    assert main(["train", "--resume", "--out", str(run)]) == 0
    assert {name: (run / name).read_bytes() for name in kept} == before


def test_a_run_that_ended_before_its_model_was_written_gets_its_model(tiny_run, tmp_path):
    run = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    model = (run / "model" / "model.safetensors").read_bytes()
    shutil.rmtree(run / "model")
    resume(run)
    assert (run / "model" / "model.safetensors").read_bytes() == model


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",  # noqa: ARG005
        lambda data: b"\x80\x04K*.",  # noqa: ARG005 (a pickle)
    ],
    ids=["cut short", "empty", "pickle"],
)
def test_a_damaged_checkpoint_is_an_error_that_says_what_to_do(stopped, damage):
    checkpoint = stopped / CHECKPOINT
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    with pytest.raises(ResumeError, match=r"last\.safetensors' cannot be used .* Delete it"):
        resume(stopped)


def test_without_its_checkpoint_a_run_begins_anew_and_ends_the_same(stopped, whole):
    (stopped / CHECKPOINT).unlink()
    resume(stopped)
    assert_same_run(stopped, whole)


def test_a_checkpoint_of_another_network_is_refused(stopped):
    config = stopped / "config.yaml"
    config.write_text(config.read_text().replace("name: test_efficientnet", "name: test_resnet"))
    with pytest.raises(ResumeError, match="cannot be used"):
        resume(stopped)


def test_ratings_that_changed_since_the_start_are_refused(stopped, tiny_set, tmp_path):
    trained_on = next(
        name
        for line in (stopped / "split.csv").read_text().splitlines()
        for name, _, part in [line.partition(",")]
        if part == "labeled"
    )
    changed = tmp_path / "ratings.csv"
    rows = zip(tiny_set.names, tiny_set.mos, strict=True)
    write_ratings(changed, [(n, mos + 5 * (n == trained_on)) for n, mos in rows])
    config = stopped / "config.yaml"
    config.write_text(config.read_text().replace(str(tiny_set.labels), str(changed)))
    log = (stopped / "metrics.jsonl").read_bytes()
    with pytest.raises(ResumeError, match="photographs or ratings of"):
        resume(stopped)
    assert (stopped / "metrics.jsonl").read_bytes() == log


def test_photographs_may_move_but_not_change(stopped, tiny_set, tmp_path):
    moved = Path(shutil.copytree(tiny_set.folder, tmp_path / "elsewhere"))
    config = stopped / "config.yaml"
    config.write_text(config.read_text().replace(str(tiny_set.folder), str(moved)))
    photos = sorted(moved.glob("photo *"))
    first = photos[0].read_bytes()
    for photo in photos:
        photo.write_bytes((tiny_set.further / "further 0.jpg").read_bytes())
    with pytest.raises(ResumeError, match="have changed since"):
        resume(stopped)
    shutil.copytree(tiny_set.folder, moved, dirs_exist_ok=True)
    assert photos[0].read_bytes() == first
    with pytest.raises(InterruptedRunError):
        resume(stopped, Interrupt(after=6))


def test_a_folder_with_a_run_is_not_begun_again(stopped, tiny_set, options):
    log = (stopped / "metrics.jsonl").read_bytes()
    with pytest.raises(ResumeError, match=r"already holds a run.*--resume --out"):
        train(configuration(tiny_set.arguments(stopped, *options)))
    assert (stopped / "metrics.jsonl").read_bytes() == log


@pytest.mark.parametrize("start", [True, False], ids=["start", "resume"])
def test_a_second_training_in_the_same_folder_is_refused(
    stopped, tiny_set, options, tmp_path, start
):
    folder = tmp_path / "new" if start else stopped
    config = configuration(tiny_set.arguments(folder, *options))
    with run_lock(folder, True), pytest.raises(ResumeError, match="Another training is at work"):
        train(config) if start else resume(folder)
    if not start:  # the lock is gone with its holder
        with pytest.raises(InterruptedRunError):
            resume(folder, Interrupt(after=6))


def test_resuming_where_there_is_no_run_is_an_error(tmp_path):
    with pytest.raises(ResumeError, match="holds no run"):
        resume(tmp_path / "nothing")
    (tmp_path / "config.yaml").write_text("method: [unclosed")
    with pytest.raises(ResumeError, match="cannot be read"):
        resume(tmp_path)


@pytest.mark.parametrize("left", ["checkpoints", "split.csv"])
def test_what_is_left_of_a_run_without_settings_never_passes_for_a_new_one(
    tiny_run, tiny_set, tmp_path, left
):
    run = tmp_path / "run"
    run.mkdir()
    (shutil.copytree if left == "checkpoints" else shutil.copy)(tiny_run / left, run / left)
    with pytest.raises(ResumeError, match=left):
        train(configuration(tiny_set.arguments(run)))


@pytest.mark.parametrize("name", ["config.yaml", "environment.json"])
def test_damaged_records_of_a_run_are_an_error_that_names_them(tiny_run, tmp_path, name):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    (run / name).write_bytes(b"\xff{")
    with pytest.raises(ResumeError, match=name):
        resume(run)


@pytest.mark.usefixtures("ctrl_c_raises")
def test_ctrl_c_while_photographs_are_decoded_ends_at_once(tiny_set, tmp_path):
    class Impatient(Monitor):
        def preparing(self, done, total):  # noqa: ARG002
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(configuration(tiny_set.arguments(tmp_path / "run")), Impatient())
    assert not (tmp_path / "run" / "config.yaml").exists()
