"""Two processes on one machine (gloo) do what one does with the joined batch."""

import socket
import subprocess

import numpy as np
import pytest
from safetensors.torch import load_file
from tiny_set import console_script, environment

from ssliqa.cli.train import configuration
from ssliqa.training import train
from ssliqa.training.run_log import read_log

# Frozen batch-norm, since its statistics would be those of each process's own part of the batch.
OPTIONS = (
    *("--method", "ssliqa", "--method.ramp", "none", "--label-budget", "12", "--epochs", "2"),
    *("--fractions", "[0.7, 0.3, 0.0]", "--optimizer.lr", "0.0003"),
    *("--student.batch-norm", "frozen", "--teacher.batch-norm", "frozen"),
)


@pytest.fixture(scope="module")
def alone(tiny_set, tmp_path_factory):
    """One process with batches of 4 labeled and 8 unlabeled images."""
    out = tmp_path_factory.mktemp("alone") / "run"
    train(configuration(tiny_set.arguments(out, *OPTIONS)))
    return out


@pytest.fixture(scope="module")
def together(tiny_set, tmp_path_factory):
    """Two processes with batches of 2 labeled and 4 unlabeled images each."""
    out = tmp_path_factory.mktemp("together") / "run"
    launch(tiny_set.arguments(out, *OPTIONS, "--batch-size", 2))
    return out


def launch(arguments):
    """Train in two processes, as torchrun and ``accelerate launch`` would start them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [*console_script(), "train", *arguments]
    launched = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    processes = [
        subprocess.Popen(
            command,
            env=environment(RANK=str(rank), LOCAL_RANK=str(rank), **launched),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        for process in processes:
            output, errors = process.communicate(timeout=240)
            assert process.returncode == 0, output + errors
    finally:
        for process in processes:
            process.kill()


@pytest.mark.parametrize("method", ["self_training", "ucvme", "committee"])
def test_a_method_whose_branches_take_turns_goes_on_with_two_processes(method, tiny_set, tmp_path):
    # Processes wait for the gradients of all parameters, also of a teacher that has finished.
    options = ("--method", method, "--label-budget", 12, "--steps", 6, "--batch-size", 2)
    if method == "committee":
        options += ("--method.teacher_from", 0)
    launch(tiny_set.arguments(tmp_path / "run", *options))
    assert read_log(tmp_path / "run")[-1]["step"] == 5


def test_the_losses_of_all_steps_are_those_of_one_process(alone, together):
    ours, theirs = read_log(together), read_log(alone)
    assert len(theirs) == len(ours) == 2 * (3 + 1)
    for one, two in zip(theirs, ours, strict=True):
        assert two.keys() == one.keys()
        for name in one.keys() - {"validation_srcc"}:
            assert two[name] == pytest.approx(one[name], abs=1e-5), name
    assert [row["relation_consistency"] > 0 for row in theirs if "loss" in row] == [True] * 6


def test_the_weights_are_those_of_one_process(alone, together, tiny_set, tmp_path):
    begun = tmp_path / "hardly begun"
    still = ("--epochs", 1, "--optimizer.lr", 1e-12)
    train(configuration(tiny_set.arguments(begun, *OPTIONS, *still)))
    start, ours, theirs = (
        load_file(run / "model" / "model.safetensors") for run in (begun, together, alone)
    )
    assert ours.keys() == theirs.keys()

    def flat(weights):
        return np.concatenate([weights[name].double().numpy().ravel() for name in sorted(weights)])

    moved = flat(theirs) - flat(start)
    difference = flat(ours) - flat(theirs)
    # Adam's first steps have the size of the learning rate wherever a gradient is not exactly 0,
    # so that rounding alone moves weights without a gradient to speak of; together they are few.
    assert np.linalg.norm(difference) < 0.02 * np.linalg.norm(moved)


def test_only_one_process_writes_the_run(together):
    assert sorted(path.name for path in together.iterdir() if path.name != "tensorboard") == [
        ".lock",
        "best",
        "checkpoints",
        "config.yaml",
        "environment.json",
        "metrics.jsonl",
        "model",
        "split.csv",
    ]
