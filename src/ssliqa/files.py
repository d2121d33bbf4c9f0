"""Atomic writes: a file is whole or absent, whatever interrupts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place when the block succeeds.

    The folder is made where needed. The temporary file keeps the suffix of ``path``, since some
    libraries tell the format from it.

    Raises:
        OSError: it cannot be written; NotADirectoryError where it would be below a file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise NotADirectoryError(
            f"'{path}' cannot be written, since a file stands where a folder of it would be: name "
            "another place"
        ) from None
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
