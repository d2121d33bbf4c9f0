"""Learning rates and the precision of branches: what a step is computed with."""

import numpy as np
import pytest
import torch

from ssliqa.errors import ConfigError
from ssliqa.methods import Progress
from ssliqa.training import BranchConfig, OptimizerConfig
from ssliqa.training.precision import cpu_has_bf16, use_bf16
from ssliqa.training.schedule import learning_rate_share


def rates(config, epochs=10, steps_per_epoch=20):
    steps = epochs * steps_per_epoch
    return np.array(
        [
            config.lr
            * learning_rate_share(config, Progress(step // steps_per_epoch, epochs, step, steps))
            for step in range(steps)
        ]
    )


@pytest.mark.parametrize("warmup", [0.1, 0.3, 0.5])
def test_one_cycle_rises_to_the_peak_and_falls_to_nothing(warmup):
    found = rates(OptimizerConfig(lr=2e-3, schedule="one_cycle", warmup=warmup))
    peak = int(np.argmax(found))
    assert peak == round(warmup * len(found))
    assert found[peak] == pytest.approx(2e-3)
    assert (np.diff(found[: peak + 1]) > 0).all()
    assert (np.diff(found[peak:]) < 0).all()
    assert 0 < found[0] < 0.05 * 2e-3
    assert 0 < found[-1] < 1e-3 * 2e-3


def test_one_cycle_agrees_with_that_of_pytorch():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    # PyTorch's peak and end stand on whole steps before ours, so compare with as fine a grid.
    steps = 20000
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1.0, total_steps=steps, pct_start=0.3, div_factor=25
    )
    theirs = []
    for _ in range(steps):
        theirs.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    ours = rates(OptimizerConfig(lr=1.0, warmup=0.3), epochs=1, steps_per_epoch=steps)
    np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_one_cycle_without_warmup_begins_at_the_peak():
    found = rates(OptimizerConfig(lr=1.0, warmup=0.0))
    assert found[0] == 1.0
    assert (np.diff(found) < 0).all()


def test_halving_is_the_published_schedule():
    # METHOD: learning rate 2e-4, times 0.5 every two epochs, ten epochs.
    published = [2e-4] * 2 + [1e-4] * 2 + [5e-5] * 2 + [2.5e-5] * 2 + [1.25e-5] * 2
    found = rates(OptimizerConfig(lr=2e-4, schedule="halving", halve_every=2))
    np.testing.assert_allclose(found, np.repeat(published, 20), rtol=1e-12)


def test_constant_stays():
    assert set(rates(OptimizerConfig(lr=0.7, schedule="constant"))) == {0.7}


@pytest.mark.parametrize(
    ("setting", "value"), [("lr", 0.0), ("lr", -1.0), ("warmup", 1.0), ("halve_every", 0)]
)
def test_impossible_settings_are_refused_by_name(setting, value):
    with pytest.raises(ConfigError, match=f"optimizer.{setting} is {value}"):
        OptimizerConfig(**{setting: value})


def test_bfloat16_is_a_choice_and_by_itself_that_of_a_cpu_that_has_it():
    cpu = torch.device("cpu")
    assert use_bf16(BranchConfig(bf16="yes"), cpu)
    assert not use_bf16(BranchConfig(bf16="no"), cpu)
    assert use_bf16(BranchConfig(bf16="auto"), cpu) == cpu_has_bf16()
