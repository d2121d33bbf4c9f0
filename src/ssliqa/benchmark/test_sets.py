"""Further rated photographs that every model of a plan is tested on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ssliqa.data import RatedSource, find_dataset
from ssliqa.errors import ConfigError, SsliqaError


def test_sets(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, RatedSource]:
    """The test sets that a plan's ``tests`` name.

    An entry whose ``subset`` is a list is one test set for each: ``nnid`` with the subsets 512 and
    1024 is ``nnid 512`` and ``nnid 1024``.

    Raises:
        ConfigError: an unknown entry, or one that does not name rated photographs.
    """
    found: dict[str, RatedSource] = {}
    for name, values in entries.items():
        subsets = values.get("subset")
        if not isinstance(subsets, list):
            found[name] = _test_set(name, values)
            continue
        for subset in subsets:
            found[f"{name} {subset}"] = _test_set(name, {**values, "subset": subset})
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


def _test_set(name: str, values: Mapping[str, Any]) -> RatedSource:
    known = [entry.name for entry in fields(RatedSource)]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ConfigError(
            f"The test set '{name}' of the plan has unknown entries: {', '.join(unknown)}.",
            f"Its entries are {', '.join(known)}.",
        )
    # YAML takes a subset called 512 for a number.
    values = {key: str(value) if key == "subset" else value for key, value in values.items()}
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
