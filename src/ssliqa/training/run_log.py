"""The record of a run: metrics.jsonl, and TensorBoard events where that package is installed."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ssliqa.files import write_text


class RunLog:
    """Appends one JSON object a line to ``metrics.jsonl``, and the numbers to TensorBoard.

    Args:
        folder: the run folder.
        first_step: the step that this process begins with; what an interrupted process logged from
            there on is dropped, since it is about to be done again.
    """

    def __init__(self, folder: Path, first_step: int) -> None:
        path = folder / "metrics.jsonl"
        if path.exists():
            kept = [line for line in _whole_lines(path) if json.loads(line)["step"] < first_step]
            write_text(path, "".join(kept))
        self._file = path.open("a", encoding="utf-8")
        self._board: Any = None
        if find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=first_step)

    def write(self, step: int, epoch: int, values: dict[str, float | None]) -> None:
        """Log ``values`` at ``step``; None stands for an undefined figure."""
        self._file.write(json.dumps({"step": step, "epoch": epoch, **values}) + "\n")
        self._file.flush()
        if self._board is not None:
            for name, value in values.items():
                if value is not None:
                    self._board.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close."""
        self._file.close()
        if self._board is not None:
            self._board.close()


def read_log(folder: Path) -> list[dict[str, Any]]:
    """All rows of a run's metrics.jsonl; an unfinished last line is passed over."""
    return [json.loads(line) for line in _whole_lines(folder / "metrics.jsonl")]


def _whole_lines(path: Path) -> list[str]:
    # A killed process may leave half a line at the end.
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [line for line in lines if line.endswith("\n")]
