"""How long a plan will take, from timed forward passes of its networks on this machine."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache

import torch

from ssliqa.benchmark.plan import Cell
from ssliqa.data import RatedSource, label_count, list_photographs
from ssliqa.images import Protocol
from ssliqa.methods import Branch, Crops, Images, find_method
from ssliqa.models import QualityModel
from ssliqa.training import BranchConfig, TrainConfig
from ssliqa.training.build import fitted_branches, levels_read
from ssliqa.training.pool import CROPS
from ssliqa.training.precision import use_bf16
from ssliqa.training.run_config import method_settings

_BACKWARD = 2.0
"""A pass back costs about two passes forward: gradients of the input and of the weights."""

_BATCH = 4
# Other programs can only make a pass slower, so the fastest of a few is nearest to the truth.
_PASSES = 4


@dataclass(frozen=True)
class Cost:
    """Estimates for one training with its evaluation; neither counts decoding.

    Attributes:
        steps: optimizer steps.
        seconds: on this machine, with the threads that were told. What a method computes beyond a
            step's crops (a second view, labels in mid-training for the whole pool) is not counted.
    """

    steps: int
    seconds: float


def estimate(cells: Iterable[Cell], further: int = 0, threads: int | None = None) -> list[Cost]:
    """The cost of each cell. Reads label tables and runs each network a few times.

    Args:
        cells: the cells.
        further: photographs of further test sets that each model scores.
        threads: that each training gets; by default as many as PyTorch uses now.
    """
    usual = torch.get_num_threads()
    threads = threads or usual
    torch.set_num_threads(threads)
    try:
        return [_cost(cell.config, further, threads) for cell in cells]
    finally:
        torch.set_num_threads(usual)


def _cost(config: TrainConfig, further: int, threads: int) -> Cost:
    kind = find_method(str(config.method["name"]))
    training, test, unrated = _images(config)
    unrated += len(list_photographs(config.unlabeled))
    labeled = label_count(config.label_budget, training)
    settings, views = method_settings(config), config.views or CROPS
    seen = kind.uses_unlabeled and kind.why_no_unlabeled(settings, labeled) is None
    unlabeled = training - labeled + unrated if seen else 0
    shown = unlabeled > 0 and kind.draws_unlabeled()
    idle = kind.why_no_steps(settings, labeled, unlabeled) is not None
    further_crops = kind.further_crops(settings, labeled, unlabeled, views)
    rounds = [labeled * config.repeats / config.batch_size]
    if shown:
        crops = unlabeled * config.repeats * config.unlabeled_crops
        rounds.append(crops / config.unlabeled_batch_size)
    shorter = config.epoch_ends == "shorter"
    epoch = max(1, math.floor(min(rounds))) if shorter else math.ceil(max(rounds))
    steps = epoch * config.epochs if config.steps is None else config.steps
    if idle:
        steps = unlabeled = 0

    of_unlabeled = config.unlabeled_batch_size if shown else 0
    step = once = 0.0
    whole = {}
    for name, branch in (("student", config.student), ("teacher", config.teacher)):
        if name not in (kind.fitted if idle else kind.branch_names):
            continue
        fitted = name in fitted_branches(config)
        whole[name], learns = _seconds_a_crop(config, branch, fitted, threads)
        back = _BACKWARD if name in kind.learn_from_unlabeled else 0
        step += learns * ((1 + _BACKWARD) * config.batch_size + (1 + back) * of_unlabeled)
        if config.views or fitted:
            once += views * (labeled + unlabeled) * (whole[name] - learns)
        if kind.fitted:  # the pool is labeled at the end
            once += views * unlabeled * learns
    once += further_crops * whole["student"]
    scoring = (test + further) * config.protocol.test_count * whole["student"]
    return Cost(steps, steps * step + once + scoring)


def _images(config: TrainConfig) -> tuple[int, int, int]:
    """Training and test images of a split, and those that the table names without a score."""
    count, official, unrated = _photographs(json.dumps(asdict(RatedSource.of(config))))
    if official is not None and config.official_split:
        return official["train"], official["test"], unrated
    train, _, test = config.fractions
    return round(count * train), round(count * test), unrated


@cache
def _photographs(source: str) -> tuple[int, Counter[str] | None, int]:
    """Rated photographs of a source, those in each official part if it has parts, unrated ones."""
    table = RatedSource(**json.loads(source)).read()
    parts = None if table.parts is None else Counter(table.parts)
    return len(table), parts, len(table.unrated)


def _seconds_a_crop(
    config: TrainConfig, branch: BranchConfig, fitted: bool, threads: int
) -> tuple[float, float]:
    """A pass forward, and a pass through what a step computes: less where views are kept."""
    frozen = branch.frozen_stages if config.views and not fitted else 0
    levels = levels_read(branch, fitted)
    # Of the settings those that change the time, in a form that can be looked up.
    told = json.dumps([branch.name, branch.head, levels, branch.bf16, branch.options])
    forward, learns = _timed(told, config.protocol.crop, frozen, threads)
    return forward, 0.0 if fitted else learns


@cache
def _timed(told: str, crop: int, frozen: int, threads: int) -> tuple[float, float]:  # noqa: ARG001
    name, head, levels, bf16, options = json.loads(told)
    settings = BranchConfig(name=name, head=head, bf16=bf16, options=options)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    protocol = Protocol(short=max(crop, Protocol.short), crop=crop)
    model = QualityModel.create(name, options=options, head=head, levels=levels, protocol=protocol)
    model.to(device).to(memory_format=torch.channels_last)
    model.eval()
    branch = Branch(
        model,
        freeze_batch_norm=True,
        frozen_stages=frozen,
        bf16=use_bf16(settings, device),
        enter_trunk=frozen > 0,
    )
    images = torch.zeros(_BATCH, 3, crop, crop, dtype=torch.uint8, device=device)
    passes: list[Images] = [images.contiguous(memory_format=torch.channels_last)]
    if branch.trunk is not None:
        passes.append(Crops(None, {branch.trunk_key: branch.trunk_activation(images)}))
    seconds = [_seconds(branch, crops) / _BATCH for crops in passes]
    return seconds[0], seconds[-1]


@torch.inference_mode()
def _seconds(branch: Branch, crops: Images) -> float:
    seconds = []
    for _ in range(_PASSES):
        started = time.perf_counter()
        branch(crops).distribution.sum().item()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
