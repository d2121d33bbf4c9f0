import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from ssliqa.errors import MetricError
from ssliqa.metrics import fit_logistic, rmse


def curve(x, b1, b2, b3, b4):
    return b2 + (b1 - b2) / (1 + np.exp(-(x - b3) / np.abs(b4)))


def noisy(n=200, noise=0.4, seed=0):
    rng = np.random.default_rng(seed)
    predicted = rng.uniform(1, 5, n)
    return predicted, curve(predicted, 90, 10, 3.2, 0.5) + noise * 20 * rng.normal(size=n)


@pytest.mark.parametrize(
    "parameters",
    [(90.0, 10.0, 3.2, 0.5), (4.9, 1.1, 2.0, 1.5), (1.0, 5.0, 3.0, 0.7), (1e-3, 0.0, 2.5, 0.3)],
)
def test_recovers_the_parameters_of_noiseless_data(parameters):
    predicted = np.linspace(1, 5, 40)
    fit = fit_logistic(predicted, curve(predicted, *parameters))
    assert fit.kind == "logistic"
    assert fit.converged
    assert fit.note == ""
    assert fit.parameters == pytest.approx(parameters, rel=1e-6, abs=1e-9)
    assert fit.rising == (parameters[0] > parameters[1])


def test_equals_a_search_by_scipy_from_another_start():
    predicted, truth = noisy()
    expected, _ = curve_fit(curve, predicted, truth, p0=[60, 40, 2.5, 2.0], maxfev=10_000)
    fit = fit_logistic(predicted, truth)
    assert fit.parameters[:3] == pytest.approx(expected[:3], rel=1e-3)
    assert fit.parameters[3] == pytest.approx(abs(expected[3]), rel=1e-3)
    assert rmse(fit(predicted), truth) == pytest.approx(
        rmse(curve(predicted, *expected), truth), rel=1e-7
    )


def test_no_parameter_can_be_moved_to_lower_the_error():
    predicted, truth = noisy()
    fit = fit_logistic(predicted, truth)
    best = rmse(fit(predicted), truth)
    for index in range(4):
        for factor in (0.99, 1.01):
            moved = list(fit.parameters)
            moved[index] *= factor
            assert rmse(curve(predicted, *moved), truth) > best


@given(st.floats(0.01, 100), st.floats(-100, 100), st.floats(0.01, 100), st.floats(-100, 100))
def test_the_fitted_ratings_do_not_depend_on_the_scales(gain_x, shift_x, gain_y, shift_y):
    predicted, truth = noisy(40)
    plain = fit_logistic(predicted, truth)(predicted)
    scaled_x = gain_x * predicted + shift_x
    scaled = fit_logistic(scaled_x, gain_y * truth + shift_y)(scaled_x)
    assert (scaled - shift_y) / gain_y == pytest.approx(plain, rel=1e-3)


@given(st.integers(0, 2**32 - 1), st.integers(5, 40))
def test_is_never_worse_than_a_straight_line_and_always_monotone(seed, n):
    rng = np.random.default_rng(seed)
    predicted, truth = rng.normal(size=n), rng.normal(size=n)
    fit = fit_logistic(predicted, truth)
    line = np.polyval(np.polyfit(predicted, truth, 1), predicted)
    assert rmse(fit(predicted), truth) <= rmse(line, truth) + 1e-9
    steps = np.diff(fit(np.sort(predicted)))
    assert (steps >= -1e-12).all() or (steps <= 1e-12).all()


def test_few_steps_from_a_similar_fit_come_close_to_the_full_search():
    predicted, truth = noisy()
    whole = fit_logistic(predicted, truth)
    chosen = np.random.default_rng(1).integers(0, 200, 200)
    full = fit_logistic(predicted[chosen], truth[chosen])
    short = fit_logistic(predicted[chosen], truth[chosen], start=whole)
    assert rmse(short(predicted[chosen]), truth[chosen]) == pytest.approx(
        rmse(full(predicted[chosen]), truth[chosen]), rel=1e-4
    )


def test_ratings_on_a_straight_line_get_a_line_that_says_so():
    predicted = np.linspace(1, 5, 30)
    fit = fit_logistic(predicted, 20 * predicted - 10)
    assert fit.kind == "line"
    assert not fit.converged
    assert "straight line" in fit.note
    assert fit.parameters == pytest.approx((20, -10))
    assert fit_logistic(predicted, 20 * predicted - 10, start=fit).kind == "line"


def test_too_few_images_for_four_parameters_get_a_line_that_says_so():
    predicted, truth = np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3, 5])
    fit = fit_logistic(predicted, truth)
    assert fit.kind == "line"
    assert "n = 4" in fit.note
    assert fit.parameters == pytest.approx(np.polyfit(predicted, truth, 1))


@pytest.mark.parametrize("n", [1, 3, 20])
def test_constant_scores_or_ratings_get_the_mean_rating(n):
    ratings = np.arange(n, dtype=float)
    fit = fit_logistic(np.full(n, 0.1), ratings)
    assert "scores are constant" in fit.note
    assert fit(0.1) == pytest.approx(ratings.mean())
    assert not fit.rising


def test_constant_ratings_get_a_line_that_says_so():
    fit = fit_logistic(np.arange(10.0), np.full(10, 0.1))
    assert "ratings are constant" in fit.note
    assert fit([3, 30]) == pytest.approx([0.1, 0.1])


def test_a_jump_of_the_ratings_neither_overflows_nor_warns():
    predicted = np.linspace(1, 5, 20)
    fit = fit_logistic(predicted, np.where(predicted > 3, 5.0, 1.0))
    assert fit([-1e6, 1e6]) == pytest.approx([1, 5], abs=0.01)
    assert rmse(fit(predicted), np.where(predicted > 3, 5.0, 1.0)) < 0.01


def test_ratings_that_are_not_finite_are_refused():
    with pytest.raises(MetricError, match="positions 0"):
        fit_logistic([1, 2, 3], [math.nan, 2, 3])
