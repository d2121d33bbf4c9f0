"""Comparing score tables with ratings and with each other."""

import csv
import json
import math

import numpy as np
import pytest
from scipy import stats

from ssliqa import ScoreTable, compare, evaluate, read_label_table
from ssliqa.errors import ConfigError, MetricError, ScoreTableError
from ssliqa.evaluation import figure_difference
from ssliqa.evaluation.result import FIGURE_NAMES
from ssliqa.metrics import holm, paired_bootstrap, plcc, srcc, williams_test
from ssliqa.opinion import Scale

N = 60
NAMES = tuple(f"{k % 3}/photo {k}.jpg" for k in range(N))


def mos(n=N):
    return np.random.default_rng(0).uniform(1, 5, n)


def noisy(noise, seed):
    return mos() + noise * np.random.default_rng(seed).normal(size=N)


@pytest.fixture
def ratings(tmp_path):
    def make(values=None, names=NAMES, scale=None):
        path = tmp_path / "labels.csv"
        values = mos() if values is None else values
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("image", "mos"), *zip(names, values, strict=True)])
        return read_label_table(path, None, scale=scale, find_files=False)

    return make


GOOD = ScoreTable("good", NAMES, noisy(0.4, 1))
FAIR = ScoreTable("fair", NAMES, noisy(0.8, 2))
POOR = ScoreTable("poor", NAMES, noisy(2.0, 3))


def test_each_table_gets_the_figures_of_an_evaluation_on_its_own(ratings):
    found = compare([GOOD, FAIR], ratings(), resamples=100)
    assert (found.n, found.rated, found.absent) == (N, N, 0)
    for table in (GOOD, FAIR):
        alone = evaluate(table.scores, mos(), names=NAMES, resamples=100)
        assert found.evaluations[table.name].figures == alone.figures


def test_differences_are_those_of_a_paired_bootstrap(ratings):
    found = compare([GOOD, FAIR], ratings(), resamples=100)
    (pair,) = found.pairs
    assert (pair.one, pair.other) == ("fair", "good")
    for figure, metric in (("SRCC", srcc), ("PLCC", plcc)):
        expected = paired_bootstrap(metric, FAIR.scores, GOOD.scores, mos(), resamples=100)
        assert pair.differences[figure] == expected
    assert pair.differences["SRCC"].value == pytest.approx(
        stats.spearmanr(FAIR.scores, mos()).statistic
        - stats.spearmanr(GOOD.scores, mos()).statistic
    )
    assert pair.williams == williams_test(FAIR.scores, GOOD.scores, mos())
    assert set(pair.differences) == set(FIGURE_NAMES)


def test_every_pair_is_compared_or_each_table_with_the_first(ratings):
    tables = [GOOD, FAIR, POOR]
    every = compare(tables, ratings(), resamples=100)
    assert [(p.one, p.other) for p in every.pairs] == [
        ("fair", "good"),
        ("poor", "good"),
        ("poor", "fair"),
    ]
    first = compare(tables, ratings(), against="first", resamples=100)
    assert [(p.one, p.other) for p in first.pairs] == [("fair", "good"), ("poor", "good")]
    assert first.pairs[1].differences == every.pairs[1].differences


def test_p_values_are_adjusted_over_the_pairs_for_each_figure(ratings):
    found = compare([GOOD, FAIR, POOR], ratings(), resamples=100)
    for figure in FIGURE_NAMES:
        expected = holm([pair.differences[figure].p for pair in found.pairs])
        assert [pair.p_holm[figure] for pair in found.pairs] == expected
    (single,) = compare([GOOD, FAIR], ratings(), resamples=100).pairs
    assert single.p_holm["SRCC"] == single.differences["SRCC"].p


def test_a_single_table_is_evaluated_without_pairs(ratings):
    found = compare([GOOD], ratings(), resamples=100)
    assert found.pairs == ()
    assert set(found.evaluations) == {"good"}


def test_the_order_of_rows_and_the_folders_of_names_do_not_matter(ratings):
    order = np.random.default_rng(5).permutation(N)
    moved = ScoreTable(
        "good", tuple(f"/data/{NAMES[k]}" for k in order), np.asarray(GOOD.scores)[order]
    )
    plain = compare([GOOD, FAIR], ratings(), resamples=100)
    assert compare([moved, FAIR], ratings(), resamples=100).to_dict() == plain.to_dict()


