"""One training a run folder at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from ssliqa.errors import ConfigError, ResumeError

_LOCK = ".lock"


@contextmanager
def run_lock(folder: Path, main_process: bool) -> Iterator[None]:
    """Hold the folder for the block; the system lets go of it however the process ends.

    Of a run that fails before it has written anything nothing remains, not even a folder.

    Args:
        folder: the run folder, made where needed.
        main_process: of several processes of one training only this one takes the lock.

    Raises:
        ResumeError: another training is at work there.
        ConfigError: the folder cannot be written.
    """
    if not main_process:
        yield
        return
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    with _locked(folder):
        try:
            yield
        finally:
            _leave(folder, new)


def _locked(folder: Path) -> TextIO:
    """The folder's lock file, opened and locked; closing it lets go."""
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder / _LOCK).open("w")
        except OSError as error:
            raise ConfigError(
                f"The run folder '{folder}' cannot be written ({error.strerror}).",
                "Name another --out.",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise ResumeError(
                f"Another training is at work in '{folder}'.",
                "Wait for it, stop it, or name another --out.",
            ) from error
        # Whoever held it before may have removed it in the meantime: that lock keeps nobody out.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock.fileno()), (folder / _LOCK).stat()):
                return lock
        lock.close()


def _leave(folder: Path, new: list[Path]) -> None:
    """Remove the lock of a folder that holds nothing else, and the folders made for it."""
    if [path.name for path in folder.iterdir()] != [_LOCK]:
        return
    (folder / _LOCK).unlink()
    with suppress(OSError):  # somebody else has put something there
        for path in new:
            path.rmdir()
