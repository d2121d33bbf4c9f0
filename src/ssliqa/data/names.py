"""Which row of one table speaks of the same photograph as a row of another.

Programs write down the same photograph in different ways: ``a/x.jpg``, ``/photos/a/x.jpg``,
``a\\x.jpg``, ``x.jpg``, ``x``. Names are paired in this order, and only one to one:

1. the same path, or paths that lead to the same file;
2. one path is the ending of the other, with at least one folder;
3. the same file name, where only one name of each table has it.

A name without an image's ending stands for any ending. What could be paired in several ways is left
unpaired and reported, never guessed.
"""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ssliqa.data.photos import IMAGE_SUFFIXES

Key = tuple[str, ...]


@dataclass(frozen=True)
class Matches:
    """The pairing of wanted names with given ones.

    Attributes:
        positions: for each wanted name, the position of its partner among the given names, or None.
        ambiguous: wanted names without a partner, because several could be meant.
        across_folders: pairs (wanted, given) of the same file name whose folders differ.
        surplus: given names without a partner.
    """

    positions: tuple[int | None, ...]
    ambiguous: tuple[str, ...]
    across_folders: tuple[tuple[str, str], ...]
    surplus: tuple[str, ...]


def match_names(
    wanted: Sequence[str], given: Sequence[str], files: Sequence[Path] | None = None
) -> Matches:
    """Pair names of photographs.

    Args:
        wanted: names to find partners for, such as those of a label table.
        given: names to find them among, such as those of a score table.
        files: the file of each wanted name; a given name that leads to it, from the folder we are
            in or from the root, is its partner.
    """
    positions: list[int | None] = [None] * len(wanted)
    open_given = set(range(len(given)))
    several: set[int] = set()
    across: list[tuple[str, str]] = []
    for edges in _rounds(wanted, given, files):
        of_wanted, of_given = defaultdict(set), defaultdict(set)
        for w, g in edges:
            of_wanted[w].add(g)
            of_given[g].add(w)
        for w, partners in of_wanted.items():
            if positions[w] is not None:
                continue
            g = min(partners)
            if len(partners) > 1 or len(of_given[g]) > 1:
                several.add(w)
            elif g in open_given:
                positions[w] = g
                open_given.remove(g)
                if _differ_in_folders(wanted[w], given[g]) and not _same_file(files, w, given[g]):
                    across.append((wanted[w], given[g]))
    return Matches(
        positions=tuple(positions),
        ambiguous=tuple(wanted[w] for w in sorted(several) if positions[w] is None),
        across_folders=tuple(across),
        surplus=tuple(given[g] for g in sorted(open_given)),
    )


Edges = Iterator[tuple[int, int]]


def _rounds(
    wanted: Sequence[str], given: Sequence[str], files: Sequence[Path] | None
) -> list[Edges]:
    """The ways to pair names, the surest first; each gives pairs of positions."""
    rounds: list[Edges] = []
    if files is not None:
        rounds.append(_equal([_absolute(f) for f in files], [_absolute(name) for name in given]))
    w, g = [_parts(name) for name in wanted], [_parts(name) for name in given]
    w_stems, g_stems = [_without_ending(key) for key in w], [_without_ending(key) for key in g]

    def one_without_ending(edges: Edges) -> Edges:
        return ((a, b) for a, b in edges if (w[a] == w_stems[a]) != (g[b] == g_stems[b]))

    for pair in (_equal, _ending, _file_name):
        rounds += [pair(w, g), one_without_ending(pair(w_stems, g_stems))]
    return rounds


def _equal(wanted: Sequence[Key], given: Sequence[Key]) -> Edges:
    places = _places(given, lambda key: [key])
    return ((w, g) for w, key in enumerate(wanted) for g in places.get(key, ()))


def _ending(wanted: Sequence[Key], given: Sequence[Key]) -> Edges:
    whole, endings = _places(given, lambda key: [key]), _places(given, _endings)
    for w, key in enumerate(wanted):
        if len(key) > 1:
            yield from ((w, g) for g in endings.get(key, ()))
        for ending in _endings(key):
            yield from ((w, g) for g in whole.get(ending, ()))


def _file_name(wanted: Sequence[Key], given: Sequence[Key]) -> Edges:
    return _equal([key[-1:] for key in wanted], [key[-1:] for key in given])


def _endings(key: Key) -> list[Key]:
    """The endings of a path that hold a folder, longest first."""
    return [key[k:] for k in range(len(key) - 1)]


def _places(keys: Sequence[Key], forms: Callable[[Key], list[Key]]) -> dict[Key, list[int]]:
    places: dict[Key, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        for form in forms(key):
            places[form].append(place)
    return places


def _parts(name: str) -> Key:
    # Accents are one or two characters, depending on the system that wrote the name.
    plain = unicodedata.normalize("NFC", name).replace("\\", "/")
    return tuple(part for part in plain.split("/") if part not in ("", "."))


def _without_ending(key: Key) -> Key:
    if not key:
        return key
    last = PurePosixPath(key[-1])
    return (*key[:-1], last.stem) if last.suffix.lower() in IMAGE_SUFFIXES else key


def _absolute(name: str | Path) -> Key:
    return _parts(os.path.abspath(Path(name).expanduser()))  # noqa: PTH100 (links stay)


def _same_file(files: Sequence[Path] | None, wanted: int, given: str) -> bool:
    return files is not None and _absolute(files[wanted]) == _absolute(given)


def _differ_in_folders(one: str, other: str) -> bool:
    a, b = _parts(one)[:-1], _parts(other)[:-1]
    shared = min(len(a), len(b))
    return shared > 0 and a[-shared:] != b[-shared:]
