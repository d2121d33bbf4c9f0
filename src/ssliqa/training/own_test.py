"""The test images that a run's own split has kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ssliqa.data import LabelTable, read_rated, read_split
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
    if not (folder / "split.csv").is_file():
        raise ConfigError(
            f"'{folder}' is not a run folder with a split of its own.",
            _NAME_SOME,
        )
    table = read_rated(read_config(folder))
    split = read_split(folder / "split.csv", table.names)
    if not split.test:
        raise ConfigError(
            f"The run '{folder}' has kept no test images.",
            _NAME_SOME,
        )
    return table.subset(np.array([table.names.index(name) for name in split.test]))
