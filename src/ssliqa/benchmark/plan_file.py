"""A plan's YAML file: its entries, checked for their form, with a command line's laid over them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ssliqa.benchmark.axes import budgets, entries, ratios, refuse_axes, seeds
from ssliqa.benchmark.settings import in_full, merged
from ssliqa.errors import ConfigError

KEYS = (
    *("title", "settings", "methods", "baseline", "pairs", "budgets", "ratios", "splits"),
    "tests",
)
_REPLACED = ("title", "baseline", "pairs", "budgets", "ratios", "splits")
"""Entries that a command line replaces as they are: ``--splits 2``."""


@dataclass(frozen=True)
class Pair:
    """A pair of networks: what the plan calls it, and the settings of ``student`` and ``teacher``.

    A plan without pairs has one that says nothing.
    """

    name: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanFile:
    """The entries of a plan, each in its full form; ``tests`` are still settings.

    ``baseline`` is empty where the plan names none, or one that a command line leaves out.
    """

    title: str
    settings: Mapping[str, Any]
    methods: Mapping[str, Mapping[str, Any]]
    baseline: str
    pairs: tuple[Pair, ...]
    budgets: tuple[Any, ...]
    ratios: tuple[float | None, ...]
    seeds: tuple[int, ...]
    tests: Mapping[str, Mapping[str, Any]]


def read_plan_file(path: Path, overrides: Mapping[str, Any]) -> PlanFile:
    """Read a plan's entries.

    Args:
        path: the YAML file.
        overrides: what wins over the file, by (dotted) name: entries such as ``splits``,
            ``methods`` (names of those to keep), settings of test sets as ``tests.NAME.SETTING``
            (``tests.NAME`` is ``none`` to leave one out), and settings of trainings.

    Raises:
        ConfigError: no such file, one of another form, or an unknown or unusable entry.
    """
    plan = _read(path)
    of_tests = {name[6:]: value for name, value in overrides.items() if name.startswith("tests.")}
    plan |= {name: value for name, value in overrides.items() if name in _REPLACED}
    of_settings = {
        name: value
        for name, value in overrides.items()
        if name not in (*_REPLACED, "methods") and not name.startswith("tests.")
    }
    named = _named(plan, "methods")
    if not named:
        raise ConfigError(f"The plan '{path}' has no methods.", _form())
    kept = _kept(named, overrides) if "methods" in overrides else named
    baseline = _text(plan, "baseline", "")
    if "baseline" not in overrides and baseline in named and baseline not in kept:
        baseline = ""  # left out by the command line, which names no other
    methods = {name: in_full(own, f"In the plan's method '{name}'") for name, own in kept.items()}
    settings = plan.get("settings")
    settings = in_full({} if settings is None else settings, "In the plan's settings")
    told = in_full(of_settings, "On the command line")
    refuse_axes(plan, methods, settings, told)
    settings = merged(settings, told)
    return PlanFile(
        title=_text(plan, "title", path.stem),
        settings=settings,
        methods=methods,
        baseline=baseline,
        pairs=tuple(_pair(entry) for entry in entries(plan, "pairs")) or (Pair(),),
        budgets=budgets(plan, settings),
        ratios=ratios(plan),
        seeds=seeds(plan),
        tests=_laid_over(_named(plan, "tests"), of_tests),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        plan = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"There is no plan '{path}'.", "Name a YAML file.") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        message = " ".join(str(error).split())
        raise ConfigError(f"The plan '{path}' cannot be read ({message}).") from error
    if not isinstance(plan, dict):
        raise ConfigError(f"The plan '{path}' is no mapping.", _form())
    unknown = [str(key) for key in plan if key not in KEYS]
    if unknown:
        raise ConfigError(f"The plan '{path}' has unknown entries: {', '.join(unknown)}.", _form())
    return plan


def _form() -> str:
    return f"A plan's entries are {', '.join(KEYS)}; see docs/benchmark.md."


def _text(plan: Mapping[str, Any], key: str, default: str) -> str:
    value = plan.get(key)
    return default if value is None else str(value)


def _named(plan: Mapping[str, Any], key: str) -> dict[str, dict[str, Any]]:
    value = plan.get(key) or {}
    if not isinstance(value, dict) or not all(
        entry is None or isinstance(entry, dict) for entry in value.values()
    ):
        raise ConfigError(
            f"The plan's '{key}' are not names with settings.",
            f"Write:  {key}:  then lines  NAME: {{setting: value, ...}}",
        )
    return {str(name): entry or {} for name, entry in value.items()}


def _kept(
    methods: dict[str, dict[str, Any]], overrides: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """The methods that a command line names, in the plan's order."""
    names = [str(name) for name in entries(overrides, "methods")]
    unknown = [name for name in names if name not in methods]
    if unknown or not names:
        wrong = f"The plan has no method '{unknown[0]}'." if names else "--methods names none."
        listed = yaml.safe_dump(list(methods), default_flow_style=True, width=10_000).strip()
        raise ConfigError(wrong, f"Some or all of them:  --methods {shlex.quote(listed)}")
    return {name: own for name, own in methods.items() if name in names}


def _laid_over(
    tests: dict[str, dict[str, Any]], overrides: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """The test sets with a command line's settings, ``NAME.SETTING``, laid over them."""
    spelled = {name.replace("-", "_"): name for name in tests}  # as a command line spells them
    there = f"They are: {', '.join(tests)}." if tests else "It has none."
    for dotted, value in overrides.items():
        name, dot, setting = dotted.rpartition(".")
        if not dot:
            if value != "none":
                raise ConfigError(
                    f"--tests.{dotted} is {value!r}, which is no setting of a test set.",
                    f"Write --tests.{dotted}.root DIR, or --tests.{dotted} none to leave it out.",
                )
            if dotted not in spelled:
                raise ConfigError(f"The plan has no test set '{dotted}' to leave out.", there)
            tests = {kept: v for kept, v in tests.items() if kept != spelled[dotted]}
            continue
        name = spelled.get(name, name)
        tests = {**tests, name: {**tests.get(name, {}), setting: value}}
    for name, values in tests.items():
        if name not in spelled.values() and not {"labels", "dataset"} & set(values):
            raise ConfigError(
                f"The plan has no test set '{name}'.",
                f"{there} To add one, name its ratings with --tests.{name}.labels TABLE, or with "
                f"--tests.{name}.dataset NAME --tests.{name}.root DIR.",
            )
    return tests


def _pair(entry: Any) -> Pair:
    """A pair as ``student <- teacher``, or as settings of both where a name does not say it all."""
    if isinstance(entry, dict):
        settings = in_full(entry, "In a pair of the plan")
        roles = [settings.get(role, {}) for role in ("student", "teacher")]
        student, teacher = (str(role.get("name", "")) for role in roles)
        whole = set(settings) == {"student", "teacher"} and student and teacher
    else:
        student, _, teacher = (part.strip() for part in str(entry).partition("<-"))
        settings = {"student": {"name": student}, "teacher": {"name": teacher}}
        whole = student and teacher
    if not whole:
        raise ConfigError(
            f"'{entry}' is no pair of networks.",
            "Write it as  student <- teacher,  or as  {student: NAME, teacher: {name: NAME, ...}}.",
        )
    return Pair(f"{student} <- {teacher}", settings)
