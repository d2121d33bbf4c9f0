"""One training a run folder at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ssliqa.errors import ConfigError, ResumeError


@contextmanager
def run_lock(folder: Path, main_process: bool) -> Iterator[None]:
    """Hold the folder for the block; the system lets go of it however the process ends.

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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise ConfigError(
            f"The run folder '{folder}' cannot be written ({error.strerror}).",
            "Name another --out.",
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ResumeError(
                f"Another training is at work in '{folder}'.",
                "Wait for it, stop it, or name another --out.",
            ) from error
        yield
