"""Coverage against counting by hand, and a calibrated model through an evaluation."""

import json

import numpy as np
import pytest
from scipy.stats import norm
from test_of_model import model, table  # noqa: F401

from ssliqa.errors import CalibrationError, MetricError
from ssliqa.evaluation import Bounds, calibrate_model, evaluate, evaluate_model
from ssliqa.models import Calibration
from ssliqa.opinion import Scale

TRUTH = np.array([1.0, 2, 3, 4, 5, 1, 2, 3, 4, 5, 3, 3])
LOWER = np.array([1.0, 2, 2, 3, 5, 2, 1, 2, 3, 4, 3.5, 2])
UPPER = np.array([2.0, 3, 4, 5, 5, 3, 2, 4, 5, 5, 4.0, 2.5])


def wilson(inside, n):
    z = norm.ppf(0.975)
    middle = (inside + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(inside * (n - inside) / n + z * z / 4)
    return middle - half, middle + half


def test_ratings_on_a_bound_are_inside_and_figures_are_those_of_counting(tmp_path):
    predicted = np.random.default_rng(0).uniform(1, 5, 12)
    result = evaluate(predicted, TRUTH, bounds=Bounds(LOWER, UPPER, 0.9, 40), resamples=100)
    coverage = result.coverage
    assert (coverage.value, coverage.n, coverage.calibrated_on) == (9 / 12, 12, 40)
    assert (coverage.low, coverage.high) == pytest.approx(wilson(9, 12))
    assert coverage.width == pytest.approx(sum(UPPER - LOWER) / 12)
    assert "75.0 %" in result.table()
    assert "90 %" in result.table()
    metrics, predictions = result.write(tmp_path)
    assert json.loads(metrics.read_text())["coverage"] == coverage.to_dict()
    header, first, *_ = predictions.read_text().splitlines()
    row = dict(zip(header.split(","), first.split(","), strict=True))
    assert (row["lower"], row["upper"]) == ("1", "2")


def test_without_bounds_nothing_is_said_of_coverage(tmp_path):
    result = evaluate(TRUTH + 0.1, TRUTH, resamples=100)
    assert result.coverage is None
    assert result.to_dict()["coverage"] is None
    assert "lower" not in result.write(tmp_path)[1].read_text().splitlines()[0]


def test_bounds_that_cannot_be_meant_are_refused():
    with pytest.raises(MetricError, match="no upper bound"):
        Bounds(UPPER, LOWER, 0.9, 40)
    with pytest.raises(MetricError, match="intervals"):
        evaluate(TRUTH[:10], TRUTH[:10], bounds=Bounds(LOWER, UPPER, 0.9, 40))


@pytest.mark.parametrize(
    "scale", [Scale(0, 100), Scale(1, 5), Scale(0, 1, higher_is_better=False)], ids=str
)
def test_the_intervals_of_a_model_stand_on_the_scale_of_the_ratings(scale, model, table):  # noqa: F811
    from test_of_model import on_another_scale

    model.calibration = Calibration(0.9, 0.5, 30)
    try:
        result = evaluate_model(model, on_another_scale(table, scale), resamples=100).evaluation
        scores = [model.score(path) for path in table.paths]
    finally:
        model.calibration = None
    unit = (scale.high - scale.low) / 100
    expected = np.array([[score.lower, score.upper] for score in scores]) * unit
    if not scale.higher_is_better:
        expected = (scale.high - scale.low) - expected[:, ::-1]
    np.testing.assert_allclose(result.bounds.lower, scale.low + expected[:, 0])
    np.testing.assert_allclose(result.bounds.upper, scale.low + expected[:, 1])
    assert result.coverage.value == 1  # the ratings are the scores themselves
    assert result.coverage.width == pytest.approx(np.diff(expected, axis=1).mean())


def test_a_model_is_calibrated_by_its_own_errors(model, table):  # noqa: F811
    from dataclasses import replace

    off = replace(table, mos=table.mos + np.where(np.arange(12) == 3, 9.0, 5.0))  # of 100
    found = calibrate_model(model, off, kind="constant")
    assert found.calibration.quantile == pytest.approx(9 / 25)
    assert (found.calibration.n, found.calibration.kind) == (12, "constant")
    assert found.width == pytest.approx(18, abs=0.01)
    assert model.calibration is None


def test_too_few_photographs_are_told_with_the_number_that_it_takes(model, table):  # noqa: F811
    with pytest.raises(CalibrationError, match=r"8 rated .* 90 % .*at least 9"):
        calibrate_model(model, table.subset(range(8)))
    with pytest.raises(CalibrationError, match=r"12 rated .* 95 % .*at least 19"):
        calibrate_model(model, table, level=0.95)
