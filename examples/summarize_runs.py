"""Tabulate evaluated runs named METHOD-SEED: ``python examples/summarize_runs.py OUT [BASELINE]``.

Prints a Markdown table of test SRCC and PLCC for each run with its 95 % bootstrap interval over
images, the means over the seeds that all methods have, and the paired difference of each method
from the baseline (the first by name unless told) with its p; with five seeds or more also the
signed-rank test over them.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

from ssliqa.errors import MetricError
from ssliqa.metrics import Difference, paired_bootstrap, signed_rank_test, srcc


def main(out: Path, baseline: str | None = None) -> None:
    runs: dict[str, dict[int, Path]] = defaultdict(dict)
    for metrics in sorted(out.glob("*/evaluation/metrics.json")):
        method, _, seed = metrics.parents[1].name.rpartition("-")
        runs[method][int(seed)] = metrics.parent
    if not runs:
        sys.exit(f"{out} holds no evaluated runs named METHOD-SEED.")
    if baseline is not None:
        if baseline not in runs:
            sys.exit(f"{out} holds no runs of '{baseline}', but of {', '.join(runs)}.")
        runs = {baseline: runs.pop(baseline), **runs}
    shared = set.intersection(*(set(folders) for folders in runs.values()))
    seeds = sorted({seed for folders in runs.values() for seed in folders})
    print(
        "| test SRCC [95 % interval over images] |",
        *(f" split {s} |" for s in seeds),
        f" mean over {sorted(shared)} | mean PLCC |",
        sep="",
    )
    print("|---|", "---|" * (len(seeds) + 2), sep="")
    for method, folders in runs.items():
        figures = {
            seed: json.loads((f / "metrics.json").read_text()) for seed, f in folders.items()
        }
        cells = [_cell(figures.get(seed)) for seed in seeds]
        means = [
            np.mean([figures[seed][name]["value"] for seed in shared])
            for name in ("SRCC", "PLCC_fitted")
        ]
        print(
            f"| {method} |",
            *(f" {cell} |" for cell in cells),
            *(f" {mean:.3f} |" for mean in means),
            sep="",
        )
    first, *others = runs
    for method in others:
        common = sorted(runs[first].keys() & runs[method].keys())
        pairs = [_difference(runs[first][seed], runs[method][seed]) for seed in common]
        print(
            f"\nSRCC of {method} minus {first}, paired on the same test images: "
            + "; ".join(
                f"split {seed}: {d.value:+.3f} [{d.low:+.3f}, {d.high:+.3f}], p {d.p:.3f}"
                for seed, d in zip(common, pairs, strict=True)
            )
        )
        try:
            test = signed_rank_test([pair.value for pair in pairs])
            print(f"Signed-rank test over {len(pairs)} splits: p = {test.p:.4f}.")
        except MetricError as error:
            print(f"Over splits: {error}")


def _cell(figures: dict[str, dict[str, float]] | None) -> str:
    if figures is None:
        return "-"
    figure = figures["SRCC"]
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _difference(one: Path, other: Path) -> Difference:
    a, b = (pd.read_csv(folder / "predictions.csv").set_index("path") for folder in (one, other))
    b = b.loc[a.index]
    x, y, mos = (series.to_numpy() for series in (a["score"], b["score"], a["mos"]))
    return paired_bootstrap(srcc, y, x, mos)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
