"""Is scorer A better than scorer B? Comparisons on the same images, or on the same splits.

Two scorers that judge the same images err alike on many of them, so their figures move together
from one sample of images to the next. Tests that take them as independent (Fisher's z among them)
miss differences that are there; what stands here keeps the pairs together.

* **Paired bootstrap**, for any figure of merit: the figure's difference on resamples of the images.
  Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 and 15.
* **Williams' test**, for PLCC of the raw scores: a t-test of two correlations that share a
  variable, under a trivariate normal distribution. Williams, J. Royal Statistical Society B 21,
  1959; Steiger, Psychological Bulletin 87, 1980.
* **Wilcoxon's signed-rank test**, over splits or seeds: Wilcoxon, Biometrics Bulletin 1, 1945.
* **Holm's correction** where several comparisons are made at once: Holm, Scandinavian J. of
  Statistics 6, 1979.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ssliqa.errors import MetricError
from ssliqa.metrics.bootstrap import bootstrap_draws, interval_of
from ssliqa.metrics.correlation import FEWEST_FOR_A_CORRELATION, paired, plcc

FEWEST_SPLITS = 5
"""With four splits no two-sided p of the signed-rank test lies below 1/8; with five, below 1/16."""

_MOST_TIED_FOR_EXACT = 13
"""Up to so many tied differences all 2^n signs are gone through."""


@dataclass(frozen=True)
class Difference:
    """By how much one scorer's figure exceeds another's on the same images.

    Attributes:
        value: the first scorer's figure minus the second's, on all images.
        low: lower end of the percentile interval; NaN if undefined on more than half of the
            resamples.
        high: upper end, likewise.
        p: two-sided p that the difference is zero, or NaN likewise: twice the share of the
            resamples on the rarer side of zero, so below 0.05 about where the 95 % interval
            excludes zero. Never below 2 / (resamples + 1).
        undefined: number of resamples left out because a figure is undefined on them.
    """

    value: float
    low: float
    high: float
    p: float
    undefined: int = 0


def paired_bootstrap(
    metric: Callable[[NDArray[np.float64], NDArray[np.float64]], float],
    one: ArrayLike,
    other: ArrayLike,
    truth: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Difference:
    """``metric(one, truth) - metric(other, truth)`` with its interval and p.

    Args:
        metric: such as :func:`~ssliqa.metrics.srcc`.
        one: scores of the first scorer, shape (n,).
        other: scores of the second scorer of the same images, shape (n,).
        truth: ratings of the same images, shape (n,).
        level: share of the resamples inside the interval.
        resamples: how many; each draws n images with replacement, the same ones for both.
        seed: seed of the resamples. The same seed gives the same result.

    Raises:
        MetricError: a figure is undefined on all images, or the series are of different lengths or
            hold values that are not finite.
    """
    a, ratings = paired("A paired comparison", one, truth)
    b, _ = paired("A paired comparison", other, truth)
    value = metric(a, ratings) - metric(b, ratings)

    def figures(
        x: NDArray[np.float64], y: NDArray[np.float64], t: NDArray[np.float64]
    ) -> list[float]:
        try:
            return [metric(x, t), metric(y, t)]
        except MetricError:
            return [math.nan, math.nan]

    draws = bootstrap_draws(figures, a, b, ratings, resamples=resamples, seed=seed)
    return difference_of(value, draws[:, 0] - draws[:, 1], level)


def difference_of(value: float, draws: ArrayLike, level: float = 0.95) -> Difference:
    """Interval and p of a difference from its values on the resamples.

    Args:
        value: the difference on all images.
        draws: the difference on each resample, shape (resamples,); NaN where it is undefined.
        level: share of the resamples inside the interval.
    """
    series = np.asarray(draws, dtype=np.float64)
    interval = interval_of(series, level)
    if math.isnan(interval.low):
        return Difference(value, math.nan, math.nan, math.nan, interval.undefined)
    defined = series[~np.isnan(series)]
    rarer = min(int((defined <= 0).sum()), int((defined >= 0).sum()))
    # The data themselves count as one more resample, so that no finite number of them gives 0.
    p = min(1.0, 2 * (1 + rarer) / (1 + len(defined)))
    return Difference(value, interval.low, interval.high, p, interval.undefined)


@dataclass(frozen=True)
class WilliamsTest:
    """Williams' t, its n - 3 degrees of freedom, and the two-sided p."""

    t: float
    freedom: int
    p: float


def williams_test(one: ArrayLike, other: ArrayLike, truth: ArrayLike) -> WilliamsTest:
    """Test whether two scorers have the same PLCC; t > 0 where the first has the higher one.

    It takes scores and ratings as jointly normal. Where they are clearly not, and for rank
    correlations, use :func:`paired_bootstrap`.

    Args:
        one: scores of the first scorer, shape (n,).
        other: scores of the second scorer of the same images, shape (n,).
        truth: ratings of the same images, shape (n,).

    Raises:
        MetricError: fewer than four images, a constant series, values that are not finite, or
            scorers of which one is a linear function of the other.
    """
    n = len(np.asarray(truth))
    between = plcc(one, other)
    return williams_from_correlations(plcc(one, truth), plcc(other, truth), between, n)


