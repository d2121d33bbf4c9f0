"""Endless streams of random crops, each batch a pure function of (seed, epoch, step).

No generator is carried from step to step. A run that is resumed in mid-epoch asks for the batch it
stopped at and gets the very same one, and each of several processes cuts its own part from the
batch that all would have drawn together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ssliqa.images import random_crop

Item = TypeVar("Item")


@dataclass(frozen=True)
class CropBatch:
    """A batch.

    ``images`` (B, crop, crop, 3) uint8, None from a stream without pixels; ``indices`` (B,) of the
    photographs they show; ``activations`` (B, ...) by name.
    """

    images: NDArray[np.uint8] | None
    indices: NDArray[np.int64]
    activations: dict[str, NDArray[np.float16]]


@dataclass(frozen=True)
class CropStream:
    """Random crops with random horizontal flips of a set of photographs.

    Within an epoch the photographs are dealt out in shuffled rounds, so that after k rounds each
    has been shown k times; the stream never ends, and a short set is dealt again as often as a step
    asks for it.

    Args:
        count: number of photographs.
        pixels: from an index to resized pixels (H, W, 3) uint8.
        crop: side of the crops.
        batch_size: crops a step for this process.
        seed: of the whole stream.
        stream: tells the streams of one run apart (labeled, unlabeled).
        repeats: how often a photograph stands in one round.
        crops_each: crops of a photograph each time it is dealt, next to each other in a batch, and
            of different views while there are any; ``batch_size`` is a multiple of it.
        rank, processes: which part of the joined batch is this process's.
        views: (V, 3) crops that are drawn from, see :func:`crop_views`; None draws any crop.
        activations: by name, from an index to what is known of that photograph's views (V, ...).
        with_pixels: cut pixels, too.
    """

    count: int
    pixels: Callable[[int], NDArray[np.uint8]]
    crop: int
    batch_size: int
    seed: int
    stream: int = 0
    repeats: int = 1
    crops_each: int = 1
    rank: int = 0
    processes: int = 1
    views: NDArray[np.float64] | None = None
    activations: Mapping[str, Callable[[int], NDArray[np.float16]]] = field(default_factory=dict)
    with_pixels: bool = True

    @property
    def round_steps(self) -> float:
        """Steps that one round takes, as a fraction where the last batch is not full."""
        crops = self.count * self.repeats * self.crops_each
        return crops / (self.batch_size * self.processes)

    def batch(self, epoch: int, step: int) -> CropBatch:
        """The batch of this epoch and step within the epoch (both from 0)."""
        joined = self.batch_size * self.processes
        own = slice(self.rank * self.batch_size, (self.rank + 1) * self.batch_size)
        places = np.arange(step * joined, (step + 1) * joined)[own]
        draws = self._generator(epoch, 1, step).random((joined, 3))[own]
        indices = self._dealt(epoch, places // self.crops_each)
        mirrored = draws[:, 2] < 0.5
        activations: dict[str, NDArray[np.float16]] = {}
        if self.views is not None:
            # A photograph's further crops are the views that follow that of its first one.
            further = np.arange(self.batch_size) % self.crops_each
            first = draws[np.arange(self.batch_size) - further, 0]
            numbers = ((first * len(self.views)).astype(np.int64) + further) % len(self.views)
            draws = self.views[numbers]
            mirrored = draws[:, 2] > 0
            activations = {
                name: np.stack([of(k)[n] for k, n in zip(indices.tolist(), numbers, strict=True)])
                for name, of in self.activations.items()
            }
        images = None
        if self.with_pixels:
            images = np.empty((self.batch_size, self.crop, self.crop, 3), dtype=np.uint8)
            for image, index, (u, v, _), flip in zip(images, indices, draws, mirrored, strict=True):
                random_crop(self.pixels(int(index)), self.crop, u, v, flip, out=image)
        return CropBatch(images, indices, activations)

    def _dealt(self, epoch: int, places: NDArray[np.int64]) -> NDArray[np.int64]:
        size = self.count * self.repeats
        rounds, within = np.divmod(places, size)
        orders = {
            number: self._generator(epoch, 0, number).permutation(size)
            for number in np.unique(rounds).tolist()
        }
        dealt = [orders[number][k] for number, k in zip(rounds, within, strict=True)]
        return np.array(dealt, dtype=np.int64) % self.count

    def _generator(self, *key: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.stream, *key])


def ahead(make: Callable[[int], Item], start: int, stop: int, depth: int = 3) -> Iterator[Item]:
    """``make(start) .. make(stop - 1)`` in order, made by a thread up to ``depth`` items ahead."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        waiting = [thread.submit(make, k) for k in range(start, min(start + depth, stop))]
        try:
            for k in range(start, stop):
                item = waiting.pop(0).result()
                if k + depth < stop:
                    waiting.append(thread.submit(make, k + depth))
                yield item
        finally:
            for future in waiting:
                future.cancel()
