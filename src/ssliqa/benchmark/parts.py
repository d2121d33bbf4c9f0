"""Whether the trainings of a plan have the parts they need, told before any of them begins."""

from __future__ import annotations

from ssliqa.benchmark.plan import Plan
from ssliqa.data import RatedSource
from ssliqa.errors import ConfigError, SsliqaError
from ssliqa.training import Monitor
from ssliqa.training.photographs import divide_photographs
from ssliqa.training.run import check_validation

_DECIDING = ("split", "fractions", "official_split", "label_budget", "keep")
"""Settings on which it depends, beside the rated photographs, whether the parts will do."""


def check_parts(plan: Plan) -> None:
    """Divide the photographs of each training that a file divides or that keeps its best weights.

    Others are divided by numbers alone, and those a plan has checked. Label tables are read, but no
    photograph.

    Raises:
        ConfigError: a training cannot be divided, or lacks validation images; the message names the
            method.
    """
    seen = set()
    for cell in plan.cells:
        config = cell.config
        told = (RatedSource.of(config), *(getattr(config, name) for name in _DECIDING))
        if (config.split is None and config.keep != "best") or str(told) in seen:
            continue
        seen.add(str(told))
        try:
            _, split = divide_photographs(config, None, Monitor())
            check_validation(config, split)
        except SsliqaError as error:
            remedy = error.remedy.replace("--label-budget", "the plan's budgets")
            raise ConfigError(
                f"The plan's method '{cell.method}': {error.found}", remedy
            ) from error
