"""Means, paired differences and saved labels against arithmetic done by hand."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ssliqa.benchmark.statistics import (
    against_baseline,
    labels_saved,
    over_splits,
    relative_time,
    within_splits,
)
from ssliqa.metrics import srcc

BASE = {50: 0.60, 150: 0.70, 450: 0.80}


def table(extra=0.05, splits=6, budgets=(50, 150, 450), spread=0.02):
    """Results of a baseline and of a method that is better by ``extra`` on average."""
    rows = []
    rng = np.random.default_rng(0)
    for budget, split in itertools.product(budgets, range(splits)):
        level = BASE[budget] + spread * rng.standard_normal()
        for method, plus in (("supervised", 0.0), ("better", extra + 0.01 * (split % 2))):
            rows.append(
                {
                    **{"test": "test part", "pair": "a <- b", "method": method, "student": "a"},
                    **{"teacher": "b" if plus else "", "budget": str(budget), "split": split},
                    **{"ratio": 2.0 if plus else math.nan, "labeled": budget, "unlabeled": 9},
                    **{"SRCC": level + plus, "cell": f"{method}-{budget}-{split}"},
                }
            )
    return pd.DataFrame(rows)


def test_means_over_splits_are_those_of_numpy():
    results = table()
    means = over_splits(results, "SRCC").set_index(["method", "budget"])
    assert len(means) == 6
    values = results.query("method == 'better' and budget == '150'")["SRCC"]
    row = means.loc[("better", "150")]
    assert row["mean"] == pytest.approx(values.mean())
    assert row["median"] == pytest.approx(values.median())
    assert row["std"] == pytest.approx(values.std())
    assert row["splits"] == 6
    assert row["low"] < row["mean"] < row["high"]
    assert values.min() <= row["low"]
    assert row["high"] <= values.max()


def test_one_split_has_a_mean_and_no_interval():
    row = over_splits(table(splits=1), "SRCC").iloc[0]
    assert row["mean"] == row["median"]
    assert math.isnan(row["std"])
    assert math.isnan(row["low"])


def test_splits_without_the_figure_are_left_out():
    results = table(splits=3)
    results.loc[0, "SRCC"] = math.nan
    assert over_splits(results, "SRCC")["splits"].tolist()[0] == 2


def test_differences_are_taken_split_by_split():
    results = table()
    rows = against_baseline(results, "supervised").set_index("budget")
    assert rows["mean"].tolist() == pytest.approx([0.055] * 3)
    assert rows["better"].tolist() == [6] * 3
    # Whatever the levels of the splits are: the differences are the same.
    moved = results.assign(SRCC=results["SRCC"] - 0.1 * results["split"])
    assert against_baseline(moved, "supervised")["mean"].tolist() == pytest.approx([0.055] * 3)
    # All six above zero: of the 2^6 signs one is as extreme on this side, and one on the other.
    assert rows["p"].tolist() == pytest.approx([2 / 64] * 3)
    assert rows["p_holm"].tolist() == pytest.approx([6 / 64] * 3)
    assert stats.wilcoxon([0.05, 0.06] * 3).pvalue <= 0.05


def test_below_five_splits_there_is_no_p():
    rows = against_baseline(table(splits=4), "supervised")
    assert rows["p"].isna().all()
    assert rows["better"].tolist() == [4] * 3


def test_only_equal_pairs_and_budgets_are_compared():
    results = table(budgets=(50, 150))
    results = results[(results["method"] != "supervised") | (results["budget"] == "50")]
    assert against_baseline(results, "supervised")["budget"].tolist() == ["50"]
    assert len(against_baseline(results.assign(pair=results["method"]), "supervised")) == 0


def test_a_method_without_unlabeled_images_is_compared_with_a_baseline_that_has_them():
    rows = against_baseline(table(), "better")
    assert rows["method"].tolist() == ["supervised"] * 3
    assert rows["mean"].tolist() == pytest.approx([-0.055] * 3)
    # With two ratios it would be anybody's guess which is meant.
    other = table().query("method == 'better'").assign(ratio=1.0)
    assert len(against_baseline(pd.concat([table(), other]), "better")) == 0


def test_saved_labels_are_read_off_the_baselines_curve():
    saved = labels_saved(table(extra=0.05, spread=0), "supervised").set_index("labeled")
    # The baseline gains 0.1 with each threefold number of labels.
    assert saved.loc[50, "needed"] == pytest.approx(50 * 3**0.55)
    assert saved.loc[150, "needed"] == pytest.approx(150 * 3**0.55)
    assert saved.loc[450, "needed"] == math.inf
    worse = labels_saved(table(extra=-0.3, spread=0), "supervised")
    assert worse["needed"].tolist() == [50, 50, 50]


def test_time_is_that_of_the_baseline_on_the_same_splits():
    spent = {"supervised": 10.0, "better": 25.0}
    results = table(budgets=(50,)).assign(
        processor_seconds=lambda rows: rows["method"].map(spent) + rows["split"]
    )
    times = relative_time(results, "supervised").set_index("method")["time"]
    assert times["supervised"] == 1
    assert times["better"] == pytest.approx((6 * 25 + 15) / (6 * 10 + 15))
    # A split that one of the two does not tell is left out for both.
    results.loc[(results["method"] == "better") & (results["split"] == 5), "processor_seconds"] = (
        math.nan
    )
    times = relative_time(results, "supervised").set_index("method")["time"]
    assert times["better"] == pytest.approx((5 * 25 + 10) / (5 * 10 + 10))
    assert relative_time(results.assign(processor_seconds=math.nan), "better")["time"].isna().all()


def test_one_budget_shows_no_saving():
    assert len(labels_saved(table(budgets=(150,)), "supervised")) == 0


def test_a_split_for_itself_is_compared_image_by_image(tmp_path):
    results = table(splits=2, budgets=(50,))
    rng = np.random.default_rng(1)
    mos = rng.uniform(0, 100, 60)
    noise = {"supervised": 60, "better": 20}
    scores = {}
    for cell, method in zip(results["cell"], results["method"], strict=True):
        folder = tmp_path / "cells" / cell / "evaluation" / "test part"
        folder.mkdir(parents=True)
        scores[cell] = mos + noise[method] * rng.standard_normal(60)
        frame = pd.DataFrame({"path": [f"{k}.jpg" for k in range(60)], "mos": mos})
        # Another order of the rows must not matter.
        frame.assign(score=scores[cell]).sample(frac=1, random_state=len(scores)).to_csv(
            folder / "predictions.csv", index=False
        )
    rows = within_splits(results, "supervised", tmp_path)
    assert rows["split"].tolist() == [0, 1]
    for row in rows.itertuples():
        expected = srcc(scores[f"better-50-{row.split}"], mos) - srcc(
            scores[f"supervised-50-{row.split}"], mos
        )
        assert row.difference == pytest.approx(expected)
        assert row.low < row.difference < row.high
        assert row.low > 0
