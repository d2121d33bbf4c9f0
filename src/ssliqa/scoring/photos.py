"""Score many photographs: decoding runs ahead in threads, scores come out in order.

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
from ssliqa.images import Protocol, read_image, resize_image
from ssliqa.models import QualityModel, Score

# Decoded photographs that may wait for the network, for each decoding thread.
_AHEAD = 4


@dataclass(frozen=True)
class ScoredPhoto:
    """A photograph with its score, or with the reason why it has none."""

    path: Path
    score: Score | None
    error: str = ""


def score_photos(
    model: QualityModel, paths: Sequence[Path], *, workers: int = 2
) -> Iterator[ScoredPhoto]:
    """Score photographs one by one, in the order given.

    Args:
        model: scores in its own rating scale.
        paths: photo files.
        workers: threads that decode; their number does not change any score.

    Raises:
        ConfigError: ``workers`` is below 1.
    """
    if workers < 1:
        raise ConfigError(f"Scoring got workers={workers}.", "Use 1 or more.")
    with ThreadPoolExecutor(max_workers=workers) as pool:
        waiting: deque[tuple[Path, Future[NDArray[np.uint8]]]] = deque()
        rest = iter(paths)
        try:
            while True:
                while len(waiting) < workers * _AHEAD:
                    path = next(rest, None)
                    if path is None:
                        break
                    waiting.append((path, pool.submit(_pixels, path, model.protocol)))
                if not waiting:
                    return
                path, pixels = waiting.popleft()
                try:
                    yield ScoredPhoto(path, Score.of(model.predict(pixels.result()), model.scale))
                except ImageReadError as error:
                    yield ScoredPhoto(path, None, str(error))
        finally:
            for _, pixels in waiting:
                pixels.cancel()


def _pixels(path: Path, protocol: Protocol) -> NDArray[np.uint8]:
    return resize_image(read_image(path), protocol)
