"""Paired comparisons against definitions, published values, and simulation."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from ssliqa.errors import MetricError
from ssliqa.metrics import (
    bootstrap_interval,
    difference_of,
    holm,
    krcc,
    paired_bootstrap,
    plcc,
    rmse,
    signed_rank_test,
    srcc,
    williams_test,
)
from ssliqa.metrics.paired import williams_from_correlations


def scorers(n=100, seed=0, noise=(0.5, 0.5)):
    """Ratings and two scorers with errors of their own; equally good by default."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    one, other = (truth + size * rng.normal(size=n) for size in noise)
    return one, other, truth


@pytest.mark.parametrize("metric", [srcc, plcc, rmse])
def test_equals_a_plain_loop_over_the_same_resamples(metric):
    one, other, truth = scorers(40, noise=(0.5, 0.8))
    rng = np.random.default_rng(7)
    draws = []
    for _ in range(99):
        chosen = [int(k) for k in rng.integers(0, 40, 40)]
        a, b, t = ([series[k] for k in chosen] for series in (one, other, truth))
        draws.append(metric(a, t) - metric(b, t))
    found = paired_bootstrap(metric, one, other, truth, resamples=99, seed=7)
    assert found.value == metric(one, truth) - metric(other, truth)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(draws, [2.5, 97.5])))
    rarer = min(sum(d <= 0 for d in draws), sum(d >= 0 for d in draws))
    assert found.p == pytest.approx(min(1, 2 * (rarer + 1) / 100))


@given(st.integers(0, 10_000), st.sampled_from([srcc, krcc, plcc]))
def test_exchanging_the_scorers_negates_the_difference_and_keeps_p(seed, metric):
    one, other, truth = scorers(15, seed)
    forth = paired_bootstrap(metric, one, other, truth, resamples=30)
    back = paired_bootstrap(metric, other, one, truth, resamples=30)
    assert back.value == -forth.value
    assert (back.low, back.high) == pytest.approx((-forth.high, -forth.low), abs=1e-12)
    assert back.p == forth.p


@given(st.integers(0, 10_000))
def test_a_monotone_change_of_scale_leaves_differences_of_rank_correlations(seed):
    one, other, truth = scorers(15, seed)
    plain = paired_bootstrap(srcc, one, other, truth, resamples=30)
    assert paired_bootstrap(srcc, np.exp(one), 5 * other + 2, truth, resamples=30) == plain


def test_pairing_notices_what_independent_intervals_hide():
    rng = np.random.default_rng(0)
    truth, shared, own = rng.normal(size=(3, 200))
    one, other = truth + 0.7 * shared, truth + 0.7 * shared + 0.35 * own
    intervals = [bootstrap_interval(srcc, scores, truth) for scores in (one, other)]
    assert intervals[0].low < intervals[1].high
    difference = paired_bootstrap(srcc, one, other, truth)
    assert difference.low > 0
    assert difference.p < 0.01


def test_a_scorer_does_not_differ_from_itself():
    one, _, truth = scorers()
    same = paired_bootstrap(srcc, one, one, truth, resamples=50)
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)


def test_p_is_below_a_twentieth_about_where_the_interval_excludes_zero():
    borderline = 0
    for seed in range(40):
        found = paired_bootstrap(plcc, *scorers(50, seed, (0.5, 0.65)), resamples=199)
        excluded = found.low > 0 or found.high < 0
        if abs(found.p - 0.05) > 0.01:  # one resample is 0.01
            assert excluded == (found.p < 0.05)
            borderline += excluded
    assert 0 < borderline < 40


def false_alarms(metric, n, studies, resamples):
    p = [
        paired_bootstrap(metric, *scorers(n, seed), resamples=resamples).p
        for seed in range(studies)
    ]
    return [float(np.mean(np.array(p) < level)) for level in (0.05, 0.5)]