def test_rows_without_a_partner_are_counted_and_named(ratings):
    short = ScoreTable(
        "short",
        (*NAMES[3:], "extra.jpg"),
        np.append(GOOD.scores[3:], 9),
    )
    broken = ScoreTable("broken", NAMES[:-1], FAIR.scores[:-1], missing=NAMES[-1:])
    found = compare([short, broken], ratings(), resamples=100)
    assert (found.n, found.absent) == (N - 4, 4)
    text = "\n".join(found.notes)
    assert "short: Rated photographs without a row (3): 0/photo 0.jpg, 1/photo 1.jpg, " in text
    assert "short: Rows that name no rated photograph, passed over (1): extra.jpg." in text
    assert f"broken: Rated photographs whose score is no finite number (1): {NAMES[-1]}." in text
    assert f"All figures are of the {N - 4} photographs that every table scores, of {N}" in text
    for table, scores in ((short, GOOD.scores), (broken, FAIR.scores)):
        common = evaluate(scores[3:-1], mos()[3:-1], names=NAMES[3:-1], resamples=100)
        assert found.evaluations[table.name].srcc == common.srcc


def test_names_that_could_be_several_rows_are_left_out_and_named(ratings):
    twins = ScoreTable("twins", (*(f"a/{n}" for n in NAMES), "b/" + NAMES[0]), np.arange(N + 1.0))
    found = compare([twins], ratings(), resamples=100)
    assert found.absent == 1
    assert f"twins: Rated photographs that several rows could mean, left out (1): {NAMES[0]}." in (
        found.notes
    )


def test_pairs_across_folders_are_pointed_out(ratings):
    other = ScoreTable("other", tuple(f"x/{n.split('/')[1]}" for n in NAMES), GOOD.scores)
    assert "folders differ (60): 0/photo 0.jpg = x/photo 0.jpg" in str(
        compare([other], ratings(), resamples=100).notes
    )


def test_a_table_that_runs_against_the_ratings_is_pointed_out_and_never_turned(ratings):
    against = ScoreTable("niqe", NAMES, 6 - np.asarray(GOOD.scores))
    found = compare([GOOD, against], ratings(), resamples=100)
    assert found.evaluations["niqe"].srcc.value == -found.evaluations["good"].srcc.value
    assert "nothing was turned around. If lower is better, say --lower-better niqe." in str(
        found.notes
    )
    assert "good: the scores run" not in str(found.notes)


def test_a_table_said_to_be_lower_better_is_turned_and_has_no_raw_error(ratings):
    against = ScoreTable("niqe", NAMES, 6 - np.asarray(GOOD.scores))
    found = compare([GOOD, against], ratings(), lower_better=["niqe"], resamples=100)
    good, niqe = found.evaluations["good"], found.evaluations["niqe"]
    assert niqe.srcc == good.srcc
    assert niqe.plcc.value == pytest.approx(good.plcc.value)
    assert niqe.rmse_fitted.value == pytest.approx(good.rmse_fitted.value, rel=1e-4)
    assert niqe.rmse.value is None
    assert "RMSE" not in found.pairs[0].differences
    assert "niqe: lower is better, unlike in the ratings" in str(found.notes)


def test_a_table_wrongly_said_to_be_lower_better_is_pointed_out(ratings):
    found = compare([GOOD], ratings(), lower_better=["good"], resamples=100)
    assert found.evaluations["good"].srcc.value < 0
    assert "although lower is said to be better. Check that." in str(found.notes)


def test_ratings_in_which_lower_is_better_give_the_same_correlations(ratings):
    dmos = ratings(6 - mos(), scale="1-5, lower is better")
    found = compare([GOOD, FAIR], dmos, resamples=100)
    plain = compare([GOOD, FAIR], ratings(), resamples=100)
    for name in ("good", "fair"):
        for figure in ("srcc", "krcc", "plcc"):
            one, other = (getattr(c.evaluations[name], figure) for c in (found, plain))
            assert one.value == pytest.approx(other.value)
        assert found.evaluations[name].rmse.value is None
    same_way = compare([GOOD], dmos, lower_better=["good"], resamples=100)
    assert same_way.evaluations["good"].srcc.value < 0
    assert same_way.evaluations["good"].rmse.value is not None


def test_scores_with_a_scale_of_their_own_are_brought_to_that_of_the_ratings(ratings):
    scale = Scale(0, 100, higher_is_better=False)
    converted = ScoreTable("good", NAMES, scale.from_levels(np.asarray(GOOD.scores)), scale=scale)
    found = compare([converted], ratings(), resamples=100)
    plain = compare([GOOD], ratings(), resamples=100)
    for figure, value in plain.evaluations["good"].figures.items():
        assert found.evaluations["good"].figures[figure].value == pytest.approx(value.value)
    assert "good: its scale 0-100, lower is better is brought to 1-5" in found.notes[0]


