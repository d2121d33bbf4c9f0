import csv
import json
import math

import numpy as np
import pytest
from scipy import stats

from ssliqa.errors import MetricError
from ssliqa.evaluation import Distributions, Figure, evaluate


def series(n=80, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(1, 5, n)
    return 3 + 0.5 * (truth - 3) + 0.3 * rng.normal(size=n), truth


@pytest.fixture(scope="module")
def evaluation():
    predicted, truth = series()
    return evaluate(predicted, truth, scale="1 (bad) .. 5 (excellent)", resamples=200)


def test_figures_equal_scipy_on_the_raw_and_the_fitted_scores(evaluation):
    predicted, truth = series()
    fitted = evaluation.fit(predicted)
    assert evaluation.n == 80
    assert evaluation.srcc.value == pytest.approx(stats.spearmanr(predicted, truth).statistic)
    assert evaluation.krcc.value == pytest.approx(stats.kendalltau(predicted, truth).statistic)
    assert evaluation.plcc.value == pytest.approx(stats.pearsonr(predicted, truth).statistic)
    assert evaluation.plcc_fitted.value == pytest.approx(stats.pearsonr(fitted, truth).statistic)
    assert evaluation.rmse.value == pytest.approx(np.sqrt(np.mean((predicted - truth) ** 2)))
    assert evaluation.rmse_fitted.value == pytest.approx(np.sqrt(np.mean((fitted - truth) ** 2)))
    assert evaluation.notes == ()


def test_every_figure_lies_inside_its_interval(evaluation):
    for figure in evaluation.figures.values():
        assert figure.low < figure.value < figure.high


def test_the_fit_takes_out_a_wrong_scale_but_not_a_wrong_order(evaluation):
    assert evaluation.rmse_fitted.value < evaluation.rmse.value
    assert evaluation.plcc_fitted.value == pytest.approx(evaluation.plcc.value, abs=0.02)


def test_the_same_seed_gives_the_same_intervals():
    first, second, other = (evaluate(*series(), resamples=50, seed=seed) for seed in (1, 1, 2))
    assert first.to_dict() == second.to_dict()
    assert first.srcc.low != other.srcc.low


def test_exchanging_prediction_and_rating_changes_the_fitted_figures_only():
    predicted, truth = series()
    one, other = evaluate(predicted, truth, resamples=1), evaluate(truth, predicted, resamples=1)
    for name in ("srcc", "krcc", "plcc", "rmse"):
        assert getattr(one, name).value == pytest.approx(getattr(other, name).value)
    assert one.rmse_fitted.value != pytest.approx(other.rmse_fitted.value, rel=0.1)


@pytest.mark.parametrize("n", [1, 2])
def test_fewer_than_three_images_leave_correlations_undefined_and_say_why(n):
    evaluation = evaluate([1.0, 2.0][:n], [1.5, 3.0][:n])
    assert evaluation.srcc == evaluation.plcc_fitted == evaluation.rmse_fitted == Figure(None)
    assert evaluation.rmse.value > 0
    assert evaluation.notes == (f"n = {n}: at least 3 images are needed for a correlation.",)


def test_few_images_get_figures_without_intervals():
    evaluation = evaluate(*series(9))
    assert evaluation.srcc.value is not None
    assert all(figure.low is None for figure in evaluation.figures.values())
    assert "at least 10 images are needed for an interval" in evaluation.notes[0]


def test_intervals_from_a_few_dozen_images_are_called_rough():
    assert "rough" in evaluate(*series(29), resamples=20).notes[0]
    assert evaluate(*series(30), resamples=20).notes == ()


@pytest.mark.parametrize(("constant", "kind"), [(0, "scores"), (1, "ratings")])
def test_constant_series_leave_correlations_undefined_and_say_why(constant, kind):
    pair = list(series(40))
    pair[constant] = np.full(40, 0.1)
    evaluation = evaluate(*pair, resamples=20)
    for name in ("SRCC", "KRCC", "PLCC", "PLCC_fitted"):
        assert evaluation.figures[name] == Figure(None)
    assert evaluation.rmse.low <= evaluation.rmse.value <= evaluation.rmse.high
    assert (evaluation.rmse_fitted == Figure(None)) == (kind == "ratings")
    assert evaluation.notes == (f"All 40 {kind} equal 0.1: correlations are undefined.",)


def test_ties_are_counted():
    predicted, truth = series(50)
    evaluation = evaluate(predicted, np.round(truth), resamples=20)
    assert any("Ties: 50 of 50 ratings" in note for note in evaluation.notes)
    predicted[3] = predicted[5]
    evaluation = evaluate(predicted, truth, resamples=20)
    assert any("Ties: 2 of 50 scores occur" in note for note in evaluation.notes)


def test_a_fit_that_is_a_straight_line_is_said_to_be_one():
    predicted = np.linspace(1, 5, 40)
    evaluation = evaluate(predicted, 2 * predicted, resamples=20)
    assert evaluation.fit.kind == "line"
    assert any("straight line" in note for note in evaluation.notes)
    assert evaluation.plcc_fitted.value == pytest.approx(1)


def test_reversed_scores_are_pointed_out_although_the_fit_hides_them():
    predicted, truth = series()
    evaluation = evaluate(-predicted, truth, resamples=20)
    assert evaluation.srcc.high < 0 < evaluation.plcc_fitted.value
    assert any("lower is better" in note for note in evaluation.notes)


def test_resamples_without_a_correlation_are_mentioned():
    truth = np.ones(10)
    truth[4] = 2
    evaluation = evaluate(series(10)[0], truth, resamples=100)
    assert any("left out of an interval" in note for note in evaluation.notes)


def test_values_that_are_not_finite_are_refused_by_name():
    with pytest.raises(MetricError, match=r"1 of 3 images have a score .*: b\.jpg\."):
        evaluate([1, math.nan, 3], [1, 2, 3], names=["a.jpg", "b.jpg", "c.jpg"])
    with pytest.raises(MetricError, match=r"2 of 3 images have a rating .*: 1, 3\."):
        evaluate([1, 2, 3], [math.inf, 2, math.nan])


def test_series_that_do_not_match_are_refused():
    with pytest.raises(MetricError, match=r"scores \(3,\), ratings \(2,\), names \(3,\)"):
        evaluate([1, 2, 3], [1, 2])
    with pytest.raises(MetricError, match=r"names \(1,\)"):
        evaluate([1, 2, 3], [1, 2, 3], names=["a.jpg"])
    with pytest.raises(MetricError, match=r"standard deviations \(1,\)"):
        evaluate([1, 2, 3], [1, 2, 3], std=[0.1])
    with pytest.raises(MetricError, match=r"distributions \(3,\)"):
        evaluate([1, 2], [1, 2], distributions=Distributions(np.eye(5)[:3], np.eye(5)[:3]))
    with pytest.raises(MetricError, match="no images"):
        evaluate([], [])


def test_metrics_json_holds_every_figure_with_interval_fit_and_notes(tmp_path, evaluation):
    metrics, _ = evaluation.write(tmp_path / "new" / "folder")
    found = json.loads(metrics.read_text())
    assert found == evaluation.to_dict()
    assert found["n"] == 80
    assert found["scale"] == "1 (bad) .. 5 (excellent)"
    assert found["interval"] == {"level": 0.95, "resamples": 200, "seed": 0}
    assert set(found["SRCC"]) == {"value", "low", "high"}
    assert found["fit"]["kind"] == "logistic"
    assert len(found["fit"]["parameters"]) == 4


def test_undefined_figures_are_null_in_strict_json(tmp_path):
    metrics, _ = evaluate([1, 2], [1, 2]).write(tmp_path)
    found = json.loads(metrics.read_text(), parse_constant=pytest.fail)
    assert found["SRCC"] == {"value": None, "low": None, "high": None}
    assert found["notes"]


def test_predictions_csv_has_a_row_per_image_with_its_residual(tmp_path):
    names = ["a, with comma.jpg", "größe.jpg", "c d.jpg"]
    evaluation = evaluate([1, 2.5, 3], [1.5, 2, 3], names=names, std=[0.1, 0.2, 0.3])
    _, predictions = evaluation.write(tmp_path)
    with predictions.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["path", "mos", "score", "std", "residual"]
    assert [row["path"] for row in rows] == names
    assert [float(row["residual"]) for row in rows] == [0.5, -0.5, 0]
    assert [row["std"] for row in rows] == ["0.1", "0.2", "0.3"]


def test_predictions_csv_without_std_has_no_such_column(tmp_path):
    _, predictions = evaluate([1, 2, 3], [1, 2, 3]).write(tmp_path)
    assert predictions.read_text().splitlines()[0] == "path,mos,score,residual"


def test_distributions_enter_both_files_and_assumed_ones_are_called_so(tmp_path):
    predicted, truth = np.eye(5)[[0, 2, 4]], np.eye(5)[[1, 2, 2]]
    distributions = Distributions(predicted, truth, "MOS and SD")
    evaluation = evaluate([1, 3, 5], [2, 3, 3], distributions=distributions)
    metrics, predictions = evaluation.write(tmp_path)
    found = json.loads(metrics.read_text())["distributions"]
    assert found["EMD"] == pytest.approx((1 + 0 + 2) / 3)
    assert found["EMD_of_the_mean_distribution"] == pytest.approx((2 / 3 + 1 / 3 + 1 / 3) / 3)
    assert found["truth"] == "distributions assumed from MOS and SD"
    header, *rows = csv.reader(predictions.read_text().splitlines())
    assert header[-6:] == ["p1", "p2", "p3", "p4", "p5", "emd"]
    assert [row[-6:] for row in rows][2] == ["0", "0", "0", "0", "1", "2"]
    assert "EMD          1.000 levels from distributions assumed" in evaluation.table()


def test_writing_again_replaces_both_files_and_leaves_nothing_else(tmp_path, evaluation):
    evaluate([1, 2, 3], [1, 2, 3]).write(tmp_path)
    evaluation.write(tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text())["n"] == 80
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.json", "predictions.csv"}


def test_the_table_names_every_figure_and_note():
    table = evaluate([1, 2, 3, 5], [2, 1, 4, 3], scale="1 .. 5").table().splitlines()
    assert table[0] == "n = 4, scale: 1 .. 5"
    assert table[2] == "SRCC         0.600"
    assert table[-1].startswith("Note: ")
    undefined = evaluate([1, 2], [1, 2]).table()
    assert "SRCC         undefined" in undefined
    assert "nan" not in undefined


def test_a_figure_reads_as_value_and_interval_without_a_negative_zero():
    assert Figure(0.8412, 0.8009, 0.8731).text() == "0.841 [0.801, 0.873]"
    assert Figure(0.8412).text(2) == "0.84"
    assert Figure(-1e-9, -0.5, 0.5).text() == "0.000 [-0.500, 0.500]"
    assert Figure(None).text() == "undefined"
