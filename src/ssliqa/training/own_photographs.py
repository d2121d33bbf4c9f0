"""The photographs that a run has learned from, as far as they are still there."""

from __future__ import annotations

from pathlib import Path

from ssliqa.data import read_rated, read_split
from ssliqa.errors import ConfigError, SsliqaError
from ssliqa.training.run_config import read_config


def own_training_photographs(folder: Path) -> list[Path]:
    """Files of the labeled training images of a run.

    Args:
        folder: a run folder.

    Raises:
        ConfigError: the folder holds no run, or its photographs are not there any more.
    """
    try:
        table = read_rated(read_config(folder))
        labeled = set(read_split(folder / "split.csv", table.names).labeled)
    except (SsliqaError, OSError) as error:
        reason = error.found if isinstance(error, SsliqaError) else str(error)
        raise ConfigError(
            f"The photographs that '{folder}' was trained on cannot be found: {reason}",
            "Name some photographs of the kind it will score.",
        ) from error
    return [path for path, name in zip(table.paths, table.names, strict=True) if name in labeled]
