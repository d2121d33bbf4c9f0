"""What a benchmark's results say: means over splits, paired differences, labels saved."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ssliqa.benchmark.run import CELLS
from ssliqa.errors import MetricError
from ssliqa.metrics import bootstrap_interval, srcc
from ssliqa.metrics.paired import holm, paired_bootstrap, signed_rank_test

GROUP = ("test", "pair", "method", "student", "teacher", "budget", "ratio")
"""What tells rows apart that are not splits of the same thing."""


def over_splits(results: pd.DataFrame, figure: str) -> pd.DataFrame:
    """A figure's distribution over splits.

    Returns:
        One row for each group, in the order of ``results``: the columns of :data:`GROUP`,
        ``labeled`` and ``unlabeled`` (means), ``splits``, ``mean``, ``median``, ``std`` (of the
        sample; NaN for one split), and ``low``, ``high``: the 95 % bootstrap interval of the mean
        over the splits. Splits on which the figure is undefined are left out.
    """
    rows = []
    for key, group in results.groupby(list(GROUP), sort=False, dropna=False):
        values = group[figure].dropna().to_numpy(np.float64)
        counts = {name: group[name].mean() for name in ("labeled", "unlabeled")}
        rows.append(dict(zip(GROUP, key, strict=True)) | counts | _spread(values))
    return pd.DataFrame(rows)


def against_baseline(results: pd.DataFrame, baseline: str, figure: str = "SRCC") -> pd.DataFrame:
    """By how much each method exceeds the baseline on the same splits.

    A method is compared with the baseline of the same test set, pair and budget, and of the same
    ratio where both have one.

    Returns:
        One row for each group but the baseline's: the columns of :data:`GROUP`, the mean
        difference and its spread as in :func:`over_splits`, ``better`` (splits on which the method
        is better), ``p`` (Wilcoxon's signed-rank test over splits, NaN below five) and ``p_holm``
        (adjusted for all rows of the table).
    """
    own = results[results["method"] == baseline]
    rows = []
    for key, group in results[results["method"] != baseline].groupby(
        list(GROUP), sort=False, dropna=False
    ):
        place = dict(zip(GROUP, key, strict=True))
        differences = _partners(group, own)[figure] - _partners(group, own)[f"{figure}_baseline"]
        values = differences.dropna().to_numpy(np.float64)
        if not len(values):
            continue
        try:
            p = signed_rank_test(values).p
        except MetricError:
            p = math.nan
        rows.append(place | _spread(values) | {"better": int((values > 0).sum()), "p": p})
    frame = pd.DataFrame(rows)
    if len(frame):
        frame["p_holm"] = holm(frame["p"].tolist())
    return frame


def within_splits(results: pd.DataFrame, baseline: str, out: Path) -> pd.DataFrame:
    """Each split for itself: the SRCC difference from the baseline on the same test images.

    Returns:
        One row for each cell and test set but the baseline's: the columns of :data:`GROUP`,
        ``split``, ``difference``, ``low``, ``high`` and ``p`` of the paired bootstrap over images.
    """
    own = results[results["method"] == baseline]
    rows = []
    for key, group in results[results["method"] != baseline].groupby(
        list(GROUP), sort=False, dropna=False
    ):
        place = dict(zip(GROUP, key, strict=True))
        for _, row in _partners(group, own).iterrows():
            one, other = (
                pd.read_csv(
                    out / CELLS / cell / "evaluation" / place["test"] / "predictions.csv"
                ).set_index("path")
                for cell in (row["cell"], row["cell_baseline"])
            )
            both = one.merge(other, left_index=True, right_index=True, suffixes=("", "_baseline"))
            try:
                difference = paired_bootstrap(
                    srcc, both["score"], both["score_baseline"], both["mos"]
                )
            except MetricError:
                continue  # a constant prediction, say: the means leave it out as well
            rows.append(
                place
                | {
                    "split": row["split"],
                    "difference": difference.value,
                    "low": difference.low,
                    "high": difference.high,
                    "p": difference.p,
                }
            )
    return pd.DataFrame(rows)


def labels_saved(results: pd.DataFrame, baseline: str, figure: str = "SRCC") -> pd.DataFrame:
    """How many labels the baseline needs to be as good as each method with fewer.

    The baseline's mean over splits is taken as linear in the logarithm of the number of labels
    between its budgets; where it falls with more labels, the earlier, higher value counts.

    Returns:
        One row for each group but the baseline's, where the baseline has two budgets or more:
        ``test``, ``pair``, ``method``, ``ratio``, ``labeled``, ``mean``, and ``needed``: labels of
        the baseline, infinite where none of its budgets is enough, and its smallest budget where
        that is better already.
    """
    means = over_splits(results, figure)
    own = means[means["method"] == baseline]
    rows = []
    for _, row in means[means["method"] != baseline].iterrows():
        curve = own[
            (own["test"] == row["test"])
            & (own["pair"] == row["pair"])
            & _of_ratio(own, row["ratio"])
        ].sort_values("labeled")
        if len(curve) < 2:
            continue
        needed = _labels_for(
            row["mean"], curve["labeled"].to_numpy(), np.maximum.accumulate(curve["mean"])
        )
        kept = ("test", "pair", "method", "ratio", "labeled", "mean")
        rows.append({name: row[name] for name in kept} | {"needed": needed})
    return pd.DataFrame(rows)


def relative_time(results: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Processor time of each method's trainings over that of the baseline's on the same splits.

    Returns:
        One row for each group: the columns of :data:`GROUP` and ``time``, NaN where a cell does not
        tell its time or the baseline has no such cell.
    """
    own = results[results["method"] == baseline]
    rows = []
    for key, group in results.groupby(list(GROUP), sort=False, dropna=False):
        both = _partners(group, own)[["processor_seconds", "processor_seconds_baseline"]].dropna()
        spent, of_baseline = both.sum() if len(both) else (math.nan, math.nan)
        rows.append({**dict(zip(GROUP, key, strict=True)), "time": spent / of_baseline})
    return pd.DataFrame(rows)


def _labels_for(wanted: float, labeled: NDArray[np.float64], means: NDArray[np.float64]) -> float:
    means = np.asarray(means)
    if math.isnan(wanted) or np.isnan(means).any():
        return math.nan
    if wanted <= means[0]:
        return float(labeled[0])
    if wanted > means[-1]:
        return math.inf
    above = int(np.argmax(means >= wanted))
    share = (wanted - means[above - 1]) / (means[above] - means[above - 1])
    low, high = np.log(labeled[above - 1]), np.log(labeled[above])
    return float(np.exp(low + share * (high - low)))


def _partners(group: pd.DataFrame, baseline: pd.DataFrame) -> pd.DataFrame:
    """Rows of a group, each beside the baseline's of the same split."""
    first = group.iloc[0]
    same = baseline[
        (baseline["test"] == first["test"])
        & (baseline["pair"] == first["pair"])
        & (baseline["budget"] == first["budget"])
        & _of_ratio(baseline, first["ratio"])
    ]
    return group.merge(same, on="split", suffixes=("", "_baseline"))


def _of_ratio(baseline: pd.DataFrame, ratio: float) -> pd.Series[bool]:
    """Which of the baseline's rows a method of this ratio is compared with.

    One that uses no unlabeled images is compared with the only ratio there is, or with none.
    """
    if math.isnan(ratio) and baseline["ratio"].nunique() == 1:
        return baseline["ratio"].notna()
    return baseline["ratio"].isna() | (baseline["ratio"] == ratio)


def _spread(values: NDArray[np.float64]) -> dict[str, float]:
    if not len(values):
        return {"splits": 0, **dict.fromkeys(("mean", "median", "std", "low", "high"), math.nan)}
    interval = (
        bootstrap_interval(lambda sample: float(sample.mean()), values, resamples=2000)
        if len(values) > 1
        else None
    )
    return {
        "splits": len(values),
        "mean": float(values.mean()),
        "median": float(np.median(values)),
        "std": float(values.std(ddof=1)) if len(values) > 1 else math.nan,
        "low": interval.low if interval else math.nan,
        "high": interval.high if interval else math.nan,
    }
