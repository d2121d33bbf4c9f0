"""What the data and weights of a training hold, in place of where they lie.

So a training is recognized after its data have been moved, and on another machine: a benchmark
may be shared out by its splits, and its cells be gathered in one folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from ssliqa.data import RatedSource, list_photographs
from ssliqa.errors import SsliqaError
from ssliqa.methods import find_method
from ssliqa.training import TrainConfig
from ssliqa.training.build import fitted_branches
from ssliqa.training.run_config import config_values

# Settings that came later. With these values a training is what it was before there were any, so
# the cells of older benchmarks keep their names.
_AS_BEFORE = {"screen": 0.0, "unlabeled_crops": 1, "fit_head": False}


def without_places(config: TrainConfig) -> dict[str, Any]:
    """All settings of a training, with digests of contents in place of files and folders.

    What cannot be read is left as it is named: the training itself will tell.
    """
    values = config_values(config)
    values["labels"] = _rated(json.dumps(asdict(RatedSource.of(config))))
    del values["images"], values["root"]
    values["unlabeled"] = _photographs(tuple(config.unlabeled))
    if config.split is not None:
        values["split"] = _file(config.split)
    of_method = find_method(str(config.method["name"])).branch_names
    for name, branch in (("student", config.student), ("teacher", config.teacher)):
        if name not in of_method:
            del values[name]
            continue
        if branch.levels <= 1 and name not in fitted_branches(config):
            del values[name]["levels"]
        weights = Path(branch.weights or config.weights).expanduser()
        if weights.is_dir():
            weights /= f"{branch.name}.safetensors"
        values[name]["weights"] = _file(str(weights))
    del values["weights"]
    _forget(values, _AS_BEFORE)
    return values


def _forget(values: dict[str, Any], as_before: dict[str, Any]) -> None:
    for name, value in as_before.items():
        if values[name] == value:
            del values[name]


@cache
def _rated(source: str) -> str:
    try:
        table = RatedSource(**json.loads(source)).read()
    except SsliqaError:
        return source
    parts = table.parts or [""] * len(table)
    rows = zip(
        table.names,
        _sizes(table.paths),
        table.distribution.tolist(),
        table.groups,
        parts,
        strict=True,
    )
    return _digest([*map(list, rows), *_sizes(table.unrated)])


@cache
def _photographs(sources: tuple[str, ...]) -> list[str] | str:
    try:
        files = list_photographs(sources)
    except SsliqaError:
        return list(sources)
    return _digest([[file.name, size] for file, size in zip(files, _sizes(files), strict=True)])


@cache
def _file(path: str) -> str:
    try:
        with Path(path).expanduser().open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return path


def _sizes(files: Iterable[Path]) -> list[int]:
    return [file.stat().st_size if file.exists() else -1 for file in files]


def _digest(values: list[Any]) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
