"""Where a file may be written, asked before anything is computed for it."""

from __future__ import annotations

from pathlib import Path

from ssliqa.errors import ConfigError


def existing_folder_for(file: Path) -> Path:
    """The nearest folder above a file to be written that is there already.

    Raises:
        ConfigError: the file is a folder, or lies below a file.
    """
    if file.is_dir():
        raise ConfigError(f"'{file}' is a folder.", "Name a file.")
    above = next(folder for folder in file.absolute().parents if folder.exists())
    if not above.is_dir():
        raise ConfigError(f"'{above}' is a file, not a folder.", "Name another file to write.")
    return above
