"""The tidy table of a benchmark: one row for each cell and test set."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

from ssliqa.benchmark.cell import RESULT
from ssliqa.benchmark.plan import Plan
from ssliqa.benchmark.run import cell_folder
from ssliqa.evaluation.result import FIGURE_NAMES
from ssliqa.files import whole_file

AXES = ("method", "pair", "student", "teacher", "budget", "ratio", "split")
"""The columns that say which cell a row belongs to."""


def gather(plan: Plan, out: Path) -> pd.DataFrame:
    """The results there are.

    Columns: the axes, ``test`` (its name), ``n`` (test images), ``labeled`` and ``unlabeled``
    (training images, whether the method looks at them or not; no unlabeled ones where its training
    was given none), each figure with ``_low`` and ``_high`` of its 95 % interval over the test
    images, ``parameters`` of the kept network, ``seconds`` and ``processor_seconds`` of the
    training as far as the last attempt at it took, and ``cell``, the folder's name. Undefined
    figures are empty.
    """
    rows: list[dict[str, Any]] = []
    for cell in plan.cells:
        file = cell_folder(out, cell) / RESULT
        if not file.exists():
            continue
        result = json.loads(file.read_text(encoding="utf-8"))
        for test, figures in result["figures"].items():
            row = {**cell.place, "test": test, "n": figures["n"]}
            row |= {name: result[name] for name in ("labeled", "unlabeled")}
            for name in FIGURE_NAMES:
                figure = figures[name]
                row |= {
                    name: figure["value"],
                    f"{name}_low": figure["low"],
                    f"{name}_high": figure["high"],
                }
            row |= {name: result[name] for name in ("parameters", "seconds")}
            # Cells of older benchmarks do not tell.
            row["processor_seconds"] = result.get("processor_seconds", math.nan)
            rows.append({**row, "cell": cell.key})
    frame = pd.DataFrame(rows)
    if len(frame):
        numbers = [name for name in map(str, frame.columns) if name.startswith(FIGURE_NAMES)]
        frame[numbers] = frame[numbers].astype(float)
        frame["ratio"] = frame["ratio"].astype(float)
    return frame


def write_results(results: pd.DataFrame, out: Path) -> None:
    """Write ``results.csv``, and ``results.parquet`` where a package that writes it is there."""
    with whole_file(out / "results.csv") as file:
        results.to_csv(file, index=False, float_format="%.6g", lineterminator="\n")
    try:
        with whole_file(out / "results.parquet") as file:
            results.to_parquet(file, index=False)
    except ImportError:
        pass  # the CSV says the same
