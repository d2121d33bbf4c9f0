"""The axes of a plan: budgets, ratios and splits, each checked, and nobody else's to set."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from ssliqa.errors import ConfigError

_AXES = {"label_budget": "budgets", "seed": "splits", "unlabeled_ratio": "ratios"}
"""Settings of a training, and the entry that says them for every cell."""


def entries(plan: Mapping[str, Any], key: str) -> list[Any]:
    """An entry as a list, whatever it was; empty where there is none."""
    value = plan.get(key)
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def budgets(plan: Mapping[str, Any], settings: Mapping[str, Any]) -> tuple[Any, ...]:
    """Labels to use: a count, a share below 1, or ``all``; one that the settings say, else.

    Raises:
        ConfigError: something else.
    """
    shared = settings.get("label_budget")
    given = entries(plan, "budgets") or ["all" if shared is None else shared]
    for budget in given:
        count = _is_number(budget) and (budget >= 1 if isinstance(budget, int) else 0 < budget < 1)
        if budget != "all" and not count:
            raise ConfigError(
                f"The plan's budget {budget!r} is no number of labels.",
                "Give a count, a share below 1, or all.",
            )
    return tuple(given)


def ratios(plan: Mapping[str, Any]) -> tuple[float | None, ...]:
    """Unlabeled images for each labeled one; None leaves them to the settings.

    Raises:
        ConfigError: no number above 0.
    """
    given = entries(plan, "ratios")
    for ratio in given:
        if not _is_number(ratio) or ratio <= 0:
            raise ConfigError(
                f"The plan's ratio {ratio!r} is no number above 0.",
                "Give unlabeled images a step for each labeled one, such as 2.",
            )
    return tuple(given) or (None,)


def seeds(plan: Mapping[str, Any]) -> tuple[int, ...]:
    """The seeds of the splits, of which a plan may say how many.

    Raises:
        ConfigError: neither a count nor a list of integers.
    """
    value = plan.get("splits")
    if value is None:
        value = 1
    found = list(range(value)) if _is_whole(value) else value
    if not isinstance(found, list) or not found or not all(_is_whole(seed) for seed in found):
        raise ConfigError(
            f"The plan's splits are {value!r}.", "Give how many, or a list of seeds such as [0, 1]."
        )
    return tuple(found)


def refuse_axes(
    plan: Mapping[str, Any],
    methods: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
    told: Mapping[str, Any],
) -> None:
    """Refuse settings that the plan's axes would overwrite.

    Raises:
        ConfigError: there is one; the message names the entry to use instead.
    """
    given = {entry for entry in _AXES.values() if entries(plan, entry)} | {"splits"}
    _refuse(settings, given, "In the plan's settings", "the plan's entry ")
    _refuse(told, given, "On the command line", "--")
    for name, own in methods.items():
        # The budget says which cells are compared, so it is no matter of one method.
        _refuse(own, given | {"budgets"}, f"In the plan's method '{name}'", "the plan's entry ")


def _refuse(values: Mapping[str, Any], given: Collection[str], where: str, use: str) -> None:
    for setting, entry in _AXES.items():
        if setting in values and entry in given:
            raise ConfigError(
                f"{where}, {setting} is {values[setting]!r}, but a plan's {entry} say it.",
                f"Leave it out, and use {use}{entry} instead.",
            )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)  # to Python, true is 1


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))
