"""Is a copy of rated photographs whole and readable, and does no photograph stand in it twice?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssliqa.data.similar import near_pairs, need_imagehash, perceptual_hash
from ssliqa.data.tables import LabelTable
from ssliqa.errors import ConfigError, ImageReadError, first_few
from ssliqa.images import read_image

HISTOGRAM_BINS = 10


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    Attributes:
        kind: ``count``, ``rows``, ``unreadable``, ``identical``, ``near-identical`` or ``split``.
        text: one line, with the first offenders.
        photographs: the names concerned, together where they belong together.
    """

    kind: str
    text: str
    photographs: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Checked:
    """The outcome of a check.

    Attributes:
        table: the ratings.
        expected: the number of images of a complete copy, or None where that is unknown.
        findings: what is wrong; empty where all is well.
        counts: number of images in ten equal parts of the scale, low end first.
    """

    table: LabelTable
    expected: int | None
    findings: tuple[Finding, ...]
    counts: NDArray[np.int64]

    @property
    def edges(self) -> NDArray[np.float64]:
        """The limits of ``counts``, in the scale."""
        scale = self.table.scale
        return np.linspace(scale.low, scale.high, HISTOGRAM_BINS + 1)

    def as_dict(self) -> dict[str, Any]:
        """The outcome for JSON."""
        mos = self.table.mos
        return {
            "images": len(self.table),
            "expected": self.expected,
            "scale": str(self.table.scale),
            "scores": {
                "min": float(mos.min()),
                "mean": float(mos.mean()),
                "max": float(mos.max()),
                "edges": self.edges.tolist(),
                "counts": self.counts.tolist(),
            },
            "findings": [
                {
                    "kind": finding.kind,
                    "text": finding.text,
                    "photographs": [list(names) for names in finding.photographs],
                }
                for finding in self.findings
            ],
        }


def check_photographs(
    table: LabelTable,
    *,
    expected: int | None = None,
    workers: int = 2,
    on_photo: Callable[[], None] = lambda: None,
) -> Checked:
    """Check every photograph of a table.

    Photographs that show the same count where they stand in different content groups or official
    parts: there a model would be tested on what it was trained with.

    Args:
        table: the ratings, best read with ``on_problem="warn"``, so that what is set aside is
            among the findings.
        expected: the number of images of a complete copy.
        workers: threads that decode.
        on_photo: called after each photograph.

    Raises:
        ConfigError: ``workers`` is below 1.
        MissingExtraError: the package that hashes photographs is missing.
    """
    if workers < 1:
        raise ConfigError(f"The check got workers={workers}.", "Use 1 or more.")
    need_imagehash()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        looked_at = []
        try:
            for seen in pool.map(_look_at, table.paths):
                looked_at.append(seen)
                on_photo()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    findings = [
        *_of_count(table, expected),
        *(Finding("rows", line) for line in table.problems),
        *_of_unreadable(table, [seen.error for seen in looked_at]),
        *_of_groups(table),
        *_of_copies(table, looked_at),
    ]
    scale = table.scale
    counts, _ = np.histogram(table.mos, bins=HISTOGRAM_BINS, range=(scale.low, scale.high))
    return Checked(table, expected, tuple(findings), counts.astype(np.int64))


@dataclass(frozen=True)
class _Seen:
    digest: str = ""
    bits: NDArray[np.bool_] | None = None
    error: str = ""


def _look_at(path: Path) -> _Seen:
    try:
        bits = perceptual_hash(read_image(path))
        with path.open("rb") as file:
            return _Seen(hashlib.file_digest(file, "blake2b").hexdigest(), bits)
    except ImageReadError as error:
        return _Seen(error=error.found)
    except OSError as error:
        return _Seen(error=f"{path}: cannot be read ({error}).")


def _of_count(table: LabelTable, expected: int | None) -> Iterable[Finding]:
    if expected is not None and len(table) != expected:
        yield Finding("count", f"{len(table)} images can be used; a complete copy has {expected}.")


def _of_unreadable(table: LabelTable, errors: Sequence[str]) -> Iterable[Finding]:
    bad = [(name, error) for name, error in zip(table.names, errors, strict=True) if error]
    if bad:
        yield Finding(
            "unreadable",
            f"Photographs that cannot be read ({len(bad)}): "
            f"{first_few([error for _, error in bad], 3)}",
            tuple((name,) for name, _ in bad),
        )


def _of_groups(table: LabelTable) -> Iterable[Finding]:
    if table.parts is None:
        return
    parts_of: dict[str, set[str]] = {}
    for group, part in zip(table.groups, table.parts, strict=True):
        parts_of.setdefault(group, set()).add(part)
    torn = [group for group, parts in parts_of.items() if len(parts) > 1]
    if torn:
        text = f"Content groups that stand in several official parts ({len(torn)}): "
        yield Finding("split", text + first_few(torn), tuple((group,) for group in torn))


def _of_copies(table: LabelTable, looked_at: Sequence[_Seen]) -> Iterable[Finding]:
    rows = [row for row, seen in enumerate(looked_at) if seen.bits is not None]
    hashes = [bits for seen in looked_at if (bits := seen.bits) is not None]
    if not hashes:
        return
    found, distances = near_pairs(np.stack(hashes))
    copies: dict[str, list[tuple[int, int]]] = {"identical": [], "near-identical": []}
    closest_first = np.argsort(distances, kind="stable")
    for one, two in found[closest_first].tolist():
        first, second = rows[one], rows[two]
        if table.groups[first] == table.groups[second] and not _in_two_parts(table, first, second):
            continue
        same = looked_at[first].digest == looked_at[second].digest
        copies["identical" if same else "near-identical"].append((first, second))
    for kind, pairs in copies.items():
        if pairs:
            names = tuple((table.names[first], table.names[second]) for first, second in pairs)
            across = sum(_in_two_parts(table, first, second) for first, second in pairs)
            where = f", {across} of them in different official parts" if table.parts else ""
            listed = first_few([" = ".join(pair) for pair in names])
            text = f"Pairs of {kind} photographs in different content groups{where}"
            yield Finding(kind, f"{text} ({len(pairs)}): {listed}", names)


def _in_two_parts(table: LabelTable, first: int, second: int) -> bool:
    return table.parts is not None and table.parts[first] != table.parts[second]
