"""Photographs of another kind are left out of the unlabeled ones before they can do harm.

What the student's start weights see in each photograph decides; see :mod:`ssliqa.metrics.likeness`.
The decision is kept in the run folder, where a resumed run finds it and a user can read it.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import ResumeError
from ssliqa.files import whole_file
from ssliqa.methods import Images, Method, Pool
from ssliqa.methods.crops import first
from ssliqa.metrics.likeness import FEWEST, likeness
from ssliqa.training.monitor import Monitor
from ssliqa.training.photographs import Photographs


def screen(
    photographs: Photographs,
    share: float,
    pool: Pool,
    method: Method,
    file: Path,
    monitor: Monitor,
) -> Photographs:
    """The photographs without those unlabeled ones that are unlike the labeled ones.

    Args:
        photographs: of a training.
        share: of photographs of the labeled kind that may be lost; 0 keeps all.
        pool: the same photographs as crops.
        method: with its start weights.
        file: the decisions, one row for each unlabeled photograph; read where it exists.
        monitor: told how many are left out.

    Raises:
        ResumeError: the file is damaged or of other photographs.
    """
    if not share or not pool.unlabeled:
        return photographs
    if min(pool.labeled, pool.unlabeled) < FEWEST or share * (pool.labeled + 1) < 1:
        monitor.message(
            f"All unlabeled photographs are kept: with {pool.labeled} labeled and "
            f"{pool.unlabeled} unlabeled ones a share of {share:g} cannot be told. It takes "
            f"{FEWEST} of each, and {math.ceil(1 / share) - 1} labeled ones for this share."
        )
        return photographs
    if not file.exists():
        values = likeness(
            _features(method, pool.labeled_crops, pool.labeled),
            _features(method, pool.unlabeled_crops, pool.unlabeled),
        )
        _write(file, photographs, values)
    kept = _read(file, photographs) > share
    if not kept.all():
        monitor.message(
            f"{np.sum(~kept)} of {len(kept)} unlabeled photographs are unlike the labeled ones and "
            f"left out ({file.name} lists them)."
        )
    return replace(photographs, unlabeled=photographs.unlabeled[kept])


def _features(method: Method, crops: Callable[[int], Images], count: int) -> NDArray[np.float64]:
    """What the student sees in one crop of each photograph, shape (count, F)."""
    student = method.branch("student")
    rows = [student.target(first(crops(place), 1)).activation for place in range(count)]
    return np.concatenate([row.double().cpu().numpy() for row in rows])


def _write(file: Path, photographs: Photographs, values: NDArray[np.float64]) -> None:
    with whole_file(file) as draft, draft.open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(("image", "likeness"))
        for index, value in zip(photographs.unlabeled, values, strict=True):
            writer.writerow((photographs.paths[index], f"{value:.6f}"))


def _read(file: Path, photographs: Photographs) -> NDArray[np.float64]:
    try:
        with file.open(encoding="utf-8", newline="") as table:
            rows = list(csv.DictReader(table))
        names = [Path(row["image"]).name for row in rows]
        values = np.array([float(row["likeness"]) for row in rows])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ResumeError(f"'{file}' cannot be read ({error}).", _ANEW) from error
    # By name alone, since folders may have moved.
    if names != [Path(photographs.paths[index]).name for index in photographs.unlabeled]:
        raise ResumeError(f"'{file}' is of other photographs than this training.", _ANEW)
    return values


_ANEW = "Delete it to have it made anew, or train into another folder."
