"""Train a model from a configuration into a run folder.

config.yaml        resolved settings           metrics.jsonl   every step and validation
environment.json   versions, seed, data digest split.csv       the part of every image
checkpoints/       what resuming needs         model/          what --model takes
"""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed

from ssliqa.data import LabelTable, Split, save_split
from ssliqa.errors import CalibrationError, ConfigError, MetricError, ResumeError
from ssliqa.files import write_text
from ssliqa.methods import Method, find_method
from ssliqa.metrics import srcc
from ssliqa.models import (
    Calibration,
    QualityModel,
    load_model,
    save_calibration,
    save_model,
)
from ssliqa.opinion import distribution_mean
from ssliqa.training.activations import KeptActivations, keep_activations
from ssliqa.training.build import build_method, remark_on_start
from ssliqa.training.card_facts import card_facts
from ssliqa.training.config import TrainConfig
from ssliqa.training.head_fit import fit_heads
from ssliqa.training.loop import CHECKPOINT, InterruptedRunError, run_loop
from ssliqa.training.monitor import Monitor
from ssliqa.training.photographs import (
    Photographs,
    check_ratings,
    divide_photographs,
    gather_photographs,
)
from ssliqa.training.pool import open_pool
from ssliqa.training.remarks import remarks
from ssliqa.training.run_config import method_settings, read_config, write_config
from ssliqa.training.run_lock import run_lock
from ssliqa.training.screening import screen
from ssliqa.training.signals import stop_on_signal
from ssliqa.training.streams import open_streams

_OF_A_RUN = ("split.csv", "environment.json", "screening.csv", "checkpoints")
_NO_VALIDATION = (
    "keep is 'best', but there are no validation images to tell which is best.",
    "Give some with --fractions '[0.7, 0.1, 0.2]', or use --keep last.",
)


@dataclass(frozen=True)
class TrainResult:
    """A finished training: its folder, its model, and SRCC on the validation images if any.

    The model is on the device it was trained on. ``labeled`` counts the photographs that it learned
    ratings from, ``test`` those set aside for its evaluation.
    """

    folder: Path
    model: QualityModel
    best_validation_srcc: float | None
    labeled: int
    test: int


def train(config: TrainConfig, monitor: Monitor | None = None) -> TrainResult:
    """Start a training.

    Raises:
        ResumeError: the run folder already holds a run.
        SsliqaError: whatever is wrong with the configuration, the table, photographs or weights.
    """
    config = config.with_absolute_paths()
    folder = Path(config.out)
    if (folder / "config.yaml").exists():
        raise ResumeError(
            f"'{folder}' already holds a run.",
            f"Go on with it by: ssliqa train --resume --out {folder} - or name another --out.",
        )
    left = [name for name in _OF_A_RUN if (folder / name).exists()]
    if left:
        # Without its settings nobody knows what run that was: its weights must not pass for ours.
        raise ResumeError(
            f"'{folder}' holds {' and '.join(left)} of a run, but no config.yaml.",
            "Restore that file, or name another --out.",
        )
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"The run folder '{folder}' is a file.", "Name another --out.")
    return _run(config, folder, monitor or Monitor())


def resume(folder: Path, monitor: Monitor | None = None) -> TrainResult:
    """Go on with a run that was interrupted, exactly where its last checkpoint stands.

    Raises:
        ResumeError: no run there, or its data have changed since.
    """
    config = replace(read_config(folder), out=str(folder.absolute()))
    return _run(config, folder, monitor or Monitor())


def _run(config: TrainConfig, folder: Path, monitor: Monitor) -> TrainResult:
    find_method(str(config.method.get("name")))  # a wrong name costs no decoding
    accelerator = Accelerator(cpu=config.device == "cpu")
    with run_lock(folder, accelerator.is_main_process):
        table, split = divide_photographs(config, folder / "split.csv", monitor)
        check_validation(config, split)
        check_ratings(table, split)
        # Wrong networks, heads, stages or weights are told before minutes of decoding.
        set_seed(config.seed)
        has_steps = _may_step(config, table, split)
        method = build_method(config, table.scale, accelerator.device, has_steps=has_steps)
        if remark := remark_on_start(config):
            monitor.message(remark)
        # Ctrl-C ends this part at once: there is nothing to save yet, and it may take minutes.
        with accelerator.main_process_first():
            photographs = gather_photographs(config, table, split, monitor)
        if config.keep == "best" and not len(photographs.validation):
            raise ConfigError(*_NO_VALIDATION)  # they cannot be read
        for line in remarks(config, photographs, method):
            monitor.message(line)
        if method.why_no_unlabeled(method.config, len(photographs.labeled)):
            photographs = replace(photographs, unlabeled=photographs.unlabeled[:0])
        return _fit(config, folder, photographs, method, accelerator, monitor)


def _may_step(config: TrainConfig, table: LabelTable, split: Split) -> bool:
    """Whether there may be steps, before photographs are read: some may turn out to be broken."""
    unlabeled = len(split.unlabeled) + len(table.unrated) + len(config.unlabeled)
    method = find_method(str(config.method["name"]))
    return method.why_no_steps(method_settings(config), len(split.labeled), unlabeled) is None


def check_validation(config: TrainConfig, split: Split) -> None:
    """Refuse to keep the best weights of a training that nothing validates.

    Raises:
        ConfigError: see above.
    """
    if config.keep == "best" and not split.validation:
        raise ConfigError(*_NO_VALIDATION)


