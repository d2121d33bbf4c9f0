import math

import numpy as np
import pytest
from scipy import stats

from ssliqa.errors import MetricError
from ssliqa.metrics import bootstrap_interval, bootstrap_intervals, rmse, srcc


def series(n=120, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, x + rng.normal(size=n)


def test_equals_the_percentiles_of_a_plain_loop():
    x, y = series()
    rng = np.random.default_rng(7)
    draws = []
    for _ in range(200):
        chosen = rng.integers(0, len(x), len(x))
        draws.append(stats.spearmanr(x[chosen], y[chosen]).statistic)
    interval = bootstrap_interval(srcc, x, y, resamples=200, seed=7)
    assert (interval.low, interval.high) == pytest.approx(
        (np.percentile(draws, 2.5), np.percentile(draws, 97.5))
    )


def test_the_interval_of_a_mean_agrees_with_theory_and_with_scipy():
    x, _ = series(200)
    interval = bootstrap_interval(lambda v: float(v.mean()), x, resamples=4000)
    error = 1.96 * x.std() / math.sqrt(200)
    assert interval.low == pytest.approx(x.mean() - error, abs=0.1 * error)
    assert interval.high == pytest.approx(x.mean() + error, abs=0.1 * error)
    other = stats.bootstrap((x,), np.mean, method="percentile", n_resamples=4000, rng=1)
    assert interval.low == pytest.approx(other.confidence_interval.low, abs=0.1 * error)


def test_intervals_hold_the_true_correlation_about_as_often_as_they_say():
    truth = 6 / math.pi * math.asin(math.sqrt(0.5) / 2)  # Spearman's of this normal pair
    hits = 0
    for seed in range(50):
        interval = bootstrap_interval(srcc, *series(100, seed), resamples=100)
        hits += interval.low <= truth <= interval.high
    assert hits / 50 > 0.85


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    x, y = series()
    first = bootstrap_interval(srcc, x, y, resamples=100, seed=3)
    assert first == bootstrap_interval(srcc, x, y, resamples=100, seed=3)
    assert first != bootstrap_interval(srcc, x, y, resamples=100, seed=4)


def test_a_higher_level_and_fewer_images_give_wider_intervals():
    def width(n, level):
        interval = bootstrap_interval(srcc, *series(n), level=level, resamples=300)
        return interval.high - interval.low

    assert width(120, 0.5) < width(120, 0.95) < width(20, 0.95)


def test_several_figures_share_their_resamples():
    x, y = series()
    both = bootstrap_intervals(lambda a, b: [srcc(a, b), rmse(a, b)], x, y, resamples=50)
    assert both == [bootstrap_interval(metric, x, y, resamples=50) for metric in (srcc, rmse)]


def test_resamples_without_a_figure_are_left_out_and_counted():
    x, y = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 1.0, 1.0, 2.0])
    interval = bootstrap_interval(srcc, x, y, resamples=1000)
    # The one differing rating is missing from (3/4)^4 = 32 % of the resamples or fills 0.4 %.
    assert interval.undefined == pytest.approx(320, abs=60)
    assert -1 <= interval.low <= interval.high <= 1


def test_a_figure_undefined_on_most_resamples_has_no_interval():
    interval = bootstrap_interval(srcc, np.arange(5.0), np.ones(5), resamples=20)
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert interval.undefined == 20


def test_impossible_requests_are_refused():
    x, y = series()
    with pytest.raises(MetricError, match=r"\[120, 5\]"):
        bootstrap_interval(srcc, x, y[:5])
    with pytest.raises(MetricError, match="one length"):
        bootstrap_interval(srcc, x[:0], y[:0])
    with pytest.raises(MetricError, match="found 0"):
        bootstrap_interval(srcc, x, y, resamples=0)
    with pytest.raises(ValueError, match="95"):
        bootstrap_interval(srcc, x, y, level=95)
