"""Score many photographs, several at a time; scores come out in order.

One unreadable photograph costs one row, never the batch. At most a few photographs are in memory,
however many there are to score.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import ConfigError, ImageReadError
from ssliqa.images import Protocol
from ssliqa.images.decode import Photo, read_photo
from ssliqa.models import QualityModel, Score
from ssliqa.scoring.engines import Engine, TorchEngine
from ssliqa.scoring.file_state import FileState, file_state

# Photographs that may be under way or wait for their turn to come out, for each thread.
_AHEAD = 4


@dataclass(frozen=True)
class ScoredPhoto:
    """A photograph with its score, or with the reason why it has none."""

    path: Path
    score: Score | None
    error: str = ""
    state: FileState | None = None
    """The file that was scored; None where it could not be read."""
    notes: tuple[str, ...] = ()
    """What to know of the picture, such as that it is the first of several; see
    :class:`ssliqa.images.decode.Photo`. Not kept where a table is resumed."""


def score_photos(
    model: QualityModel | Engine, paths: Iterable[Path], *, workers: int = 2
) -> Iterator[ScoredPhoto]:
    """Score photographs one by one, in the order given.

    Args:
        model: scores in its own rating scale.
        paths: photo files, taken as they are needed.
        workers: threads, each of which decodes and scores one photograph at a time on one core;
            their number does not change any score.

    Raises:
        ConfigError: ``workers`` is below 1.
    """
    check_workers(workers)
    engine = TorchEngine(model) if isinstance(model, QualityModel) else model
    with ThreadPoolExecutor(max_workers=workers) as pool:
        waiting: deque[tuple[Path, Future[_Scored]]] = deque()
        rest = iter(paths)
        try:
            while True:
                while len(waiting) < workers * _AHEAD:
                    path = next(rest, None)
                    if path is None:
                        break
                    waiting.append((path, pool.submit(_distribution, path, engine)))
                if not waiting:
                    return
                path, scored = waiting.popleft()
                try:
                    distribution, state, notes = scored.result()
                except ImageReadError as error:
                    yield ScoredPhoto(path, None, str(error))
                else:
                    score = Score.of(distribution, engine.scale, engine.calibration)
                    yield ScoredPhoto(path, score, state=state, notes=notes)
        finally:
            for _, scored in waiting:
                scored.cancel()


def check_workers(workers: int) -> None:
    """Refuse a number of threads that cannot be.

    Raises:
        ConfigError: it is below 1.
    """
    if workers < 1:
        raise ConfigError(f"Scoring got workers={workers}.", "Use 1 or more.")


_Scored = tuple[NDArray[np.float64], FileState, tuple[str, ...]]


def _distribution(path: Path, engine: Engine) -> _Scored:
    photo, state = _photo(path, engine.protocol)
    return engine.predict(photo.pixels), state, photo.notes


def _photo(path: Path, protocol: Protocol) -> tuple[Photo, FileState]:
    """A file that stayed the same while it was read."""
    for _ in range(2):
        before = file_state(path)
        try:
            photo = read_photo(path, protocol)
        except ImageReadError:
            if file_state(path) == before:
                raise
        except Exception as error:  # one odd file must not end the scoring of all the others
            raise ImageReadError(f"{path}: cannot be prepared ({error!r}).") from error
        else:
            if file_state(path) == before:
                return photo, before
    raise ImageReadError(f"{path}: was changing while it was read.", "Score it again later.")
