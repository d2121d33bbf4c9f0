"""What the columns of a label table mean: which holds the name, the score, the votes, ...

Columns are recognized by the names that IQA databases and tools give them, in any letter case
and with spaces for underscores. Two candidates for one role are an error, never a guess; the
user then names the column (``--columns.mos MOS_zscore``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ssliqa.data.unrated import COLUMN, words
from ssliqa.errors import LabelTableError, first_few

_NAMES = {
    "image": """image image_name image_id image_path img img_name img_path name filename file_name
        file path image_url dist_img dis_img dist_img_path dis_img_path""",
    "mos": """mos dmos score mean mean_score mean_opinion_score label quality quality_score
        rating""",
    "std": "std sd stddev std_dev mos_std standard_deviation",
    "split": "split set part subset partition",
    "group": "group ref reference ref_img ref_img_path ref_name content scene",
    "rater": """rater rater_id user user_id worker worker_id subject subject_id annotator
        annotator_id observer observer_id participant participant_id""",
}
_ALIASES = {role: frozenset(names.split()) for role, names in _NAMES.items()}
ROLES = tuple(_ALIASES)
"""What a column can be; the keys of ``columns`` and the flags ``--columns.ROLE``."""

_LEVEL_NAME = re.compile(r"([cp])(\d+)", re.IGNORECASE)
_FEWEST_LEVELS = 3


@dataclass(frozen=True)
class Columns:
    """The column that plays each role, as the table spells it; None where it has none.

    ``levels`` are the columns of votes or shares, level 1 first, or empty.
    """

    image: str
    mos: str | None = None
    std: str | None = None
    split: str | None = None
    group: str | None = None
    rater: str | None = None
    levels: tuple[str, ...] = ()

    @property
    def is_dmos(self) -> bool:
        """Whether the score is called a *difference* MOS, whose direction the name leaves open."""
        return self.mos is not None and "dmos" in self.mos.lower()


def columns_named_as(role: str, names: Sequence[str]) -> list[str]:
    """Give those of the column names that are recognized for this role."""
    return [name for name in names if plain_name(name) in _ALIASES[role]]


def find_columns(rows: pd.DataFrame, declared: Mapping[str, str]) -> Columns:
    """Find out which column plays which role.

    Votes or shares (``c1`` .. ``c5`` or ``p1`` .. ``p5``, or another number of levels) win over
    a recognized score, and a declared score wins over votes. The SD column of a table of votes
    is the votes' own, so beside a declared score it counts only if it is declared, too.

    Args:
        rows: the table as read by :func:`ssliqa.data.formats.read_rows`.
        declared: role to column, where the user says so; an empty column name means that the
            table has no such column.

    Raises:
        LabelTableError: a role that does not exist, a declared column that is missing, no
            column or several for a role that is needed.
    """
    unknown = sorted(set(declared) - set(ROLES))
    if unknown:
        raise LabelTableError(
            f"A label table has no role {first_few(unknown)}.",
            f"The roles of columns are: {', '.join(ROLES)}.",
        )
    names = [str(column) for column in rows.columns]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise LabelTableError(f"Columns occur twice in the header: {first_few(twice)}.")
    levels = () if declared.get("mos") else _level_columns(names)
    if levels:
        declared = {"mos": "", "std": "", **declared}
    elif declared.get("mos") and _level_columns(names):
        declared = {"std": "", **declared}
    found = {role: _find(role, names, declared.get(role)) for role in ROLES}
    image = found.pop("image")
    if image is None:
        raise LabelTableError(
            f"No column holds the names of the images; the columns are {', '.join(names)}.",
            "Name it with --columns.image NAME.",
        )
    if not levels and found["mos"] is None:
        raise LabelTableError(
            f"No column holds a score or votes c1..c5; the columns are {', '.join(names)}.",
            "Name the score with --columns.mos NAME.",
        )
    return Columns(image, **found, levels=levels)


def pick_columns(rows: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Rename and convert the columns in use; all others are dropped.

    Returns:
        A table with ``name``; ``v1`` .. ``vL`` (votes) or ``mos`` and perhaps ``std``, numbers,
        NaN where a cell is no number; and, where the table has them, ``split``, ``group`` and
        ``rater``, text without surrounding spaces; and ``word`` where a cell says in words that
        there is no score (:mod:`ssliqa.data.unrated`). A score column whose cells are lists becomes
        ``v1`` .. ``vL``.

    Raises:
        LabelTableError: lists of shares that are too short or of different lengths.
    """
    picked: dict[str, object] = {"name": _text(rows[columns.image])}
    for role in ("split", "group", "rater"):
        column = getattr(columns, role)
        if column is not None:
            picked[role] = _text(rows[column])
    for number, column in enumerate(columns.levels, start=1):
        picked[f"v{number}"] = _numbers(rows[column])
    if columns.mos is not None and _holds_lists(rows[columns.mos]):
        for number, votes in enumerate(_unfold(rows, columns).T, start=1):
            picked[f"v{number}"] = votes
    elif columns.mos is not None:
        picked["mos"] = _numbers(rows[columns.mos])
        without_score = words(rows[columns.mos])
        if without_score.any():
            picked[COLUMN] = without_score
        if columns.std is not None:
            picked["std"] = _numbers(rows[columns.std])
    return pd.DataFrame(picked).reset_index(drop=True)


