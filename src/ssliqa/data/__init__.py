"""From files on disk to rated and unrated photographs: tables, photographs, splits, loaders."""

from ssliqa.data.datasets import DatasetSpec, dataset_names, find_dataset
from ssliqa.data.listing import Listing, list_photographs
from ssliqa.data.loaders import CropBatch, CropStream, ahead
from ssliqa.data.scores import ScoreTable, read_score_table
from ssliqa.data.source import RatedSource, read_rated
from ssliqa.data.splits import Split, label_count, make_split, read_split, save_split
from ssliqa.data.tables import LabelTable, read_label_table

__all__ = [
    "CropBatch",
    "CropStream",
    "DatasetSpec",
    "LabelTable",
    "Listing",
    "RatedSource",
    "ScoreTable",
    "Split",
    "ahead",
    "dataset_names",
    "find_dataset",
    "label_count",
    "list_photographs",
    "make_split",
    "read_label_table",
    "read_rated",
    "read_score_table",
    "read_split",
    "save_split",
]
