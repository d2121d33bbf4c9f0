"""Databases as their authors distribute them, one a file, found by name."""

from ssliqa.data.datasets.contract import DatasetSpec
from ssliqa.data.datasets.find import dataset_names, find_dataset

__all__ = ["DatasetSpec", "dataset_names", "find_dataset"]