def test_equal_scorers_are_called_different_as_rarely_as_p_says():
    rare, half = false_alarms(plcc, 60, studies=150, resamples=199)
    assert rare <= 0.12  # 0.05 and its binomial spread
    assert half == pytest.approx(0.5, abs=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("metric", [srcc, plcc])
def test_p_of_equal_scorers_errs_on_the_cautious_side(metric):
    # Three binomial standard deviations of 400 studies above; below, room for SRCC, which is
    # cautious: photographs drawn twice are ties, and ties spread its resamples.
    rare, half = false_alarms(metric, 100, studies=400, resamples=199)
    assert 0.005 <= rare <= 0.083
    assert half == pytest.approx(0.5, abs=0.075)


def test_resamples_without_a_figure_are_left_out_and_counted():
    truth = np.array([1.0, 1, 1, 2])
    one, other = np.array([1.0, 2, 3, 4]), np.array([4.0, 2, 3, 1])
    found = paired_bootstrap(srcc, one, other, truth, resamples=500)
    assert found.undefined == pytest.approx(160, abs=50)
    assert found.low <= found.value <= found.high
    nothing = difference_of(0.1, [math.nan, math.nan, 0.2])
    assert nothing.value == 0.1
    assert math.isnan(nothing.low)
    assert math.isnan(nothing.p)


def test_a_figure_undefined_on_all_images_is_refused():
    with pytest.raises(MetricError, match="all 20 predictions equal 1"):
        paired_bootstrap(srcc, np.ones(20), np.arange(20.0), np.arange(20.0))
    with pytest.raises(MetricError, match=r"shape \(3,\) and ratings of shape \(4,\)"):
        paired_bootstrap(srcc, [1, 2, 3, 4], [1, 2, 3], [1, 2, 3, 4])
    with pytest.raises(MetricError, match="NaN"):
        paired_bootstrap(srcc, [1, math.nan, 3], [1, 2, 3], [1, 2, 3])


def test_williams_equals_the_value_published_for_steigers_example():
    # Steiger 1980, case A: r12 = .4, r13 = .5, r23 = .1, n = 103; the psych package for R gives
    # t = -.89 with p < .37.
    found = williams_from_correlations(0.4, 0.5, 0.1, 103)
    assert round(found.t, 2) == -0.89
    assert found.freedom == 100
    assert 0.37 < found.p + 0.005 < 0.38


def test_williams_negates_with_the_scorers_and_ignores_linear_scales():
    one, other, truth = scorers(30, noise=(0.5, 1.5))
    forth, back = williams_test(one, other, truth), williams_test(other, one, truth)
    assert forth.t == pytest.approx(-back.t)
    assert forth.t > 2
    assert forth.p == pytest.approx(back.p)
    assert williams_test(3 * one + 1, other, 9 * truth).t == pytest.approx(forth.t)


def test_williams_keeps_its_level_on_normal_scores():
    p = [williams_test(*scorers(40, seed)).p for seed in range(1000)]
    for level in (0.05, 0.2, 0.5):
        spread = math.sqrt(level * (1 - level) / 1000)
        assert np.mean(np.array(p) < level) == pytest.approx(level, abs=3 * spread)


def test_williams_and_the_bootstrap_agree_on_normal_scores():
    for seed in range(5):
        arrays = scorers(300, seed, noise=(0.5, 0.55))
        boot, williams = paired_bootstrap(plcc, *arrays), williams_test(*arrays)
        assert boot.p == pytest.approx(williams.p, abs=0.08)


def test_williams_is_refused_where_it_is_undefined():
    one, other, truth = scorers(10)
    with pytest.raises(MetricError, match="linear functions of each other"):
        williams_test(one, 2 * one + 1, truth)
    with pytest.raises(MetricError, match="n = 3"):
        williams_test(one[:3], other[:3], truth[:3])
    with pytest.raises(MetricError, match="undefined"):
        williams_from_correlations(0.9, -0.9, 0.9, 50)


def slow_signed_rank(differences):
    d = [value for value in differences if value]
    ranks = [
        sum(abs(other) < abs(value) for other in d)
        + (sum(abs(other) == abs(value) for other in d) + 1) / 2
        for value in d
    ]
    total = sum(ranks)

    def extremeness(signs):
        return abs(sum(r for r, up in zip(ranks, signs, strict=True) if up) - total / 2)

    found = extremeness([value > 0 for value in d])
    all_signs = list(itertools.product([False, True], repeat=len(d)))
    return sum(extremeness(signs) >= found - 1e-9 for signs in all_signs) / len(all_signs)


@given(st.lists(st.integers(-4, 4), min_size=5, max_size=8))
def test_the_signed_rank_p_counts_all_signs_even_with_ties(differences):
    assume(sum(d != 0 for d in differences) >= 5)
    found = signed_rank_test(differences)
    assert found.p == pytest.approx(slow_signed_rank(differences))
    assert found.exact
    assert found.n + found.zeros == len(differences)


@given(st.lists(st.floats(-1, 1), min_size=5, max_size=8, unique_by=abs))
def test_the_signed_rank_p_counts_all_signs_without_ties(differences):
    assume(0.0 not in differences)
    assert signed_rank_test(differences).p == pytest.approx(slow_signed_rank(differences))


def test_the_smallest_p_of_few_splits_is_the_known_one():
    assert signed_rank_test([1, 2, 3, 4, 5]).p == 2 / 2**5
    assert signed_rank_test(np.arange(1, 11)).p == 2 / 2**10
    assert signed_rank_test([3.0] * 6).p == 2 / 2**6


def test_the_signed_rank_statistic_equals_the_tabled_critical_value():
    # Tables of the test: n = 10, two-sided 0.05, critical value 8 (and 9 is not significant).
    eight = [-1, 2, 3, 4, 5, 6, -7, 8, 9, 10]
    nine = [-1, 2, 3, 4, 5, 6, 7, -8, 9, 10]
    assert (signed_rank_test(eight).statistic, signed_rank_test(nine).statistic) == (8, 9)
    assert signed_rank_test(eight).p < 0.05 < signed_rank_test(nine).p


def test_many_tied_splits_are_approximated_and_said_to_be():
    d = np.repeat([1.0, -2.0, 3.0], 10)
    found = signed_rank_test(d)
    assert not found.exact
    assert found.p == pytest.approx(stats.wilcoxon(d).pvalue)
    assert signed_rank_test(np.arange(1, 31) * (-1.0) ** np.arange(30)).exact


@pytest.mark.parametrize(
    ("differences", "words"),
    [
        ([0.1, 0.2, 0.3, 0.4], "at least 5 differences that are not zero, found 4"),
        ([0.1, 0.2, 0.3, 0.4, 0, 0], r"found 4 \(and 2 that are zero\)"),
        ([0, 0, 0, 0, 0], "all 5 differences are zero"),
        ([], "found 0"),
        ([0.1, 0.2, math.nan, 0.4, 0.5], "finite"),
    ],
)
def test_too_little_for_a_signed_rank_test_is_refused(differences, words):
    with pytest.raises(MetricError, match=words):
        signed_rank_test(differences)


def test_holm_adjusts_as_worked_out_by_hand():
    assert holm([0.03, 0.01, 0.05, 0.02, 0.04]) == pytest.approx([0.09, 0.05, 0.09, 0.08, 0.09])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.001, 0.999))
def test_holm_rejects_what_stepping_down_rejects(p_values, level):
    rejected, left = set(), sorted(range(len(p_values)), key=lambda k: p_values[k])
    while left and p_values[left[0]] * len(left) <= level:
        rejected.add(left.pop(0))
    assert {k for k, p in enumerate(holm(p_values)) if p <= level} == rejected


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_lowers_a_p_and_keeps_their_order(p_values):
    adjusted = holm(p_values)
    assert all(p <= new <= 1 for p, new in zip(p_values, adjusted, strict=True))
    for one, other in itertools.combinations(range(len(p_values)), 2):
        if p_values[one] <= p_values[other]:
            assert adjusted[one] <= adjusted[other]


def test_holm_leaves_missing_comparisons_out():
    first, missing, last = holm([0.01, math.nan, 0.04])
    assert (first, last) == (0.02, 0.04)
    assert math.isnan(missing)
    with pytest.raises(ValueError, match=r"1\.2"):
        holm([0.1, 1.2])