def level_columns(rows: pd.DataFrame) -> list[str]:
    """Name the columns of votes, level 1 first, in a table of :func:`pick_columns`."""
    return [name for name in rows.columns if re.fullmatch(r"v\d+", name)]


def plain_name(name: str) -> str:
    """Give a column's name in lower case, with underscores for spaces and hyphens."""
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


def _find(role: str, names: list[str], declared: str | None) -> str | None:
    if declared == "":
        return None
    if declared is not None:
        if declared not in names:
            raise LabelTableError(
                f"There is no column '{declared}'; the columns are {', '.join(names)}.",
                f"Correct --columns.{role}.",
            )
        return declared
    candidates = columns_named_as(role, names)
    if len(candidates) > 1:
        raise LabelTableError(
            f"Several columns could hold the {role}: {', '.join(candidates)}.",
            f"Say which with --columns.{role} NAME.",
        )
    return candidates[0] if candidates else None


def _level_columns(names: list[str]) -> tuple[str, ...]:
    by_letter: dict[str, dict[int, str]] = {"c": {}, "p": {}}
    for name in names:
        if match := _LEVEL_NAME.fullmatch(plain_name(name)):
            by_letter[match[1]][int(match[2])] = name
    complete = [
        tuple(columns[level] for level in sorted(columns))
        for columns in by_letter.values()
        if len(columns) >= _FEWEST_LEVELS and sorted(columns) == list(range(1, len(columns) + 1))
    ]
    if len(complete) > 1:
        raise LabelTableError(
            f"Both {', '.join(complete[0])} and {', '.join(complete[1])} could be the votes.",
            "Remove one set from the table.",
        )
    return complete[0] if complete else ()


def _unfold(
    rows: pd.DataFrame, columns: Columns
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    names, cells = _text(rows[columns.image]), rows[columns.mos]
    length = len(next(cell for cell in cells if _is_list(cell)))
    odd = [
        name
        for name, cell in zip(names, cells, strict=True)
        if not _is_list(cell) or len(cell) != length
    ]
    if length < _FEWEST_LEVELS:
        raise LabelTableError(
            f"The labels are lists of {length} shares; at least {_FEWEST_LEVELS} are expected.",
            "Give the shares of the levels, level 1 first.",
        )
    if odd:
        raise LabelTableError(
            f"Not every label is a list of {length} shares like the first: {first_few(odd)}.",
            "Give every image the same number of levels.",
        )
    return np.stack([_numbers(pd.Series(list(cell), dtype=object)) for cell in cells])


def _is_list(cell: object) -> bool:
    return isinstance(cell, list | tuple | np.ndarray)


def _holds_lists(cells: pd.Series) -> bool:
    return any(_is_list(cell) for cell in cells)


def _text(cells: pd.Series) -> list[str]:
    missing = cells.isna()
    return ["" if gone else str(cell).strip() for cell, gone in zip(cells, missing, strict=True)]


def _numbers(cells: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
