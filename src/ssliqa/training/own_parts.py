"""The parts of a run's own split, read from its label table again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ssliqa.data import LabelTable, read_rated, read_split
from ssliqa.data.splits import PARTS
from ssliqa.errors import ConfigError
from ssliqa.training.run_config import read_config

_NAME_SOME = (
    "Name rated photographs with --labels TABLE --images DIR, or with --dataset NAME --root DIR."
)


def own_test_part(folder: Path) -> LabelTable:
    """The rows of the label table that no training of this run has seen.

    Args:
        folder: a run folder.

    Raises:
        ConfigError: the folder holds no run with a split, or the split has no test images.
    """
    return _own_part(folder, "test")


def own_labeled_part(folder: Path) -> LabelTable:
    """The rows that this run has learned from.

    Args:
        folder: a run folder.

    Raises:
        ConfigError: the folder holds no run with a split.
        SsliqaError: its label table or its photographs are not there any more.
    """
    return _own_part(folder, "labeled")


def own_validation_part(folder: Path) -> LabelTable:
    """The rows that validated this run, which is how they may have chosen its weights.

    Args:
        folder: a run folder.

    Raises:
        ConfigError: the folder holds no run with a split, or the split has no validation images.
    """
    return _own_part(folder, "validation")


def own_parts(folder: Path) -> dict[Path, str]:
    """Which part of this run's split each of its rated photographs is in, by resolved file.

    Args:
        folder: any folder; of one that is no run with a split nothing is known.

    Raises:
        SsliqaError: the run's settings, its label table or its split cannot be read.
    """
    if not (folder / "split.csv").is_file():
        return {}
    table = read_rated(read_config(folder))
    files = dict(zip(table.names, table.paths, strict=True))
    split = read_split(folder / "split.csv", table.names)
    return {files[name].resolve(): part for part in PARTS for name in getattr(split, part)}


def _own_part(folder: Path, part: str) -> LabelTable:
    if not (folder / "split.csv").is_file():
        raise ConfigError(
            f"'{folder}' is not a run folder with a split of its own.",
            _NAME_SOME,
        )
    table = read_rated(read_config(folder))
    names = getattr(read_split(folder / "split.csv", table.names), part)
    if not names:
        raise ConfigError(
            f"The run '{folder}' has kept no {part} images.",
            _NAME_SOME,
        )
    return table.subset(np.array([table.names.index(name) for name in names]))
