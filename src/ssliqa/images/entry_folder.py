"""A bounded folder of cache entries that several processes may use at once.

Room is made by removing the entries whose last use, their modification time, lies furthest back,
but never one that this object has claimed. There are no locks between processes: a claim holds
within one process only, so an entry may vanish, and readers must be ready for it.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ssliqa.errors import ConfigError
from ssliqa.images.entries import SUFFIX, TEMPORARY, Array, entry_bytes, map_entry, write_entry

# A sweep for a new entry frees some more room, so that a full folder is not listed for each one.
_SWEEP_TO = 0.9

# A half-written file of this age, in seconds, was left by a process that was killed.
_ABANDONED = 3600.0


class EntryFolder:
    """Entries in ``folder``, at most ``limit_bytes`` together; other files are left alone."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._claims: dict[str, int] = {}  # key -> bytes
        self._claimed = 0  # their sum
        self._used = 0  # bytes in the folder when last listed, plus what was stored since
        self._trouble = ""

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def open(self) -> None:
        """Make the folder where it does not exist, and see that it can be written.

        Raises:
            ConfigError: it cannot.
        """
        probe = self.folder / f"{os.getpid()}-{threading.get_ident()}{TEMPORARY}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise ConfigError(
                f"The image cache's folder {self.folder} cannot be written "
                f"({error.strerror or error}).",
                "Choose another folder for the cache.",
            ) from error
        self._trouble = ""

    def claim(self, key: str) -> tuple[int, ...] | None:
        """Verify entry ``key`` to the last byte, mark it as used now, and protect it.

        Returns:
            Its shape; None where it is missing, damaged, or more than the limit allows to claim.
        """
        path = self._path(key)
        values = map_entry(path, check=True)
        if values is None:
            return None
        with self._lock:
            if not self._try_claim(key, entry_bytes(values.shape, values.dtype)):
                return None
        with suppress(OSError):  # another user's entry, or it vanished just now: both are harmless
            os.utime(path)
        return values.shape

    def read(self, key: str) -> Array | None:
        """Map the array of entry ``key``, read-only. None where it is not usable."""
        return map_entry(self._path(key))

    def room(self) -> int:
        """Bytes that this object can still claim."""
        return self.limit_bytes - self._claimed

    def store(self, key: str, values: Array) -> None:
        """Keep ``values`` as entry ``key`` and claim it, if that is possible.

        It is not when this object's own claims fill the limit, or after writing has failed once.
        """
        size = entry_bytes(values.shape, values.dtype)
        with self._lock:
            if self._trouble or not self._try_claim(key, size):
                return
            if self._used + size > self.limit_bytes:
                self._sweep(int(self.limit_bytes * _SWEEP_TO) - size)
            self._used += size
        try:
            write_entry(self._path(key), values)
        except OSError as error:
            with self._lock:
                self._trouble = error.strerror or str(error)
                self._claimed -= self._claims.pop(key, 0)
                self._used -= size

    def tidy(self) -> None:
        """Remove what exceeds the limit, and what killed processes have left half-written."""
        with self._lock:
            self._sweep(self.limit_bytes)

    def holds(self, key: str) -> bool:
        """Whether this object has stored or claimed entry ``key``."""
        return key in self._claims

    def shortage(self) -> str:
        """Why an entry could not be stored."""
        if self._trouble:
            return f"the image cache {self.folder} cannot be written ({self._trouble})"
        return f"the image cache's limit of {self.limit_bytes / 1e9:.3g} GB is reached"

    def _path(self, key: str) -> Path:
        return self.folder / (key + SUFFIX)

    def _try_claim(self, key: str, size: int) -> bool:
        claimed = self._claimed - self._claims.get(key, 0) + size
        if claimed > self.limit_bytes:
            return False
        self._claimed = claimed
        self._claims[key] = size
        return True

    def _sweep(self, target: int) -> None:
        """List the folder; remove entries without a claim, oldest use first, down to ``target``."""
        total = 0
        removable: list[tuple[float, int, Path]] = []
        for path in self.folder.iterdir():
            if path.suffix not in (SUFFIX, TEMPORARY):
                continue
            try:
                state = path.stat()
                if path.suffix == TEMPORARY and time.time() - state.st_mtime > _ABANDONED:
                    path.unlink()
                    continue
            except FileNotFoundError:  # another process was faster
                continue
            total += state.st_size
            if path.suffix == SUFFIX and path.stem not in self._claims:
                removable.append((state.st_mtime, state.st_size, path))
        for _, size, path in sorted(removable):
            if total <= target:
                break
            path.unlink(missing_ok=True)
            total -= size
        self._used = total
