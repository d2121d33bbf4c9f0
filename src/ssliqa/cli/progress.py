"""Progress bars. They go to standard error, so that results on standard output stay clean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ssliqa.methods import Progress as TrainingProgress
from ssliqa.training import Monitor


def progress_bar(console: Console, *, hidden: bool = False) -> Progress:
    """A bar with count and time left; it vanishes when it is done, and never enters a file."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        transient=True,
        # What a command prints as it goes is a result, and belongs to standard output.
        redirect_stdout=False,
        disable=hidden or not console.is_terminal,
    )


class TrainingBars(Monitor):
    """Draws a training: photographs prepared, steps taken, validation so far."""

    def __init__(self, console: Console, bars: Progress, what: str = "training") -> None:
        self._console = console
        self._bars = bars
        self._preparing = bars.add_task("photographs", total=None, visible=False, note="")
        self._training = bars.add_task(what, total=None, visible=False, note="")
        self._validation = ""

    def message(self, text: str) -> None:
        """Print a line above the bars."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def preparing(self, done: int, total: int) -> None:
        """Advance the first bar."""
        self._bars.update(self._preparing, completed=done, total=total, visible=done < total)

    def step(self, progress: TrainingProgress, loss: float) -> None:
        """Advance the second bar."""
        self._bars.update(
            self._training,
            completed=progress.step,
            total=progress.steps,
            visible=True,
            note=f"loss {loss:.4f}{self._validation}",
        )

    def validated(self, progress: TrainingProgress, srcc: float | None) -> None:  # noqa: ARG002
        """Show the latest validation beside the loss."""
        self._validation = "" if srcc is None else f"  validation SRCC {srcc:.3f}"


@contextmanager
def training_bars(console: Console, what: str = "training") -> Iterator[TrainingBars]:
    """Bars for one training."""
    with progress_bar(console) as bars:
        yield TrainingBars(console, bars, what)
