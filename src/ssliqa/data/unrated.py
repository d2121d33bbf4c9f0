"""Rows of a table of ratings that hold a word for a score: not rated, or sorted out.

Programs that people rate with write down every photograph, also those that nobody has come to yet.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

UNRATED, REJECTED = "unrated", "rejected"
"""What stands in the place of a score."""

COLUMN = "word"
"""Where :func:`ssliqa.data.columns.pick_columns` puts the word of a row; empty with a score."""


class Apart(NamedTuple):
    """Names of photographs that have no score, and of those that must not be used, each once."""

    unrated: list[str]
    rejected: list[str]

    @property
    def remarks(self) -> list[tuple[list[str], str]]:
        """What is to be said of them: the names, and why they are not among the rated ones."""
        return [
            (self.unrated, "Not rated, so only of use as unlabeled photographs"),
            (self.rejected, "Rejected, so left out"),
        ]


def words(cells: pd.Series) -> pd.Series:
    """The word in each cell, in lower case; empty where there is another score."""
    texts = cells.astype(str).str.strip().str.lower()
    return texts.where(texts.isin((UNRATED, REJECTED)), "")


def set_apart(rows: pd.DataFrame) -> tuple[pd.DataFrame, Apart]:
    """The rows with a score, and the photographs without one.

    A photograph that is rejected once has no other row, one that is rated once is not unrated.
    """
    if COLUMN not in rows:
        return rows, Apart([], [])
    of_word = rows.groupby(COLUMN, sort=False)["name"].unique()
    rejected = list(of_word.get(REJECTED, []))
    scored = rows[(rows[COLUMN] == "") & ~rows["name"].isin(rejected)]
    rated = {*scored["name"], *rejected}
    unrated = [name for name in of_word.get(UNRATED, []) if name not in rated]
    return scored.drop(columns=COLUMN).reset_index(drop=True), Apart(unrated, rejected)
