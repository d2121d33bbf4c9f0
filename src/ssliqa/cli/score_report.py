"""What ``ssliqa score`` shows while it works: a bar, failures, and rows on standard output."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from ssliqa.cli.progress import progress_bar
from ssliqa.opinion import Scale
from ssliqa.scoring import ScoredPhoto
from ssliqa.scoring.rescale import rescaled
from ssliqa.scoring.table import printable


class ScoreReport:
    """Tells of each photograph once it is scored.

    Args:
        native: the scale that rows come in.
        scale: the scale to print them in.
        print_rows: print them as they come.
        intervals: scores have intervals, so print these.
    """

    def __init__(
        self, native: Scale, scale: Scale, *, print_rows: bool, intervals: bool = False
    ) -> None:
        self._scales = native, scale
        self._print_rows = print_rows
        self._intervals = intervals
        self._rows = csv.writer(sys.stdout, lineterminator="\n")
        self._console = Console(stderr=True)
        # On one screen the rows show how far it is; a bar would be torn by them.
        self._bars = progress_bar(self._console, hidden=print_rows and sys.stdout.isatty())

    @contextmanager
    def scoring(self, total: int) -> Iterator[None]:
        """Show the bar while the block scores ``total`` photographs."""
        if self._print_rows:
            self.header()
        with self._bars:
            self._task = self._bars.add_task("scoring", total=total, note="")
            yield

    def add(self, row: ScoredPhoto | None) -> None:
        """A photograph is done; None for one that was done before."""
        self._bars.advance(self._task)
        if row is None:
            return
        for note in row.notes:
            self.problem(f"{row.path}: {note}")
        if row.score is None:
            self.problem(row.error)
        elif self._print_rows:
            self.print(rescaled(row, *self._scales))

    def problem(self, text: str) -> None:
        """One line on standard error, above the bar."""
        self._console.print(
            f"ssliqa: {one_line(text)}", markup=False, highlight=False, emoji=False, soft_wrap=True
        )

    def header(self, *more: str) -> None:
        """The first line on standard output."""
        bounds = ("lower", "upper") if self._intervals else ()
        self._rows.writerow((*more, "score", "std", *bounds, "path"))

    def print(self, row: ScoredPhoto, *more: object) -> None:
        """A row on standard output, at once; none for a photograph without a score."""
        if row.score is not None:
            score = row.score
            numbers = [f"{score.score:.4g}", f"{score.std:.3g}"]
            if self._intervals:
                numbers += [f"{bound:.4g}" for bound in (score.lower, score.upper)]
            self._rows.writerow((*more, *numbers, printable(row.path)))
            sys.stdout.flush()


def one_line(text: str) -> str:
    """Text that cannot break a line or steer a terminal, whatever a file is called."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
