"""Order scored photographs from best to worst, all together or folder by folder."""

from __future__ import annotations

import math
import re
from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import ConfigError
from ssliqa.opinion import Scale
from ssliqa.scoring.folder import FolderScores


@dataclass(frozen=True)
class Top:
    """How many of the best to keep: a ``count``, or a ``share`` of those that have a score."""

    count: int | None = None
    share: float | None = None

    @classmethod
    def parse(cls, text: str) -> Top:
        """Read ``20`` or ``10%``.

        Raises:
            ConfigError: it is neither a count of 1 or more nor a share above 0, at most 100 %.
        """
        if re.fullmatch(r"\d+", text.strip()) and int(text) > 0:
            return cls(count=int(text))
        if match := re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*%", text.strip()):
            percent = float(match[1])
            if 0 < percent <= 100:
                return cls(share=percent / 100)
        raise ConfigError(
            f"--top is '{text}'.",
            "Give a count from 1 on, such as 20, or a share above 0 and up to 100%, such as 10%.",
        )

    def of(self, scored: int) -> int:
        """How many of ``scored`` photographs to keep: a share is rounded up."""
        if self.count is not None:
            return min(self.count, scored)
        # Without the rounding 10 % of 30 would be 4, as 0.1 is a little more than a tenth.
        return math.ceil(round((self.share or 1.0) * scored, 9))


def rank(
    levels: NDArray[np.float64], groups: NDArray[np.int64] | None = None, top: Top | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rank photographs from best to worst.

    Args:
        levels: (N,) scores where more is better; nan for a photograph without a score.
        groups: (N,) numbers of the groups to rank within; None for one group of all.
        top: how many of the best of each group to keep; None keeps all, and also those without a
            score, behind all others.

    Returns:
        The rows to keep, group by group in order of their numbers, best first, equal scores in
        their order; and the rank of each, from 1, where equal scores share the better one, and 0 is
        a photograph without a score.
    """
    among = np.zeros(len(levels), np.int64) if groups is None else groups
    missing = np.isnan(levels)
    order = np.lexsort((-levels, among, missing))
    order = order[: len(levels) - int(missing.sum())]
    kept, ranks = [], []
    starts = np.flatnonzero(np.diff(among[order], prepend=-1))
    for rows in np.split(order, starts[1:]) if len(order) else []:
        values = levels[rows]
        first = np.flatnonzero(np.diff(values, prepend=np.inf))  # where a new score begins
        place = 1 + np.repeat(first, np.diff(first, append=len(rows)))
        size = len(rows) if top is None else top.of(len(rows))
        kept.append(rows[:size])
        ranks.append(place[:size])
    if top is None:
        kept.append(np.flatnonzero(missing))
        ranks.append(np.zeros(int(missing.sum()), np.int64))
    empty = np.zeros(0, np.int64)
    return np.concatenate([empty, *kept]), np.concatenate([empty, *ranks])


def rank_photos(
    scores: FolderScores, scale: Scale, *, by_folder: bool = False, top: Top | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rank the rows of a table; see :func:`rank`, whose numbers of rows and ranks these are.

    Args:
        scores: the rows; only a number for each is held in memory, and the names of the folders.
        scale: the scale they are on, which says what is better.
        by_folder: rank the photographs of each folder among themselves.
        top: how many of the best to keep.
    """
    values, groups = array("d"), array("q")
    folders: dict[Path, int] = {}
    for row in scores.rows():
        values.append(math.nan if row.score is None else row.score.score)
        groups.append(folders.setdefault(row.path.parent, len(folders)) if by_folder else 0)
    levels = scale.to_levels(np.array(values, np.float64))
    return rank(levels, np.array(groups, np.int64) if by_folder else None, top)
