"""A plan: which trainings to compare, as a short YAML file.

    title: LIVE Challenge, the method and its parts
    settings:                        # whatever `ssliqa train` takes, shared by all cells
      labels: ratings.csv
      images: photos/
      steps: 400
    methods:                         # name -> what sets it apart
      supervised: {method: supervised}
      supervised teacher: {method: supervised, student: "{teacher}"}
      ssliqa: {method: ssliqa}
      ssliqa, as published: {preset: paper}
      ssliqa without relations: {method: ssliqa, method.relation_weight: 0}
    baseline: supervised             # what the others are compared with
    pairs: [mobilenetv2_100 <- mobilenetv1_100]       # student <- teacher
    budgets: [50, 150, all]          # labels to use: a count, a share below 1, or all
    ratios: [2]                      # unlabeled images a step for each labeled one
    splits: 5                        # seeds 0..4, or a list of seeds
    tests:                           # further databases, beside the test part of each split
      night: {labels: night.csv, images: night/, scale: 0-1}
      nnid: {dataset: nnid, root: NNID/, subset: [512, 1024, 2048]}       # three test sets

Every combination is a cell. Cells with the same settings are the same training and run once: a
supervised student is the same at every ratio, for instance.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ssliqa.benchmark.contents import without_places
from ssliqa.benchmark.plan_file import Pair, read_plan_file
from ssliqa.benchmark.settings import filled, merged
from ssliqa.benchmark.test_sets import test_sets
from ssliqa.data import RatedSource
from ssliqa.errors import ConfigError
from ssliqa.methods import Method, find_method, method_names
from ssliqa.training import TrainConfig
from ssliqa.training.config import DEFAULT_METHOD
from ssliqa.training.presets import read_preset
from ssliqa.training.run_config import config_parser, parse_config

# What does not change a training's result, and so does not tell cells apart.
_NO_DIFFERENCE = ("out", "cache", "cache_gb", "workers", "checkpoint_minutes", "device")


@dataclass(frozen=True)
class Cell:
    """One row of the results: a place on each axis, and the training that fills it.

    Attributes:
        method: its name in the plan.
        pair: the pair of networks as the plan says it; empty where it names none.
        student, teacher: backbones; the teacher is empty where the method has none.
        budget: labels as the plan says it (``150``, ``0.2``, ``all``).
        ratio: unlabeled images a step for each labeled one; None where steps are given none.
        split: the seed.
        config: the training; ``out`` is left for the runner to fill.
    """

    method: str
    pair: str
    student: str
    teacher: str
    budget: str
    ratio: float | None
    split: int
    config: TrainConfig

    @property
    def key(self) -> str:
        """Name of the cell's folder: equal for equal trainings, whatever they are called.

        Equal also where their data and weights lie elsewhere; equal in content they must be.
        """
        values = without_places(self.config)
        told = {name: value for name, value in values.items() if name not in _NO_DIFFERENCE}
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:10]
        parts = (self.config.method["name"], self.student, self.budget, f"split{self.split}")
        return "-".join(str(part).replace(":", ".") for part in parts) + f"-{digest}"

    @property
    def place(self) -> dict[str, Any]:
        """The cell's place on each axis, as columns of the results table."""
        names = [field.name for field in fields(self) if field.name != "config"]
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Plan:
    """Everything a benchmark does; ``baseline`` is the method the others are compared with."""

    title: str
    cells: tuple[Cell, ...]
    tests: Mapping[str, RatedSource]
    baseline: str

    @property
    def methods(self) -> list[str]:
        """Names of the methods, in the plan's order."""
        return list(dict.fromkeys(cell.method for cell in self.cells))


def read_plan(path: Path, overrides: Mapping[str, Any] | None = None) -> Plan:
    """Read a plan and check every training in it.

    Args:
        path: the YAML file.
        overrides: what wins over the file, by name or dotted name: settings shared by all trainings
            (not those that set a method apart), such as where the data lie; ``tests.NAME.SETTING``;
            entries such as ``splits``; and ``methods``, the names of those to keep.

    Raises:
        ConfigError: a file of another form, an unknown key or setting, or an unusable value; the
            message says in which cell.
    """
    plan = read_plan_file(path, overrides or {})
    cells = {}
    for (name, own), pair in itertools.product(plan.methods.items(), plan.pairs):
        config = _config(name, plan.settings, own, pair)
        for budget, ratio, seed in itertools.product(plan.budgets, plan.ratios, plan.seeds):
            cell = _cell(name, pair, config, budget, ratio, seed)
            cells[json.dumps(cell.place)] = cell  # where steps take none, ratios are all one
    baseline = plan.baseline or next(iter(plan.methods))
    if baseline not in plan.methods:
        raise ConfigError(
            f"The plan's baseline '{baseline}' is none of its methods.",
            f"They are: {', '.join(plan.methods)}.",
        )
    return Plan(plan.title, tuple(cells.values()), test_sets(plan.tests), baseline)


def _config(
    name: str, shared: Mapping[str, Any], own: Mapping[str, Any], pair: Pair
) -> TrainConfig:
    """The training of a method and a pair, its budget, ratio and seed still to be set."""
    own, shared = dict(own), dict(shared)
    below, preset = shared.pop("preset", None), own.pop("preset", None)
    values: dict[str, Any] = {}
    if (preset or below) is not None:
        named = [part.get("method", {}).get("name") for part in (own, shared)]
        values = read_preset(str(preset or below), named[0] or named[1])
    values = merged(merged(values, shared), pair.settings)
    networks = {role: values.get(role, {}).get("name", "") for role in ("student", "teacher")}
    values = merged(values, filled(own, networks, pair.settings))
    # An entry that is called like a method, and names none, means that one.
    named_like = name if name in method_names() else DEFAULT_METHOD
    method = str(values.setdefault("method", {}).setdefault("name", named_like))
    try:
        return parse_config(
            config_parser(method), values=values | {"out": "."}
        ).with_absolute_paths()
    except ConfigError as error:
        raise ConfigError(f"The plan's method '{name}': {error.found}", error.remedy) from error


def _cell(
    name: str,
    pair: Pair,
    config: TrainConfig,
    budget: Any,
    ratio: float | None,
    seed: int,
) -> Cell:
    kind = find_method(str(config.method["name"]))
    config = replace(
        config,
        label_budget=None if budget == "all" else budget,
        unlabeled_ratio=config.unlabeled_ratio if ratio is None else float(ratio),
        seed=seed,
    )
    return Cell(
        method=name,
        pair=pair.name,
        student=config.student.name,
        teacher=config.teacher.name if "teacher" in kind.branch_names else "",
        budget=str(budget),
        ratio=config.unlabeled_ratio if kind.draws_unlabeled() else None,
        split=seed,
        config=_without_idle(config, kind),
    )


def _without_idle(config: TrainConfig, kind: type[Method]) -> TrainConfig:
    """Defaults for settings the method does not use, so that they do not tell cells apart."""
    plain = TrainConfig(labels="", out=".")
    idle = []
    if "teacher" not in kind.branch_names:
        idle += ["teacher"]
    if not kind.draws_unlabeled():
        idle += ["unlabeled_ratio", "unlabeled_crops"]
    if not kind.uses_unlabeled:
        idle += ["unlabeled", "screen"]
    config = replace(config, **{name: getattr(plain, name) for name in idle})
    for name in kind.fitted:
        branch = replace(getattr(config, name), frozen_stages=0, batch_norm="auto")
        config = replace(config, **{name: branch})
    return config
