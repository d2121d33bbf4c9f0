"""Writing files: where that is possible, and whole or not at all, whatever interrupts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from ssliqa.errors import ConfigError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place when the block succeeds.

    The folder is made where needed. The temporary file keeps the suffix of ``path``, since some
    libraries tell the format from it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem[:40]}-{uuid4().hex[:12]}{path.suffix}")
    temporary.touch(exist_ok=False)
    rights = temporary.stat().st_mode
    try:
        yield temporary
        # Some libraries replace the file by one for the owner alone.
        temporary.chmod(rights)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) as a whole."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


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
