"""Further rated photographs that every model of a plan is tested on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from ssliqa.data import RatedSource, find_dataset
from ssliqa.errors import ConfigError, SsliqaError

OWN_TEST = "test part"
"""Name of the test images that each split keeps, beside the plan's further test sets."""


def test_sets(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, RatedSource]:
    """The test sets that a plan's ``tests`` name.

    An entry whose ``subset`` is a list is one test set for each: ``nnid`` with the subsets 512 and
    1024 is ``nnid 512`` and ``nnid 1024``.

    Raises:
        ConfigError: a name that cannot be used, an unknown entry or an unusable value, or one that
            does not name rated photographs.
    """
    found: dict[str, RatedSource] = {}
    for entry, values in entries.items():
        subsets = values.get("subset")
        if subsets == []:
            raise ConfigError(
                f"The test set '{entry}' of the plan has an empty list of subsets.",
                "Name some, or leave out the entry subset.",
            )
        parts = {entry: values}
        if isinstance(subsets, list):
            parts = {f"{entry} {subset}": {**values, "subset": subset} for subset in subsets}
        for name, its in parts.items():
            _check_name(name, entry, found)
            found[name] = _test_set(entry, its)
    return found


def count_images(tests: Mapping[str, RatedSource]) -> dict[str, int]:
    """How many photographs each test set holds: reads them all, before days of training do.

    Raises:
        SsliqaError: one cannot be read; the message names it.
    """
    counts = {}
    for name, source in tests.items():
        try:
            counts[name] = len(source.read())
        except SsliqaError as error:
            entry = name.removesuffix(f" {source.subset}")
            raise _of_entry(entry, f"The test set '{name}': {error.found}", error) from error
    return counts


def _check_name(name: str, entry: str, found: Mapping[str, RatedSource]) -> None:
    """Refuse a name that is no folder below a cell's ``evaluation``, or another's."""
    reason = ""
    if not name.strip() or name in (".", "..") or set(name) & set("/\\\0"):
        reason = "is no name for a folder"
    elif name == OWN_TEST:
        reason = "is called as the test images that each split keeps"
    elif name in found:
        reason = "is there twice"
    if reason:
        raise ConfigError(
            f"The test set '{name}' of the plan {reason}.",
            f"Give the entry '{entry}' another name.",
        )


def _check_values(name: str, values: Mapping[str, Any]) -> None:
    """Refuse what RatedSource, which has no parser before it here, would take unseen."""
    problems = get_args(get_type_hints(RatedSource)["on_problem"])
    for key, value in values.items():
        expected = ""
        if key == "columns":
            if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
                expected = 'names of columns, such as {mos: "Q"}'
        elif key == "on_problem":
            if value not in problems:
                expected = " or ".join(problems)
        elif value is not None and not isinstance(value, str):
            expected = "text; put quotes around it if it is meant as such"
        if expected:
            raise ConfigError(
                f"The test set '{name}' of the plan: {key} is {value!r}.", f"Expected {expected}."
            )


def _test_set(name: str, values: Mapping[str, Any]) -> RatedSource:
    known = [entry.name for entry in fields(RatedSource)]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ConfigError(
            f"The test set '{name}' of the plan has unknown entries: {', '.join(unknown)}.",
            f"Its entries are {', '.join(known)}.",
        )
    # YAML takes a subset called 512 for a number.
    values = {
        key: str(value) if key == "subset" and value is not None else value
        for key, value in values.items()
    }
    _check_values(name, values)
    try:
        source = RatedSource(**values)
        if source.dataset is not None:
            find_dataset(source.dataset).reader(source.subset)
    except ConfigError as error:
        raise _of_entry(name, f"The test set '{name}' of the plan: {error.found}", error) from error
    return source


def _of_entry(entry: str, found: str, error: SsliqaError) -> ConfigError:
    """The error with options as they are called for a test set of a plan."""
    return ConfigError(found, error.remedy.replace("--", f"--tests.{entry}."))
