"""Run the cells of a plan: several at a time, skipping what is done, losing nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from ssliqa.benchmark.cell import NOTE, is_done, write_cell
from ssliqa.benchmark.plan import Cell, Plan
from ssliqa.training.run_lock import run_lock

CELLS = "cells"


@dataclass(frozen=True)
class Failure:
    """A training or evaluation that could not be carried out, and its last words."""

    cell: Cell
    reason: str
    log: Path


def cell_folder(out: Path, cell: Cell) -> Path:
    """Where a cell's training and results are."""
    return out / CELLS / cell.key


def pending(plan: Plan, out: Path) -> list[Cell]:
    """One cell for each training that lacks results, in the plan's order."""
    distinct = {cell.key: cell for cell in reversed(plan.cells)}
    ordered = [cell for cell in plan.cells if distinct[cell.key] is cell]
    return [cell for cell in ordered if not is_done(cell_folder(out, cell), plan.tests)]


def run_plan(
    plan: Plan,
    out: Path,
    *,
    jobs: int = 1,
    on_cell: Callable[[Cell, str], None] = lambda *_: None,
) -> list[Failure]:
    """Train and evaluate every pending cell.

    Args:
        plan: the plan.
        out: the benchmark's folder.
        jobs: trainings at a time; each gets its share of the processors as threads.
        on_cell: told of each cell and what happened: ``begun``, ``done`` or ``failed``.

    Returns:
        What failed. The others have a result.

    Raises:
        ResumeError: another benchmark is at work in the folder.
        KeyboardInterrupt: Ctrl-C; running trainings have written their checkpoints.
    """
    with run_lock(out, main_process=True):
        return _Runner(plan, out, jobs, on_cell).run()


class _Runner:
    def __init__(
        self, plan: Plan, out: Path, jobs: int, on_cell: Callable[[Cell, str], None]
    ) -> None:
        self._plan = plan
        self._out = out
        self._jobs = jobs
        self._on_cell = on_cell
        self._children: set[subprocess.Popen[bytes]] = set()
        self._stopping = threading.Event()

    def run(self) -> list[Failure]:
        failures = []
        cells = pending(self._plan, self._out)
        with ThreadPoolExecutor(self._jobs) as pool:
            try:
                waiting: dict[Future[Failure | None], Cell] = {
                    pool.submit(self._one, cell): cell for cell in cells
                }
                while waiting:
                    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        failure = future.result()
                        self._on_cell(waiting.pop(future), "failed" if failure else "done")
                        failures += [failure] if failure else []
            except BaseException:
                self._stop()
                raise
        return failures

    def _stop(self) -> None:
        """Ask every child to stop; the pool then waits for their checkpoints."""
        self._stopping.set()
        for child in list(self._children):
            if child.stdin is not None:
                child.stdin.close()

    def _one(self, cell: Cell) -> Failure | None:
        if self._stopping.is_set():
            return None
        folder = cell_folder(self._out, cell)
        # One split of each method is shown; drawing all would take a good part of the time.
        shown = cell.split == self._plan.cells[0].split
        write_cell(folder, cell, dict(self._plan.tests), pictures=shown)
        self._on_cell(cell, "begun")
        log = folder / "log.txt"
        with (
            log.open("wb") as output,
            subprocess.Popen(
                [sys.executable, "-m", "ssliqa.benchmark.cell", str(folder)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(self._jobs),
                start_new_session=True,  # Ctrl-C reaches us alone; we then stop the children
            ) as child,
        ):
            self._children.add(child)
            status = child.wait()
            self._children.discard(child)
        if is_done(folder, self._plan.tests) or self._stopping.is_set():
            return None
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        lines = [line for line in said if not line.startswith(NOTE)]
        last = lines[-1] if lines else f"ended with status {status} and no word"
        return Failure(cell, last.removeprefix("ssliqa: "), log)


def threads_each(jobs: int) -> int:
    """Threads of each of ``jobs`` trainings at a time, so that they share the processors."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdecimal() else max(1, len(os.sched_getaffinity(0)) // jobs)


def _environment(jobs: int) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": str(threads_each(jobs))}
