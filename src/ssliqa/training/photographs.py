"""The photographs of a run: which are labeled, unlabeled and for validation, all decoded once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ssliqa.data import (
    LabelTable,
    Split,
    list_photographs,
    make_split,
    read_rated,
    read_split,
)
from ssliqa.errors import ConfigError, ImageReadError, SplitError, first_few
from ssliqa.images import ImageCache, Prepared, default_cache_folder
from ssliqa.opinion import Scale
from ssliqa.training.config import TrainConfig
from ssliqa.training.monitor import Monitor


@dataclass(frozen=True)
class Photographs:
    """Decoded photographs by index, and what part each plays.

    ``labeled``, ``unlabeled`` and ``validation`` are indices into ``prepared`` and ``paths``;
    ``distribution`` (n, 5) and ``mos`` (n,) are NaN where there is no label to be seen.
    """

    prepared: Prepared
    paths: list[Path]
    labeled: NDArray[np.int64]
    unlabeled: NDArray[np.int64]
    validation: NDArray[np.int64]
    distribution: NDArray[np.float64]
    mos: NDArray[np.float64]
    split: Split
    scale: Scale

    def fingerprint(self) -> str:
        """Digest of everything a training sees: pixels, labels and parts."""
        digest = hashlib.sha256()
        for photo in self.prepared.photos:
            digest.update(b"-" if photo is None else photo.key.encode())
        for values in (self.labeled, self.unlabeled, self.validation, self.distribution):
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()


def divide_photographs(
    config: TrainConfig, split_file: Path | None, monitor: Monitor
) -> tuple[LabelTable, Split]:
    """Read the label table and divide it; no photograph is decoded yet.

    Args:
        config: the training's settings.
        split_file: a split written by an earlier attempt at this run; it wins over drawing anew.
            None where there was none.
        monitor: told of rows set aside.

    Raises:
        LabelTableError, SplitError: see the readers.
    """
    table = read_rated(config)
    for line in (*table.problems, *table.remarks):
        monitor.message(line)
    return table, _split(config, table, split_file)


def check_ratings(table: LabelTable, split: Split) -> None:
    """Refuse ratings that no order can be learned from.

    Raises:
        ConfigError: all photographs to learn from have the same rating.
    """
    labeled = set(split.labeled)
    _check_order(table.mos[[name in labeled for name in table.names]])


def _check_order(mos: NDArray[np.float64]) -> None:
    if len(np.unique(mos)) == 1:
        one, all_of_them = "The only one to learn from is", f"All {len(mos)} to learn from are"
        raise ConfigError(
            f"{one if len(mos) == 1 else all_of_them} rated {mos[0]:g}, and from equal ratings no "
            "order can be learned.",
            "Give photographs that differ in quality, and their ratings.",
        )


def gather_photographs(
    config: TrainConfig, table: LabelTable, split: Split, monitor: Monitor
) -> Photographs:
    """Decode every photograph that training needs.

    Args:
        config: the training's settings.
        table, split: from :func:`divide_photographs`.
        monitor: told of photographs left out.

    Raises:
        ConfigError: an unreadable photograph under ``strict``, or nothing left to train on, or to
            learn an order from.
    """
    parts: dict[str, Sequence[str]] = {
        "labeled": split.labeled,
        "unlabeled": split.unlabeled,
        "validation": split.validation,
    }
    place = {name: k for k, name in enumerate(table.names)}
    rows = {part: [place[name] for name in names] for part, names in parts.items()}
    of_table = [row for part in rows.values() for row in part]
    further = _not_in(table, [*table.unrated, *list_photographs(config.unlabeled)])
    paths = [table.paths[row] for row in of_table] + further
    cache = ImageCache(
        Path(config.cache).expanduser() if config.cache else default_cache_folder(),
        int(config.cache_gb * 1e9),
    )
    prepared = cache.prepare(
        paths, config.protocol, workers=config.workers, progress=monitor.preparing
    )
    _report_unreadable(prepared, config.strict, monitor)

    distribution = np.full((len(paths), 5), np.nan)
    mos = np.full(len(paths), np.nan)
    index: dict[str, NDArray[np.int64]] = {}
    start = 0
    for part, part_rows in rows.items():
        places = np.arange(start, start + len(part_rows))
        if part != "unlabeled":
            distribution[places] = table.distribution[part_rows]
            mos[places] = table.mos[part_rows]
        index[part] = places
        start += len(part_rows)
    index["unlabeled"] = np.concatenate([index["unlabeled"], np.arange(start, len(paths))])
    readable = np.array([photo is not None for photo in prepared.photos], dtype=bool)
    index = {part: places[readable[places]] for part, places in index.items()}
    if not len(index["labeled"]):
        path, reason = prepared.failures[0]
        raise ConfigError(
            "None of the labeled photographs can be read.", f"The first: {path}: {reason}"
        )
    _check_order(mos[index["labeled"]])  # of those that can be read
    return Photographs(
        prepared=prepared,
        paths=paths,
        labeled=index["labeled"],
        unlabeled=index["unlabeled"],
        validation=index["validation"],
        distribution=distribution,
        mos=mos,
        split=split,
        scale=table.scale,
    )


def _not_in(table: LabelTable, photographs: Sequence[Path]) -> list[Path]:
    """The photographs whose content is none of the table's rated ones, each file once.

    A test photograph must not slip into training through a folder that holds a copy of it.
    """
    photographs = list({os.path.realpath(path): path for path in photographs}.values())
    if not photographs:
        return []
    rated = {_content(path) for path in table.paths}
    return [path for path in photographs if _content(path) not in rated]


def _content(path: Path) -> str:
    """Digest of a file's content; of its name where it cannot be read, which is told later."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()
    except OSError:
        return str(path.absolute())


def _split(config: TrainConfig, table: LabelTable, split_file: Path | None) -> Split:
    if split_file is not None and split_file.exists():
        return read_split(split_file, table.names)
    if config.split is not None:
        split = read_split(Path(config.split), table.names)
        if config.label_budget is not None:
            raise SplitError(
                f"The split file '{config.split}' already says which images are labeled.",
                "Leave out --label-budget, or leave out --split to draw a split.",
            )
        return split
    return make_split(
        table.names,
        table.groups,
        fractions=config.fractions,
        seed=config.seed,
        label_budget=config.label_budget,
        parts=table.parts if config.official_split else None,
    )


def _report_unreadable(prepared: Prepared, strict: bool, monitor: Monitor) -> None:
    if prepared.note:
        monitor.message(prepared.note)
    if not prepared.failures:
        return
    offenders = first_few([f"{path.name}: {reason}" for path, reason in prepared.failures], 3)
    count = f"{len(prepared.failures)} of {len(prepared)} photographs cannot be read: {offenders}"
    if strict:
        raise ImageReadError(count, "Mend or remove them, or train without --strict.")
    monitor.message(f"{count.rstrip('.')}. They are left out.")
