"""Figures of merit on plain arrays: they know no image, no file and no model."""

from ssliqa.metrics.bootstrap import Interval, bootstrap_interval, bootstrap_intervals
from ssliqa.metrics.correlation import (
    FEWEST_FOR_A_CORRELATION,
    METRICS,
    krcc,
    metric_by_name,
    plcc,
    rmse,
    srcc,
)
from ssliqa.metrics.logistic import LogisticFit, fit_logistic

__all__ = [
    "FEWEST_FOR_A_CORRELATION",
    "METRICS",
    "Interval",
    "LogisticFit",
    "bootstrap_interval",
    "bootstrap_intervals",
    "fit_logistic",
    "krcc",
    "metric_by_name",
    "plcc",
    "rmse",
    "srcc",
]