def test_predictions_of_an_evaluation_are_in_the_direction_of_the_ratings(ratings):
    written = ScoreTable("mine", NAMES, 6 - np.asarray(GOOD.scores), counts_as_ratings=True)
    found = compare([written], ratings(6 - mos(), scale="1-5, lower is better"), resamples=100)
    plain = compare([GOOD], ratings(), resamples=100)
    assert found.evaluations["mine"].srcc.value == pytest.approx(
        plain.evaluations["good"].srcc.value
    )
    assert found.evaluations["mine"].rmse.value == pytest.approx(
        plain.evaluations["good"].rmse.value
    )


def test_scores_on_another_scale_are_pointed_out(ratings):
    shares = ScoreTable("shares", NAMES, np.asarray(GOOD.scores) / 10)
    found = compare([shares], ratings(), resamples=100)
    assert "hardly on the ratings' scale 1-5: mind RMSE_fitted, not RMSE" in str(found.notes)


def test_constant_scores_leave_correlations_undefined_and_say_why(ratings):
    flat = ScoreTable("flat", NAMES, np.full(N, 3.0))
    found = compare([GOOD, flat], ratings(), resamples=100)
    assert found.evaluations["flat"].srcc.value is None
    assert "flat: All 60 scores equal 3: correlations are undefined." in found.notes
    (pair,) = found.pairs
    assert set(pair.differences) == {"RMSE", "RMSE_fitted"}
    assert pair.williams is None


def test_tied_scores_are_compared_and_counted(ratings):
    tied = ScoreTable("tied", NAMES, np.round(np.asarray(GOOD.scores)))
    found = compare([GOOD, tied], ratings(), resamples=100)
    assert found.pairs[0].differences["SRCC"].value < 0
    assert "tied: Ties: 60 of 60 scores" in str(found.notes)


def test_few_photographs_get_differences_without_intervals(ratings, tmp_path):
    nine = ratings().subset(np.arange(9))
    found = compare([GOOD, FAIR], nine, resamples=100)
    difference = found.pairs[0].differences["SRCC"]
    assert math.isfinite(difference.value)
    assert math.isnan(difference.p)
    written = json.loads(found.write(tmp_path)[0].read_text(), parse_constant=pytest.fail)
    assert written["differences"][0]["SRCC"]["p"] is None


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("a.jpg", "b.jpg"), r"scores none of the rated photographs: it names a\.jpg, b\.jpg; the"),
        (NAMES[:2], r"2 of 60 rated photographs have a score .* at least 3.*without a row \(58\)"),
    ],
)
def test_tables_with_fewer_than_three_photographs_in_common_are_refused(ratings, names, words):
    with pytest.raises(ScoreTableError, match=words):
        compare([GOOD, ScoreTable("x", names, np.arange(2.0))], ratings())


def test_names_of_tables_that_do_not_exist_or_are_the_same_are_refused(ratings):
    with pytest.raises(ConfigError, match=r"no score table called nique.*called good, fair"):
        compare([GOOD, FAIR], ratings(), lower_better=["nique"])
    with pytest.raises(ConfigError, match="different names, found good, good"):
        compare([GOOD, GOOD], ratings())
    stated = ScoreTable("good", NAMES, GOOD.scores, scale=Scale(1, 5))
    with pytest.raises(ConfigError, match="states the scale 1-5, on which higher is better"):
        compare([stated], ratings(), lower_better=["good"])


def test_only_evaluations_of_the_same_photographs_can_be_paired():
    one = evaluate(GOOD.scores, mos(), names=NAMES, resamples=20)
    for other in (
        evaluate(GOOD.scores, mos(), resamples=20),
        evaluate(GOOD.scores, mos()[::-1], names=NAMES, resamples=20),
        evaluate(GOOD.scores, mos(), names=NAMES, resamples=20, seed=1),
        evaluate(GOOD.scores, mos(), names=NAMES, resamples=21),
    ):
        with pytest.raises(MetricError, match="same photographs, ratings and resamples"):
            figure_difference(one, other, "SRCC")


def test_the_files_hold_every_figure_and_difference(ratings, tmp_path):
    found = compare([GOOD, FAIR], ratings(), resamples=100)
    as_json, as_csv = found.write(tmp_path / "new" / "folder")
    assert json.loads(as_json.read_text()) == json.loads(json.dumps(found.to_dict()))
    assert {path.name for path in as_json.parent.iterdir()} == {"compare.json", "compare.csv"}
    with as_csv.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * len(FIGURE_NAMES)
    single = next(row for row in rows if (row["figure"], row["table"]) == ("SRCC", "good"))
    assert float(single["value"]) == pytest.approx(found.evaluations["good"].srcc.value)
    assert (single["minus"], single["p"]) == ("", "")
    plcc_row = next(r for r in rows if (r["figure"], r["minus"]) == ("PLCC", "good"))
    assert float(plcc_row["p"]) == pytest.approx(found.pairs[0].differences["PLCC"].p)
    assert float(plcc_row["p_williams"]) == pytest.approx(found.pairs[0].williams.p)
