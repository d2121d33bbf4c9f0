"""The training loop: the only one. It knows no method by name.

It owns devices (through Accelerate), the optimizer, the schedule, checkpoints and logging. One step
depends on nothing but the weights, the optimizer's state and the step's number: batches, learning
rate and random numbers are functions of the latter. So a resumed run is the same run.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor

from ssliqa.data import ahead
from ssliqa.errors import SsliqaError
from ssliqa.methods import Labeled, Method, Progress, StepResult, Unlabeled
from ssliqa.models import QualityModel
from ssliqa.training.checkpoint import Counters, load_checkpoint, save_checkpoint
from ssliqa.training.config import TrainConfig
from ssliqa.training.monitor import Monitor
from ssliqa.training.run_log import RunLog
from ssliqa.training.schedule import learning_rate_share
from ssliqa.training.signals import StopRequest
from ssliqa.training.streams import Batch, Streams

CHECKPOINT = Path("checkpoints") / "last.safetensors"


class InterruptedRunError(SsliqaError):
    """A training was stopped by a signal; everything needed to go on is on disk."""

    def __init__(self, folder: Path, where: str, number: int) -> None:
        super().__init__(f"Stopped {where}.", f"Go on with: ssliqa train --resume --out {folder}")
        self.signal = number


class DivergedError(SsliqaError):
    """The loss or the weights are no longer finite numbers."""


def run_loop(
    method: Method,
    streams: Streams,
    config: TrainConfig,
    folder: Path,
    *,
    has_steps: bool,
    accelerator: Accelerator,
    validate: Callable[[QualityModel], float | None] | None,
    keep_best: Callable[[QualityModel], None],
    stop: StopRequest,
    monitor: Monitor,
) -> Counters:
    """Train ``method`` from the folder's checkpoint, or from the start where there is none.

    Args:
        method: the recipe with its branches.
        streams: where batches come from.
        config: the run's settings.
        folder: the run folder; its checkpoint and log are kept up to date.
        has_steps: where not, there is nothing to learn in steps, and none is taken.
        accelerator: devices and processes.
        validate: SRCC of a model on the validation images; None where there are none.
        keep_best: called with the best student so far, when it is found.
        stop: checked after each step.
        monitor: told of each step.

    Raises:
        InterruptedRunError: a signal asked to stop; the checkpoint is written.
        DivergedError: the loss is not finite.
        ResumeError: the checkpoint cannot be used.
    """
    if config.steps is None:
        steps_per_epoch = streams.steps_per_epoch(config.epoch_ends)
        steps = steps_per_epoch * config.epochs
    else:
        steps = config.steps
        steps_per_epoch = max(1, math.ceil(steps / config.epochs))
    if not has_steps:
        steps = 0
    epochs = math.ceil(steps / steps_per_epoch)
    method.to(accelerator.device)
    method.to(memory_format=torch.channels_last)
    optimizer = _optimizer(method, config)
    checkpoint = folder / CHECKPOINT
    counters = Counters()
    if checkpoint.exists():
        counters = load_checkpoint(checkpoint, method, optimizer)
    if counters.finished:
        return counters
    if steps == 0:
        # What there was to learn has been learned before.
        if validate is not None:
            counters.best_srcc = validate(method.student())
            keep_best(method.student())
        counters.finished = True
        if accelerator.is_main_process:
            save_checkpoint(checkpoint, method, optimizer, counters)
        return counters
    wrapped, wrapped_optimizer = accelerator.prepare(method, optimizer)
    first = counters.epoch * steps_per_epoch + counters.step_in_epoch
    log = RunLog(folder, first) if accelerator.is_main_process else None
    saved = time.monotonic()

    def progress_at(step: int) -> Progress:
        return Progress(min(step, steps - 1) // steps_per_epoch, epochs, step, steps)

    def batch_at(step: int) -> Batch:
        # Epochs that are parts of a given length do not begin a new round of photographs.
        return streams.batch(*((0, step) if config.steps else divmod(step, steps_per_epoch)))

    def save() -> None:
        if accelerator.is_main_process:
            save_checkpoint(checkpoint, method, optimizer, counters)

    try:
        batches = ahead(batch_at, first, steps)
        for step, batch in zip(range(first, steps), batches, strict=True):
            progress = progress_at(step)
            share = learning_rate_share(config.optimizer, progress)
            for group in optimizer.param_groups:
                group["lr"] = share * group["peak"]
            # What a step draws (dropout) is a function of the step, like its batch.
            set_seed(_step_seed(config.seed, step, accelerator.process_index))
            method.before_step(progress)
            method.train()
            labeled, unlabeled = _to_device(batch, accelerator.device)
            result: StepResult = wrapped(labeled, unlabeled, progress)
            loss, terms = _mean_over_processes(result, accelerator)
            if not math.isfinite(loss):
                raise _diverged(f"loss became {loss}", step, config)
            wrapped_optimizer.zero_grad()
            accelerator.backward(result.loss)
            wrapped_optimizer.step()
            method.after_step()

            if log is not None:
                rate = share * config.optimizer.lr
                log.write(step, progress.epoch, {"loss": loss, **terms, "lr": rate})
            monitor.step(progress_at(step + 1), loss)

            counters.epoch, counters.step_in_epoch = divmod(step + 1, steps_per_epoch)
            counters.finished = step + 1 == steps
            epoch_ended = counters.step_in_epoch == 0 or counters.finished
            if epoch_ended and not _finite(method):
                # The loss of a step is that of the weights before it. These are about to be used.
                raise _diverged("weights became infinite or NaN", step, config)
            if epoch_ended and validate is not None:
                srcc = validate(method.student())
                if log is not None:
                    log.write(step, progress.epoch, {"validation_srcc": srcc})
                monitor.validated(progress_at(step + 1), srcc)
                best = counters.best_srcc
                if srcc is not None and (best is None or srcc > best):
                    counters.best_srcc = srcc
                    keep_best(method.student())
            stopping = _any_process(stop.signal is not None, accelerator)
            due = time.monotonic() - saved > 60 * config.checkpoint_minutes
            if due or stopping or counters.finished:
                save()
                saved = time.monotonic()
            if stopping and not counters.finished:
                where = f"after step {step + 1} of {steps}"
                raise InterruptedRunError(folder, where, stop.signal or signal.SIGTERM)
    finally:
        if log is not None:
            log.close()
    return counters


def _finite(method: Method) -> bool:
    return all(bool(parameter.isfinite().all()) for parameter in method.parameters())


def _diverged(what: str, step: int, config: TrainConfig) -> DivergedError:
    return DivergedError(
        f"The {what} at step {step}.",
        f"Train into another folder with a smaller --optimizer.lr (it is {config.optimizer.lr}).",
    )


def _optimizer(method: Method, config: TrainConfig) -> torch.optim.Optimizer:
    settings = config.optimizer
    kind = torch.optim.AdamW if settings.name == "adamw" else torch.optim.Adam
    backbones = {
        id(values)
        for name in method.branch_names
        for values in method.branch(name).model.backbone.parameters()
    }
    learned = [values for values in method.parameters() if values.requires_grad]
    groups = [
        {
            # A method's own parameters are new, as heads are.
            "params": [values for values in learned if (id(values) in backbones) != new],
            "peak": settings.lr * (settings.head_factor if new else 1),
        }
        for new in (False, True)
    ]
    return kind(groups, lr=settings.lr, weight_decay=settings.weight_decay)


def _step_seed(seed: int, step: int, process: int) -> int:
    entropy = np.random.SeedSequence([seed, step, process]).generate_state(1)
    return int(entropy[0])


def _to_device(batch: Batch, device: torch.device) -> Batch:
    labeled, unlabeled = batch
    return (
        Labeled(
            labeled.images.to(device, non_blocking=True),
            labeled.distribution.to(device, non_blocking=True),
        ),
        None
        if unlabeled is None
        else Unlabeled(
            unlabeled.images.to(device, non_blocking=True),
            unlabeled.places.to(device, non_blocking=True),
        ),
    )


def _mean_over_processes(
    result: StepResult, accelerator: Accelerator
) -> tuple[float, dict[str, float]]:
    values = [result.loss.detach(), *result.terms.values()]
    stacked = torch.stack([value.to(accelerator.device).float() for value in values])
    mean = cast(Tensor, accelerator.reduce(stacked, reduction="mean")).tolist()
    return mean[0], dict(zip(result.terms, mean[1:], strict=True))


def _any_process(flag: bool, accelerator: Accelerator) -> bool:
    if accelerator.num_processes == 1:
        return flag
    flags = accelerator.gather(torch.tensor([flag], device=accelerator.device))
    return bool(cast(Tensor, flags).any())
