"""The ledger of rows that a label table cannot use: refused together, or set aside and counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ssliqa.errors import LabelTableError, first_few


class Ledger:
    """Collects what is wrong with a table, so that the user hears of all of it at once.

    Args:
        labels: the label file, for the messages.
    """

    def __init__(self, labels: Path) -> None:
        self._labels = labels
        self._entries: list[tuple[str, str]] = []

    @property
    def lines(self) -> tuple[str, ...]:
        """One line for each kind of problem, with its count and its first offenders."""
        return tuple(line for line, _ in self._entries)

    def note(self, offenders: Sequence[str], what: str, remedy: str) -> None:
        """Enter what is wrong with these offenders, if there are any."""
        if offenders:
            line = f"{what} ({len(offenders)}): {first_few(offenders)}"
            self._entries.append((line, remedy))

    def set_aside(
        self, rows: pd.DataFrame, bad: NDArray[np.bool_], what: str, remedy: str
    ) -> pd.DataFrame:
        """Enter the names of the rows where ``bad`` holds, and return the other rows."""
        self.note([str(name) for name in rows["name"][bad]], what, remedy)
        return rows[~bad].reset_index(drop=True)

    def refuse(self) -> None:
        """Raise all entries as one error, if there are any.

        Raises:
            LabelTableError: there are entries.
        """
        if self._entries:
            raise LabelTableError(
                f"The label table {self._labels} has rows that cannot be used. {self._found()}",
                f"{self._remedies()} Or leave such rows out with --on-problem warn.",
            )

    def refuse_empty(self, rows: pd.DataFrame) -> None:
        """Raise if no row is left.

        Raises:
            LabelTableError: there is none.
        """
        if rows.empty:
            raise LabelTableError(
                f"No row of the label table {self._labels} can be used. {self._found()}",
                self._remedies(),
            )

    def _found(self) -> str:
        return "; ".join(self.lines) + "."

    def _remedies(self) -> str:
        return " ".join(dict.fromkeys(remedy for _, remedy in self._entries))
