"""The conformal quantile against exact ranks, and against the promise it makes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssliqa.errors import CalibrationError, ConfigError
from ssliqa.metrics.conformal import conformal_quantile, fewest_for

levels = st.integers(1, 99).map(lambda percent: Fraction(percent, 100))


def exact_rank(n, level):
    product = (n + 1) * level
    return -(-product.numerator // product.denominator)


@given(st.integers(1, 400), levels)
def test_it_is_the_score_of_the_rank_that_whole_numbers_give(n, level):
    rank = exact_rank(n, level)
    scores = np.random.default_rng(n).permutation(n) + 1.0
    if rank > n:
        with pytest.raises(CalibrationError, match=f"{n} rated photographs are too few"):
            conformal_quantile(scores, float(level))
    else:
        assert conformal_quantile(scores, float(level)) == rank


@given(levels)
def test_the_fewest_are_enough_and_one_less_is_not(level):
    fewest = fewest_for(float(level))
    assert exact_rank(fewest, level) <= fewest
    assert fewest == 1 or exact_rank(fewest - 1, level) > fewest - 1


def test_nine_photographs_are_enough_for_ninety_percent_and_nineteen_for_ninety_five():
    assert (fewest_for(0.9), fewest_for(0.95), fewest_for(0.99)) == (9, 19, 99)


@pytest.mark.parametrize("n", [9, 20, 99])
def test_a_further_score_is_held_as_often_as_the_theorem_says(n):
    # Of n + 1 exchangeable scores the last is among the k smallest with probability k / (n + 1).
    rng, trials = np.random.default_rng(0), 4000
    draws = rng.exponential(size=(trials, n + 1))
    held = np.mean([d[-1] <= conformal_quantile(d[:-1], 0.9) for d in draws])
    expected = float(Fraction(exact_rank(n, Fraction(9, 10)), n + 1))
    assert held == pytest.approx(expected, abs=4 * np.sqrt(0.1 * 0.9 / trials))


@pytest.mark.parametrize("level", [0, 1, -0.5, 90, float("nan")])
def test_a_level_that_is_no_share_is_refused(level):
    with pytest.raises(ConfigError, match="between 0 and 1"):
        conformal_quantile(np.arange(100), level)


def test_scores_that_are_not_numbers_are_refused():
    with pytest.raises(CalibrationError, match="not numbers"):
        conformal_quantile([np.nan] * 3 + [1.0] * 20, 0.9)
