"""Is an export the same model? Both score the same photographs, and the differences are counted.

A difference is a share of the rating scale, the larger one of the score's and of its ``std``'s, so
that it means the same on any scale: 0.0001 is 0.01 points of 0..100.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import ExportError, ImageReadError, MetricError
from ssliqa.images import Protocol, read_resized
from ssliqa.metrics import srcc
from ssliqa.opinion import distribution_mean, distribution_std
from ssliqa.scoring.engines.contract import Engine

TOLERANCE = 1e-4
"""Most that a score may differ between engines, as a share of the scale."""

INT8_TOLERANCE = 0.1
"""Most that a score of an 8-bit network may differ, as a share of the scale."""

_LEVELS_APART = 4.0  # from 1 to 5

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Differences:
    """How far two engines are apart on some photographs, as shares of the rating scale.

    ``srcc`` is the rank correlation of their scores; None where it is undefined.
    """

    count: int
    largest: float
    mean: float
    srcc: float | None


def differences(one: Engine, other: Engine, photographs: Iterable[Pixels]) -> Differences:
    """Compare two engines on photographs resized by their protocol, at least one."""
    found = []
    for pixels in photographs:
        shares = np.stack([one.predict(pixels), other.predict(pixels)])
        found.append((distribution_mean(shares), distribution_std(shares)))
    means, stds = np.array(found).transpose(1, 0, 2)
    apart = np.maximum(np.abs(np.diff(means)), np.abs(np.diff(stds))) / _LEVELS_APART
    return Differences(len(found), float(apart.max()), float(apart.mean()), _srcc(*means.T))


def own_photographs(protocol: Protocol) -> Iterator[Pixels]:
    """The four photographs that come with ssliqa, resized: sharp, blurred, compressed, dark."""
    folder = files("ssliqa.scoring.export").joinpath("photographs")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".jpg"):
            yield read_resized(file.read_bytes(), protocol)


def photographs_of(paths: Sequence[Path], protocol: Protocol) -> Iterator[Pixels]:
    """Photographs from files, resized; those that cannot be read are passed over.

    Raises:
        ExportError: not one of them can be read.
    """
    readable = 0
    for path in paths:
        try:
            pixels = read_resized(path, protocol)
        except ImageReadError:
            continue
        readable += 1
        yield pixels
    if not readable:
        raise ExportError(
            f"None of {len(paths)} photographs to compare on can be read (the first: {paths[0]}).",
            "Name other photographs.",
        )


def _srcc(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    try:
        return srcc(one, other)
    except MetricError:
        return None
