"""How often do 90 % intervals hold the rating of photographs that calibrated nothing?

    python benchmarks/coverage.py runs/a runs/b runs/c

Each run has been evaluated (``ssliqa evaluate RUN``). Its test photographs are divided at random
into two halves, many times; intervals are calibrated on one half and counted on the other. Both
kinds of intervals see the same halves. The last columns count those test photographs alone whose
predicted opinions differ least, and most (a third each).
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from _report import machine
from ssliqa.errors import SsliqaError
from ssliqa.files import write_text
from ssliqa.models import Calibration
from ssliqa.models.calibration import KINDS, LEVEL
from ssliqa.opinion import Scale, distribution_std

Array = NDArray[np.float64]
TOLERANCE = 0.02
FEWEST_SPLITS = 10


def read(run: Path) -> tuple[Array, Array, Scale]:
    """Predicted distributions (n, 5) and ratings in levels (n,), with the ratings' scale."""
    folder = run / "evaluation" if (run / "evaluation").is_dir() else run
    try:
        table = pd.read_csv(folder / "predictions.csv")
        scale = Scale.parse(json.loads((folder / "metrics.json").read_text())["scale"])
        shares = table[[f"p{level}" for level in range(1, 6)]].to_numpy(np.float64)
        return shares, scale.to_levels(table["mos"]), scale
    except (OSError, KeyError, ValueError, SsliqaError) as error:
        sys.exit(f"coverage: '{run}' holds no evaluation ({error}). Run: ssliqa evaluate {run}")


def measure(shares: Array, truth: Array, kind: str, level: float, splits: int, seed: int) -> Array:
    """For each split: coverage, mean width in levels, coverage of the easy and the hard third."""
    spread = distribution_std(shares)
    easy, hard = np.quantile(spread, [1 / 3, 2 / 3])
    rng, rows = np.random.default_rng(seed), []
    for _ in range(splits):
        on, counted = np.array_split(rng.permutation(len(truth)), 2)
        calibration = Calibration.fit(shares[on], truth[on], level=level, kind=kind)
        lower, upper = calibration.interval(shares[counted])
        held = (lower <= truth[counted]) & (truth[counted] <= upper)
        low, high = spread[counted] <= easy, spread[counted] >= hard
        rows.append([held.mean(), (upper - lower).mean(), held[low].mean(), held[high].mean()])
    return np.array(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", help="evaluated runs, or their folders")
    parser.add_argument("--level", type=float, default=LEVEL, help="share to be held")
    parser.add_argument("--splits", type=int, default=100, help="random halves of each run")
    parser.add_argument("--seed", type=int, default=0, help="of the halves")
    parser.add_argument("--json", type=Path, help="write machine, versions and figures here")
    options = parser.parse_args()
    if options.splits < FEWEST_SPLITS:
        parser.error(f"--splits {options.splits}: use {FEWEST_SPLITS} or more")

    title = f"{100 * options.level:g} % intervals, {options.splits} random halves of each run"
    shown = Table(title=title)
    for heading in ("run", "kind", "halves", "coverage", "SD", "least, most", "width"):
        shown.add_column(heading)
    shown.add_column("agreed")
    shown.add_column("disputed")
    rows = []
    for run in options.runs:
        shares, truth, scale = read(run)
        for kind in KINDS:
            try:
                found = measure(shares, truth, kind, options.level, options.splits, options.seed)
            except SsliqaError as error:
                sys.exit(f"coverage: {run}: {error}")
            coverage, width, easy, hard = found.mean(axis=0)
            row = {
                "run": run.resolve().name,
                "kind": kind,
                "photographs": len(truth),
                "coverage": coverage,
                "coverage_sd": found[:, 0].std(ddof=1),
                "coverage_range": [found[:, 0].min(), found[:, 0].max()],
                "width": float(scale.std_from_levels(width)),
                "scale": str(scale),
                "coverage_least_spread": easy,
                "coverage_most_spread": hard,
            }
            rows.append(row)
            least, most = row["coverage_range"]
            shown.add_row(
                row["run"],
                kind,
                f"{len(truth) - len(truth) // 2} + {len(truth) // 2}",
                f"{100 * coverage:.1f} %",
                f"{100 * row['coverage_sd']:.1f}",
                f"{100 * least:.1f}, {100 * most:.1f}",
                f"{row['width']:.1f}",
                f"{100 * easy:.1f} %",
                f"{100 * hard:.1f} %",
            )
    shown.add_section()
    mean = {}
    for kind in KINDS:
        of_kind = [row for row in rows if row["kind"] == kind]
        mean[kind] = {
            name: float(np.mean([row[name] for row in of_kind]))
            for name in ("coverage", "width", "coverage_least_spread", "coverage_most_spread")
        }
        coverage, width, easy, hard = mean[kind].values()
        shown.add_row(
            "mean",
            kind,
            "",
            f"{100 * coverage:.1f} %",
            "",
            "",
            f"{width:.1f}",
            f"{100 * easy:.1f} %",
            f"{100 * hard:.1f} %",
        )
    console = Console(width=120)
    console.print(shown)
    reached = abs(mean["std"]["coverage"] - options.level) <= TOLERANCE
    verdict = "reached" if reached else "MISSED"
    target = f"{100 * options.level:g} +- {100 * TOLERANCE:g} %"
    console.print(f"Target for kind std, mean over runs: {target}: {verdict}", highlight=False)
    if options.json:
        versions = {name: version(name) for name in ("ssliqa", "numpy", "scipy", "pandas")}
        record = {
            "benchmark": "coverage",
            "machine": machine(),
            "versions": versions | {"python": platform.python_version()},
            "level": options.level,
            "splits": options.splits,
            "seed": options.seed,
            "runs": rows,
            "mean": mean,
        }
        write_text(options.json, json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