def williams_from_correlations(one: float, other: float, between: float, n: int) -> WilliamsTest:
    """:func:`williams_test` from the three correlations.

    Args:
        one: correlation of the first scorer with the ratings.
        other: correlation of the second scorer with the ratings.
        between: correlation of the two scorers with each other.
        n: number of images.

    Raises:
        MetricError: fewer than four images, or correlations that no three series can have.
    """
    if n <= FEWEST_FOR_A_CORRELATION:
        raise MetricError(
            f"Williams' test is undefined for n = {n}: it needs at least "
            f"{FEWEST_FOR_A_CORRELATION + 1} images.",
            "Add rated images.",
        )
    determinant = 1 - one**2 - other**2 - between**2 + 2 * one * other * between
    if 1 - abs(between) < 1e-12 or determinant < -1e-12:
        raise MetricError(
            f"Williams' test is undefined for the correlations {one:g}, {other:g} and {between:g}.",
            "Compare scorers that are no linear functions of each other.",
        )
    spread = 2 * (n - 1) / (n - 3) * max(determinant, 0.0)
    spread += ((one + other) / 2) ** 2 * (1 - between) ** 3
    t = (one - other) * math.sqrt((n - 1) * (1 + between) / spread)
    return WilliamsTest(t, n - 3, float(2 * stats.t.sf(abs(t), n - 3)))


@dataclass(frozen=True)
class SignedRankTest:
    """Wilcoxon's signed-rank test of differences over splits.

    Attributes:
        n: number of differences that are not zero, which is what the test goes by.
        zeros: number of differences that are zero.
        statistic: the smaller of the two rank sums.
        p: two-sided p that differences are as often above as below zero, size by size.
        exact: whether p counts all assignments of signs; a normal approximation otherwise.
    """

    n: int
    zeros: int
    statistic: float
    p: float
    exact: bool


def signed_rank_test(differences: ArrayLike) -> SignedRankTest:
    """Test whether a method is better over several splits or seeds, one difference for each.

    Zeros are set aside and counted, ties get their mean rank. p is exact up to 50 differences, with
    ties up to 13. Splits of one database share images, so their differences are not independent
    samples of databases: p says whether the splits agree, no more.

    Raises:
        MetricError: fewer than five differences that are not zero, or values that are not finite.
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 1 or not np.isfinite(d).all():
        raise MetricError(
            "The signed-rank test needs a series of finite differences.",
            "Leave out splits without a figure.",
        )
    nonzero = d[d != 0]
    n, zeros = len(nonzero), len(d) - len(nonzero)
    if len(d) and not n:
        raise MetricError(
            f"The signed-rank test is undefined: all {len(d)} differences are zero.",
            "Check that two different methods are compared.",
        )
    if n < FEWEST_SPLITS:
        besides = f" (and {zeros} that are zero)" if zeros else ""
        raise MetricError(
            f"The signed-rank test needs at least {FEWEST_SPLITS} differences that are not zero, "
            f"found {n}{besides}.",
            "Add splits; with four or fewer no result could be called significant.",
        )
    tied = len(np.unique(np.abs(nonzero))) < n
    if tied and n <= _MOST_TIED_FOR_EXACT:
        ranks = stats.rankdata(np.abs(nonzero))
        up = float(ranks[nonzero > 0].sum())
        # Every assignment of signs, as rank sums: exact in spite of the ties.
        signs = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        distance = np.abs(signs @ ranks - ranks.sum() / 2)
        p = float(np.mean(distance >= abs(up - ranks.sum() / 2) - 1e-9))
        return SignedRankTest(n, zeros, min(up, float(ranks.sum()) - up), p, exact=True)
    result = stats.wilcoxon(nonzero)
    exact = n <= 50 and not tied
    return SignedRankTest(n, zeros, float(result.statistic), float(result.pvalue), exact)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of several comparisons made at once, in the order given.

    Who calls adjusted values below 0.05 significant errs on one or more of them in at most 5 % of
    such studies. NaN (no comparison) stays NaN and does not count.

    Raises:
        ValueError: a value outside 0..1.
    """
    if any(p < 0 or p > 1 for p in p_values):
        raise ValueError(f"p-values lie in 0..1, found {list(p_values)}.")
    order = sorted((p, k) for k, p in enumerate(p_values) if not math.isnan(p))
    adjusted = [math.nan] * len(p_values)
    largest = 0.0
    for rank, (p, k) in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p))
        adjusted[k] = largest
    return adjusted
