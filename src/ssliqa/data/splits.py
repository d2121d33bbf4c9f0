"""Dividing rated photographs into labeled, unlabeled, validation and test images.

Whole content groups go to one part, so that no test image shows what a training image showed.
A split depends on the seed, the names and the groups alone, never on the order of the table; it
can be saved to a file and read back, or kept by hand.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from ssliqa.errors import SplitError, first_few
from ssliqa.files import whole_file


@dataclass(frozen=True)
class Split:
    """Names, as in the label table, of the images in each part; each part is sorted.

    Attributes:
        labeled: training images whose labels may be used.
        unlabeled: training images whose labels must not be used.
        validation: images that choose among models.
        test: images that only the final figures come from.
    """

    labeled: tuple[str, ...]
    unlabeled: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


PARTS = tuple(field.name for field in fields(Split))


def make_split(
    names: Sequence[str],
    groups: Sequence[str],
    *,
    fractions: tuple[float, float, float] = (0.8, 0.0, 0.2),
    seed: int,
    label_budget: int | float | None = None,
    parts: Sequence[str] | None = None,
) -> Split:
    """Draw a split, or adopt an official one, and choose which training labels may be used.

    Args:
        names: the images, unique.
        groups: the content group of each image.
        fractions: shares of the images for training, validation and test; they sum to 1.
            Validation and test miss theirs by at most half of a group, except that a part with a
            share above 0 never stays empty.
        seed: 0 or more. Equal seeds give equal splits, and with a larger label budget all labels
            of the smaller one and more.
        label_budget: labels to use: an integer is a count, a number below 1 is a share of the
            training images; None for all of them.
        parts: the official part of each image (``train``, ``validation``, ``test``), used
            instead of ``fractions``.

    Raises:
        SplitError: too few groups for the parts, no labeled image, a budget larger than the
            training part, or arguments that contradict each other.
    """
    if len(set(names)) != len(names) or len(groups) != len(names):
        raise SplitError(
            f"{len(names)} names ({len(set(names))} different) and {len(groups)} groups.",
            "Give each image once, with its group.",
        )
    if seed < 0:
        raise SplitError(f"The seed is {seed}.", "Give 0 or a positive integer.")
    group_stream, label_stream = np.random.default_rng(seed).spawn(2)
    if parts is None:
        part_of_group = _deal_groups(groups, fractions, group_stream)
        parts = [part_of_group[group] for group in groups]
    by_part = {
        part: sorted(name for name, its in zip(names, parts, strict=True) if its == part)
        for part in ("train", "validation", "test")
    }
    if sum(map(len, by_part.values())) < len(names):
        raise SplitError(
            f"Unknown parts: {first_few(sorted(set(parts) - set(by_part)))}.",
            f"The parts are {', '.join(by_part)}.",
        )
    train = by_part["train"]
    count = label_count(label_budget, len(train))
    chosen = label_stream.permutation(len(train))[:count]
    labeled = {train[index] for index in chosen}
    return Split(
        labeled=tuple(name for name in train if name in labeled),
        unlabeled=tuple(name for name in train if name not in labeled),
        validation=tuple(by_part["validation"]),
        test=tuple(by_part["test"]),
    )


def save_split(split: Split, path: Path) -> None:
    """Write a split as CSV with the columns ``image`` and ``part``; the file is whole or absent."""
    with whole_file(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("image", "part"))
        for part in PARTS:
            writer.writerows((name, part) for name in getattr(split, part))


def read_split(path: Path, names: Iterable[str]) -> Split:
    """Read a split written by :func:`save_split` or by hand.

    Args:
        path: CSV with the columns ``image`` and ``part``; a part is ``labeled``, ``unlabeled``,
            ``validation`` or ``test``.
        names: the images of the label table; the file must place each of them.

    Raises:
        SplitError: the file is missing or of another form, it names images that the table does
            not hold or leaves out some that it holds, lists an image twice, or labels none.
    """
    rows = _read_rows(path)
    known = set(names)
    parts: dict[str, list[str]] = {}
    for name, part in rows:
        parts.setdefault(name, []).append(part)
    checks = (
        (
            sorted({part for _, part in rows} - set(PARTS)),
            "unknown parts",
            f"The parts are {', '.join(PARTS)}.",
        ),
        (
            [f"{name} ({', '.join(its)})" for name, its in parts.items() if len(its) > 1],
            "images listed more than once",
            "Keep each image in one part.",
        ),
        (
            sorted(set(parts) - known),
            "images that the label table does not hold",
            "Use the split with the label table it was made for.",
        ),
        (
            sorted(known - set(parts)),
            "images of the label table missing",
            "Use the split with the label table it was made for.",
        ),
    )
    for offenders, what, remedy in checks:
        if offenders:
            raise SplitError(
                f"The split {path} has {len(offenders)} {what}: {first_few(offenders)}.", remedy
            )
    by_part = {part: tuple(sorted(n for n, its in rows if its == part)) for part in PARTS}
    if not by_part["labeled"]:
        raise SplitError(f"The split {path} has no labeled images.", "Mark some as labeled.")
    return Split(**by_part)


def _deal_groups(
    groups: Sequence[str], fractions: tuple[float, float, float], stream: np.random.Generator
) -> dict[str, str]:
    if min(fractions) < 0 or not np.isclose(sum(fractions), 1):
        raise SplitError(
            f"The fractions {fractions} are not shares of a whole.",
            "Give three numbers, 0 or more, that sum to 1: train, validation, test.",
        )
    sizes = Counter(groups)
    needed = sum(fraction > 0 for fraction in fractions)
    if len(sizes) < needed:
        raise SplitError(
            f"{len(sizes)} content groups cannot fill {needed} parts.",
            "Rate photographs of more contents, or ask for fewer parts.",
        )
    ordered = sorted(sizes)
    waiting = [ordered[index] for index in stream.permutation(len(ordered))]
    part_of = {}
    parts = dict(zip(("train", "validation", "test"), fractions, strict=True))
    for number, part in enumerate(("validation", "test"), start=1):
        if parts[part] == 0:
            continue
        # Each part still to come, training included, needs a group of its own.
        later = sum(share > 0 for share in (fractions[0], *fractions[number + 1 :]))
        taken = _take(waiting, sizes, parts[part] * len(groups), len(waiting) - later)
        part_of.update(dict.fromkeys(taken, part))
        waiting = [group for group in waiting if group not in part_of]
    part_of.update(dict.fromkeys(waiting, "train"))
    return part_of


def _take(waiting: list[str], sizes: Counter[str], target: float, most: int) -> list[str]:
    """Take, in this random order, the groups that fit; then one more if that comes closer."""
    taken: list[str] = []
    room = target
    for group in waiting:
        if sizes[group] <= room and len(taken) < most:
            taken.append(group)
            room -= sizes[group]
    if len(taken) < most:
        fitting = set(taken)
        smallest = min((g for g in waiting if g not in fitting), key=lambda group: sizes[group])
        if not taken or sizes[smallest] - room < room:
            taken.append(smallest)
    return taken


def label_count(budget: int | float | None, available: int) -> int:
    """How many training labels a budget allows of those there are; see :func:`make_split`.

    Raises:
        SplitError: none, or more than there are.
    """
    if budget is None:
        count = available
    elif isinstance(budget, int):
        count = budget
    elif 0 < budget < 1:
        count = int(budget * available + 0.5)
    else:
        raise SplitError(
            f"The label budget is {budget:g}.",
            "Give an integer for a count, or a number between 0 and 1 for a share.",
        )
    if count > available:
        raise SplitError(
            f"The label budget is {count}, but the training part has {available} images.",
            "Lower the budget, or leave it away to use all labels.",
        )
    if count < 1:
        raise SplitError(
            f"No training image would be labeled (training part {available}, budget {budget}).",
            "Raise the label budget or the training part.",
        )
    return count


def _read_rows(path: Path) -> list[tuple[str, str]]:
    expected = "Expected CSV with the columns image,part."
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [cells for cells in csv.reader(file, strict=True) if cells]
    except FileNotFoundError:
        raise SplitError(f"The split {path} does not exist.", expected) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SplitError(f"The split {path} cannot be read: {error}", expected) from error
    if not lines or lines[0] != ["image", "part"] or any(len(cells) != 2 for cells in lines):
        raise SplitError(f"The split {path} is of another form.", expected)
    return [(name, part) for name, part in lines[1:]]
