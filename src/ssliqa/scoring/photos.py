"""Score many photographs, several at a time; scores come out in order.

One unreadable photograph costs one row, never the batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import ConfigError, ImageReadError
from ssliqa.images import read_resized
from ssliqa.models import QualityModel, Score
from ssliqa.scoring.engines import Engine, TorchEngine

# Photographs that may be under way or wait for their turn to come out, for each thread.
_AHEAD = 4


@dataclass(frozen=True)
class ScoredPhoto:
    """A photograph with its score, or with the reason why it has none."""

    path: Path
    score: Score | None
    error: str = ""


def score_photos(
    model: QualityModel | Engine, paths: Sequence[Path], *, workers: int = 2
) -> Iterator[ScoredPhoto]:
    """Score photographs one by one, in the order given.

    Args:
        model: scores in its own rating scale.
        paths: photo files.
        workers: threads, each of which decodes and scores one photograph at a time on one core;
            their number does not change any score.

    Raises:
        ConfigError: ``workers`` is below 1.
    """
    if workers < 1:
        raise ConfigError(f"Scoring got workers={workers}.", "Use 1 or more.")
    engine = TorchEngine(model) if isinstance(model, QualityModel) else model
    with ThreadPoolExecutor(max_workers=workers) as pool:
        waiting: deque[tuple[Path, Future[NDArray[np.float64]]]] = deque()
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
                path, distribution = waiting.popleft()
                try:
                    yield ScoredPhoto(path, Score.of(distribution.result(), engine.scale))
                except ImageReadError as error:
                    yield ScoredPhoto(path, None, str(error))
        finally:
            for _, distribution in waiting:
                distribution.cancel()


def _distribution(path: Path, engine: Engine) -> NDArray[np.float64]:
    return engine.predict(read_resized(path, engine.protocol))
