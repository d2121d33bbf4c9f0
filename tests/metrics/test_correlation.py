import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ssliqa.errors import MetricError
from ssliqa.metrics import METRICS, krcc, metric_by_name, plcc, rmse, srcc

CORRELATIONS = [srcc, krcc, plcc]

# Few different values, so that ties are common.
SERIES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=25).filter(
    lambda pairs: all(len(set(series)) > 1 for series in zip(*pairs, strict=True))
)


def slow_ranks(values):
    return [
        sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2
        for value in values
    ]


def slow_pearson(x, y):
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    covariance = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return covariance / math.sqrt(
        sum((a - mean_x) ** 2 for a in x) * sum((b - mean_y) ** 2 for b in y)
    )


def slow_tau_b(x, y):
    concordance, untied_x, untied_y = 0, 0, 0
    for i in range(len(x)):
        for j in range(i):
            sign_x, sign_y = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
            concordance += sign_x * sign_y
            untied_x += abs(sign_x)
            untied_y += abs(sign_y)
    return concordance / math.sqrt(untied_x * untied_y)


@given(SERIES)
def test_correlations_equal_their_definitions_even_with_ties(pairs):
    x, y = zip(*pairs, strict=True)
    assert plcc(x, y) == pytest.approx(slow_pearson(x, y), abs=1e-12)
    assert srcc(x, y) == pytest.approx(slow_pearson(slow_ranks(x), slow_ranks(y)), abs=1e-12)
    assert krcc(x, y) == pytest.approx(slow_tau_b(x, y), abs=1e-12)


def test_correlations_equal_scipy_on_continuous_data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    y = x + rng.normal(size=300)
    assert srcc(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert krcc(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)
    assert plcc(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)


def test_rmse_is_in_the_unit_of_the_ratings():
    assert rmse([1, 2, 3], [2, 4, 3]) == pytest.approx(math.sqrt(5 / 3))
    assert rmse([10, 20, 30], [20, 40, 30]) == pytest.approx(10 * math.sqrt(5 / 3))
    assert rmse([4.0], [1.0]) == 3.0


@given(SERIES)
def test_rank_correlations_ignore_a_monotone_change_of_scale(pairs):
    x, y = map(np.array, zip(*pairs, strict=True))
    assert srcc(np.exp(x), y) == pytest.approx(srcc(x, y), abs=1e-12)
    assert krcc(np.exp(x), y) == pytest.approx(krcc(x, y), abs=1e-12)


@given(SERIES, st.floats(0.1, 100), st.floats(-100, 100))
def test_linear_correlation_ignores_a_linear_change_of_scale(pairs, factor, offset):
    x, y = map(np.array, zip(*pairs, strict=True))
    assert plcc(factor * x + offset, y) == pytest.approx(plcc(x, y), abs=1e-9)


@pytest.mark.parametrize("metric", CORRELATIONS)
def test_reversed_predictions_correlate_at_minus_one(metric):
    assert metric([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)


@pytest.mark.parametrize("metric", CORRELATIONS)
@pytest.mark.parametrize("n", [1, 2])
def test_a_correlation_of_fewer_than_three_images_is_refused(metric, n):
    with pytest.raises(MetricError, match=f"n = {n}: a correlation needs at least 3 images"):
        metric([1, 2][:n], [3, 4][:n])


@pytest.mark.parametrize("metric", CORRELATIONS)
def test_a_constant_series_is_named(metric):
    with pytest.raises(MetricError, match=r"all 4 predictions equal 0\.1"):
        metric([0.1] * 4, [1, 2, 3, 4])
    with pytest.raises(MetricError, match="all 4 ratings equal 3"):
        metric([1, 2, 3, 4], [3] * 4)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e150, 1e307])
def test_values_whose_squares_vanish_or_overflow_still_correlate(scale):
    x, y = np.array([1.0, 2.0, 4.0]), np.array([3.0, 1.0, 5.0])
    assert plcc(scale * x, y) == pytest.approx(plcc(x, y))


@pytest.mark.parametrize("metric", METRICS.values())
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_are_located(metric, bad):
    with pytest.raises(MetricError, match=r"2 of 4 ratings .* positions 1, 3"):
        metric([1, 2, 3, 4], [1, bad, 3, bad])


@pytest.mark.parametrize("metric", METRICS.values())
def test_series_that_do_not_match_are_refused(metric):
    with pytest.raises(MetricError, match=r"shape \(3,\) and ratings of shape \(4,\)"):
        metric([1, 2, 3], [1, 2, 3, 4])
    with pytest.raises(MetricError, match="one-dimensional"):
        metric(np.ones((3, 1)), np.ones((3, 1)))
    with pytest.raises(MetricError, match="without images"):
        metric([], [])


@pytest.mark.parametrize(
    ("name", "metric"),
    [("SRCC", srcc), ("srocc", srcc), ("LCC", plcc), (" plcc ", plcc), ("Krocc", krcc)],
)
def test_a_metric_is_found_by_its_name_or_alias_in_any_case(name, metric):
    assert metric_by_name(name) is metric


def test_an_unknown_metric_lists_the_known_ones():
    with pytest.raises(MetricError, match=r"'psnr'.*SRCC, KRCC, PLCC, RMSE"):
        metric_by_name("psnr")
