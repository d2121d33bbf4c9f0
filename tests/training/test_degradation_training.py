"""Trainings that learn from degraded photographs besides labels."""

import json

import pytest
import torch

from ssliqa.cli.train import configuration
from ssliqa.training import Monitor, resume, train


class StopAt(Monitor):
    """Ends a training as a power cut would, after a step's checkpoint."""

    def step(self, progress, loss):  # noqa: ARG002
        if progress.step == 2:
            raise KeyboardInterrupt


def options(tiny_set, *more):
    chosen = ("--method", "degradation_ranking", "--unlabeled", tiny_set.further)
    return (*chosen, "--views", "2", "--student.frozen_stages", "2", "--steps", "4", *more)


def test_the_order_is_learned_beside_kept_activations(tiny_set, tmp_path):
    run = tmp_path / "run"
    train(configuration(tiny_set.arguments(run, *options(tiny_set))))
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert all(row["ranking_consistency"] > 0 for row in rows if "loss" in row)


def test_an_interrupted_training_draws_the_same_degradations_again(tiny_set, tmp_path):
    whole = train(configuration(tiny_set.arguments(tmp_path / "whole", *options(tiny_set))))
    cut = options(tiny_set, "--checkpoint-minutes", "0")
    with pytest.raises(KeyboardInterrupt):
        train(configuration(tiny_set.arguments(tmp_path / "cut", *cut)), StopAt())
    again = resume(tmp_path / "cut")
    assert all(map(torch.equal, whole.model.parameters(), again.model.parameters()))
