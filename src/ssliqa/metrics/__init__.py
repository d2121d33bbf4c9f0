"""Figures of merit on plain arrays: they know no image, no file and no model."""

from ssliqa.metrics.bootstrap import (
    Interval,
    bootstrap_draws,
    bootstrap_interval,
    bootstrap_intervals,
    interval_of,
)
from ssliqa.metrics.conformal import conformal_quantile
from ssliqa.metrics.correlation import (
    FEWEST_FOR_A_CORRELATION,
    METRICS,
    krcc,
    metric_by_name,
    plcc,
    rmse,
    srcc,
)
from ssliqa.metrics.emd import earth_movers_distance
from ssliqa.metrics.logistic import LogisticFit, fit_logistic
from ssliqa.metrics.paired import (
    FEWEST_SPLITS,
    Difference,
    SignedRankTest,
    WilliamsTest,
    difference_of,
    holm,
    paired_bootstrap,
    signed_rank_test,
    williams_test,
)

__all__ = [
    "FEWEST_FOR_A_CORRELATION",
    "FEWEST_SPLITS",
    "METRICS",
    "Difference",
    "Interval",
    "LogisticFit",
    "SignedRankTest",
    "WilliamsTest",
    "bootstrap_draws",
    "bootstrap_interval",
    "bootstrap_intervals",
    "conformal_quantile",
    "difference_of",
    "earth_movers_distance",
    "fit_logistic",
    "holm",
    "interval_of",
    "krcc",
    "metric_by_name",
    "paired_bootstrap",
    "plcc",
    "rmse",
    "signed_rank_test",
    "srcc",
    "williams_test",
]
