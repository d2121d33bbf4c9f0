"""Databases are found by their name: ``livec`` is the one in ``data/datasets/livec.py``."""

from __future__ import annotations

import importlib
import pkgutil
import sys

from ssliqa.data.datasets.contract import DatasetSpec
from ssliqa.errors import ConfigError

_NOT_DATASETS = {"cells", "contract", "find", "root"}


def dataset_names() -> list[str]:
    """The names of all databases, sorted."""
    found = (
        module.name for module in pkgutil.iter_modules(sys.modules["ssliqa.data.datasets"].__path__)
    )
    return sorted(set(found) - _NOT_DATASETS)


def find_dataset(name: str) -> DatasetSpec:
    """The database of this name.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    if name not in dataset_names():
        raise ConfigError(
            f"There is no database called '{name}'.",
            f"The databases are: {', '.join(dataset_names())}. Any other is read as a label table "
            "with --labels and --images.",
        )
    spec: DatasetSpec = importlib.import_module(f"ssliqa.data.datasets.{name}").SPEC
    return spec
