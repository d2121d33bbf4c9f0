"""How well each label form becomes a score distribution, on real distributions of votes.

    python benchmarks/opinion_conversions.py --labels koniq10k_distributions_sets.csv

Each image's MOS and SD are computed from its shares of votes c1..c5; every conversion gets what
its label form would hold, and its result is compared with the shares. Constants (``a`` of the
SOS hypothesis, the constant SD) are fitted on the training part of the table and all errors are
taken on the rest. The last row is the error that the shares themselves have as a sample: votes
drawn again, as many as the image has, from the shares.
"""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.stats import norm

from _report import machine
from ssliqa.files import write_text
from ssliqa.opinion import (
    LEVELS,
    SOS_DEFAULT,
    distribution_mean,
    distribution_std,
    mos_std_to_distribution,
    mos_to_distribution,
    votes_to_distribution,
)

Array = NDArray[np.float64]
BINNED, BINNED_SOS = "MOS + SD: normal, binned", "MOS: SOS, binned"
OURS = "MOS + SD: centered again, SD corrected (ssliqa)"
OURS_SOS = "MOS: SOS, centered again, SD corrected (ssliqa)"
EDGES = np.array([-np.inf, 1.5, 2.5, 3.5, 4.5, np.inf])


def binned_normal(mos: Array, std: Array) -> Array:
    """Bin the normal as it is: neither centered again nor corrected for the bins' own spread."""
    return np.diff(norm.cdf(EDGES, loc=mos[:, None], scale=std[:, None]), axis=1)


def centered_normal(mos: Array, std: Array) -> Array:
    """Bin a normal centered again for the mean, not corrected for the bins' own spread."""
    return mos_std_to_distribution(mos, np.sqrt(std**2 + 1 / 12))


def errors(estimate: Array, truth: Array) -> dict[str, float]:
    distance = np.abs(np.cumsum(estimate - truth, axis=1)).sum(axis=1)
    return {
        "emd_mean": float(distance.mean()),
        "emd_p95": float(np.percentile(distance, 95)),
        "mos_error_mean": float(
            np.abs(distribution_mean(estimate) - distribution_mean(truth)).mean()
        ),
        "sd_error_mean": float(np.abs(distribution_std(estimate) - distribution_std(truth)).mean()),
    }


def measure(labels: Path) -> dict[str, object]:
    table = pd.read_csv(labels)
    everything = votes_to_distribution(table[[f"c{k}" for k in range(1, LEVELS + 1)]])
    fit = (table["set"] == "training").to_numpy()

    def sos_fit(shares: Array) -> float:
        mos, std = distribution_mean(shares), distribution_std(shares)
        room = (mos - 1) * (LEVELS - mos)
        return float(room @ std**2 / (room @ room))

    sos = sos_fit(everything[fit])
    usual_std = float(distribution_std(everything[fit]).mean())
    truth, votes = everything[~fit], table["c_total"].to_numpy()[~fit]
    mos, std = distribution_mean(truth), distribution_std(truth)
    sos_std = np.sqrt(sos * (mos - 1) * (LEVELS - mos))
    draws = np.random.default_rng(0).multinomial(votes, truth / truth.sum(axis=1, keepdims=True))
    conversions = {
        BINNED: binned_normal(mos, std),
        "MOS + SD: centered again": centered_normal(mos, std),
        OURS: mos_std_to_distribution(mos, std),
        "MOS: constant SD, binned": binned_normal(mos, np.full_like(mos, usual_std)),
        "MOS: constant SD, centered again, SD corrected": mos_std_to_distribution(
            mos, np.full_like(mos, usual_std)
        ),
        BINNED_SOS: binned_normal(mos, sos_std),
        "MOS: SOS, centered again": centered_normal(mos, sos_std),
        OURS_SOS: mos_to_distribution(mos, sos),
        "votes drawn again (sampling error of the shares)": votes_to_distribution(draws),
    }
    figures = {name: errors(estimate, truth) for name, estimate in conversions.items()}
    return {
        "images": {"fitted_on": int(fit.sum()), "measured_on": int((~fit).sum())},
        "fitted": {
            "sos": sos,
            "sos_all_images": sos_fit(everything),
            "sos_default": SOS_DEFAULT,
            "constant_sd": usual_std,
        },
        "errors": figures,
        # How many times smaller the error is than that of the normal binned as it is.
        "ratio": {
            "MOS + SD": figures[BINNED]["emd_mean"] / figures[OURS]["emd_mean"],
            "MOS": figures[BINNED_SOS]["emd_mean"] / figures[OURS_SOS]["emd_mean"],
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--labels", type=Path, required=True, help="CSV of KonIQ-10k")
    parser.add_argument("--json", type=Path, help="write machine, versions and figures here")
    options = parser.parse_args()
    result = measure(options.labels)

    shown = Table(title="Error of each conversion, in levels of 1..5")
    for heading in ("conversion", "EMD mean", "EMD 95 %", "|MOS error|", "|SD error|"):
        shown.add_column(heading, justify="left" if heading == "conversion" else "right")
    for name, figures in result["errors"].items():  # type: ignore[attr-defined]
        shown.add_row(name, *(f"{figure:.4f}" for figure in figures.values()))
    console = Console(width=110)
    console.print(shown)
    for key in ("images", "fitted", "ratio"):
        console.print(key, result[key])
    if options.json:
        versions = {name: version(name) for name in ("ssliqa", "numpy", "scipy", "pandas")}
        versions["python"] = platform.python_version()
        record = {
            "benchmark": "opinion_conversions",
            "machine": machine(),
            "versions": versions,
            **result,
        }
        write_text(options.json, json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