def _fit(
    config: TrainConfig,
    folder: Path,
    photographs: Photographs,
    method: Method,
    accelerator: Accelerator,
    monitor: Monitor,
) -> TrainResult:
    with stop_on_signal() as stop:
        if accelerator.is_main_process:
            _begin(config, folder, photographs, method)

        def keep(model: QualityModel, which: str) -> None:
            if accelerator.is_main_process:
                save_model(model, folder / ("model" if config.keep == which else which), facts)

        def why_no_steps(shown: Photographs) -> str | None:
            counts = len(shown.labeled), len(shown.unlabeled)
            return method.why_no_steps(method.config, *counts)

        def look() -> None:
            # Of several processes one alone must not leave the others waiting for it.
            if stop.signal is not None and accelerator.num_processes == 1:
                raise InterruptedRunError(folder, "in a pass over all photographs", stop.signal)

        method.to(accelerator.device)
        idle = why_no_steps(photographs) is not None
        kept = _kept_activations(config, photographs, method, idle, accelerator, monitor)
        with accelerator.main_process_first():
            pool = open_pool(config, photographs, method, kept, accelerator.device, look)
            used = screen(
                photographs, config.screen, pool, method, folder / "screening.csv", monitor
            )
            pool = open_pool(config, used, method, kept, accelerator.device, look)
            if config.fit_head and not (folder / CHECKPOINT).exists():
                fit_heads(method, pool)
        method.meet(pool)
        if why := why_no_steps(used):
            monitor.message(why)
        facts = card_facts(config, used, has_steps=why is None and config.steps != 0)
        counters = run_loop(
            method,
            open_streams(config, used, method, kept, accelerator),
            config,
            folder,
            has_steps=why is None,
            accelerator=accelerator,
            validate=partial(_validate, photographs) if len(photographs.validation) else None,
            keep_best=partial(keep, which="best"),
            stop=stop,
            monitor=monitor,
        )
        keep(method.student(), "last")
        if config.keep == "best" and counters.best_srcc is None:
            # Two validation images, say, or a constant prediction: no SRCC was ever defined.
            keep(method.student(), "best")
            monitor.message("No validation gave an SRCC, so the model has the last weights.")
        if accelerator.is_main_process and len(photographs.validation):
            _calibrate(photographs, folder, accelerator.device, monitor)
        accelerator.wait_for_everyone()
    return TrainResult(
        folder,
        load_model(folder).to(accelerator.device),
        counters.best_srcc,
        labeled=len(photographs.labeled),
        test=len(photographs.split.test),
    )


def _kept_activations(
    config: TrainConfig,
    photographs: Photographs,
    method: Method,
    idle: bool,
    accelerator: Accelerator,
    monitor: Monitor,
) -> dict[str, KeptActivations]:
    if not config.views:
        return {}
    used = photographs.labeled.tolist()
    names = method.fitted if idle else method.branch_names
    if method.uses_unlabeled and not method.reads_pixels and not idle:
        used += photographs.unlabeled.tolist()
    with accelerator.main_process_first():
        return keep_activations(method, names, photographs.prepared, used, config.views, monitor)


def _validate(photographs: Photographs, model: QualityModel) -> float | None:
    """SRCC on the validation images; None where it is undefined (a constant prediction)."""
    predicted = [
        float(
            model.scale.from_levels(distribution_mean(model.predict(photographs.prepared.image(k))))
        )
        for k in photographs.validation.tolist()
    ]
    try:
        return srcc(np.array(predicted), photographs.mos[photographs.validation])
    except MetricError:
        return None


def _calibrate(
    photographs: Photographs, folder: Path, device: torch.device, monitor: Monitor
) -> None:
    """Give the finished model intervals, if there are enough validation images for them."""
    model = load_model(folder).to(device)
    seen = photographs.validation.tolist()
    distributions = np.array([model.predict(photographs.prepared.image(k)) for k in seen])
    truth = photographs.scale.to_levels(photographs.mos[photographs.validation])
    try:
        calibration = Calibration.fit(distributions, truth)
    except CalibrationError as error:
        monitor.message(f"Scores get no intervals: {error}")
    else:
        save_calibration(folder, calibration)


def _begin(config: TrainConfig, folder: Path, photographs: Photographs, method: Method) -> None:
    """Write what a run is, or make sure that a resumed one still is the same."""
    environment = folder / "environment.json"
    fingerprint = photographs.fingerprint()
    if environment.exists():
        if _recorded(environment) != fingerprint:
            raise ResumeError(
                f"The photographs or ratings of '{folder}' have changed since it was begun.",
                "Restore them, or train into another folder.",
            )
        return
    write_config(config, folder)  # first: nothing of a run ever stands without its settings
    save_split(photographs.split, folder / "split.csv")
    packages = ("ssliqa", "torch", "torchvision", "timm", "accelerate", "numpy", "pillow")
    facts = {
        "data": fingerprint,
        "seed": config.seed,
        "labeled": len(photographs.labeled),
        "unlabeled": len(photographs.unlabeled),
        "validation": len(photographs.validation),
        "bf16": {name: method.branch(name).bf16 for name in method.branch_names},
        # What load_branches rebuilds them from: only the student's stands in model/ too.
        "networks": {name: method.branch(name).model.config for name in method.branch_names},
        "versions": {name: version(name) for name in packages},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "threads": torch.get_num_threads(),
    }
    write_text(environment, json.dumps(facts, indent=2) + "\n")


def _recorded(environment: Path) -> str:
    """The digest of the data that a run was begun with."""
    try:
        return str(json.loads(environment.read_text(encoding="utf-8"))["data"])
    except (ValueError, KeyError, TypeError) as error:
        raise ResumeError(
            f"'{environment}' cannot be read ({error}).",
            "Restore it, or train into another folder.",
        ) from error
