"""What has been scored so far, on disk as it comes: a line a photograph, only ever added to.

The first line says which model scores. Every line is written at once, so that whatever kills the
process takes at most the line it was writing, which is dropped when the journal is read again. A
photograph's last line counts. Memory holds 16 bytes a photograph of the run before, never a row.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import ConfigError, ResumeError, ScoreTableError
from ssliqa.models import Score
from ssliqa.scoring.file_state import FileState
from ssliqa.scoring.identity import difference
from ssliqa.scoring.photos import ScoredPhoto

_FORM = "ssliqa scores"
_VERSION = 1
_Numbers = NDArray[np.uint64]


def journal_path(table: Path) -> Path:
    """Where the rows of a table are until it is whole: ``scores.csv.part`` beside it."""
    return table.with_name(f"{table.name}.part")


class Journal:
    """The rows scored so far. Use it as a context: it is closed at the end, and its lock released.

    Args:
        path: its file; made where it is missing.
        model: what the scorer is known by, see :mod:`ssliqa.scoring.identity`.
        resume: go on with what is there. Without it only a journal without rows is taken over.

    Raises:
        ResumeError: another process writes to it; it holds rows and is not to be resumed; or its
            rows are another model's.
        ConfigError: it cannot be opened or written.
    """

    def __init__(self, path: Path, model: dict[str, Any], *, resume: bool) -> None:
        self.path = path
        self._file = _locked(path)
        try:
            self._keys, self._places, self._end = self._read(model, resume)
            if self._end == 0:
                self._write({_FORM: _VERSION, "model": model})
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        """Rows that were there when it was opened."""
        return len(self._keys)

    def remove(self) -> None:
        """Remove the file, since a whole table has taken its place."""
        self.path.unlink(missing_ok=True)

    def done(self, path: Path, state: FileState) -> int | None:
        """The place of an earlier row with a score of this very file; None if there is none."""
        key = np.uint64(_key(path))
        last = int(np.searchsorted(self._keys, key, side="right")) - 1
        while last >= 0 and self._keys[last] == key:
            row = self.row(int(self._places[last]))
            if row.path == path:
                usable = row.score is not None and row.state == state
                return int(self._places[last]) if usable else None
            last -= 1  # another path with the same key
        return None

    def add(self, row: ScoredPhoto) -> int:
        """Write a row, and give its place.

        Raises:
            ScoreTableError: the disk is full, or refuses to be written.
        """
        place = self._end
        self._write(_to_json(row))
        return place

    def row(self, place: int) -> ScoredPhoto:
        """The row at a place."""
        line, size = b"", 1024
        while b"\n" not in line:
            size *= 2
            line = os.pread(self._file.fileno(), size, place)
        return _from_json(json.loads(line[: line.index(b"\n")]))

    def rows(self, places: Iterable[int]) -> Iterator[ScoredPhoto]:
        """The rows at these places."""
        return (self.row(place) for place in places)

    def _write(self, record: dict[str, Any]) -> None:
        # ASCII: a name that is no text is written with its odd bytes escaped.
        line = memoryview(json.dumps(record, allow_nan=False).encode() + b"\n")
        try:
            while line:
                written = os.write(self._file.fileno(), line)
                self._end += written
                line = line[written:]
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            raise ScoreTableError(
                f"'{self.path}' cannot be written ({error.strerror}).",
                f"{'Make room' if full else 'Mend it'} and go on with --resume; "
                "all rows before are kept.",
            ) from error

    def _read(self, model: dict[str, Any], resume: bool) -> tuple[_Numbers, _Numbers, int]:
        """Keys of the paths, sorted, the places of their rows, and where the next one goes."""
        keys, places = array("Q"), array("Q")
        end, head = 0, None
        with self.path.open("rb") as lines:
            for line in lines:
                if head is None:
                    head = self._head(line)
                elif not line.endswith(b"\n"):
                    break  # torn
                elif (row := _parsed(line)) is not None:
                    keys.append(_key(row.path))
                    places.append(end)
                end += len(line)
        if keys and not resume:
            raise ResumeError(
                f"'{self.path}' holds {len(keys)} photographs of an unfinished table.",
                "Go on with --resume, or remove it to start anew.",
            )
        if keys and head is not None and (other := difference(head, model)):
            raise ResumeError(
                f"The photographs in '{self.path}' were scored by {other}.",
                "Resume with what began it, or remove it to start anew.",
            )
        end = end if keys else 0  # a head without rows says nothing
        self._file.truncate(end)
        order = np.argsort(np.array(keys, np.uint64), kind="stable")
        return np.array(keys, np.uint64)[order], np.array(places, np.uint64)[order], end

    def _head(self, line: bytes) -> dict[str, Any]:
        """The model in the first line; without a use where it is torn, as then no row follows."""
        torn = not line.endswith(b"\n")
        start = json.dumps({_FORM: _VERSION})[:-1].encode()
        if torn and (line.startswith(start) or start.startswith(line)):
            return {}
        try:
            head = json.loads(line)
            if head[_FORM] == _VERSION and isinstance(head["model"]["answers"], list):
                return dict(head["model"])
        except (KeyError, TypeError, ValueError):
            pass
        raise ResumeError(
            f"'{self.path}' is not what an unfinished table of scores looks like.",
            "Move it away, or name another --out.",
        )


def _locked(path: Path) -> FileIO:
    """The journal's file, opened and locked; closing it lets go."""
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a+b", buffering=0)
        except OSError as error:
            raise ConfigError(
                f"'{path}' cannot be written ({error.strerror}).", "Name another --out."
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise ResumeError(
                f"Another ssliqa score is at work on '{path}'.",
                "Wait for it, stop it, or name another --out.",
            ) from error
        # Whoever held it before may have finished and removed it in the meantime.
        try:
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass
        file.close()


def _key(path: Path) -> int:
    return int.from_bytes(blake2b(os.fsencode(path), digest_size=8).digest(), "big")


def _to_json(row: ScoredPhoto) -> dict[str, Any]:
    record: dict[str, Any] = {"path": str(row.path), "error": row.error}
    if row.score is not None:
        record |= {"score": asdict(row.score), "state": row.state}
    return record


def _from_json(record: dict[str, Any]) -> ScoredPhoto:
    score, state = record.get("score"), record.get("state")
    if score is not None:
        score = Score(**score | {"distribution": tuple(score["distribution"])})
    return ScoredPhoto(
        Path(record["path"]), score, record["error"], None if state is None else FileState(*state)
    )


def _parsed(line: bytes) -> ScoredPhoto | None:
    """The row in a line; None where the disk has damaged it."""
    try:
        return _from_json(json.loads(line))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
