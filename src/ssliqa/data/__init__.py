"""From files on disk to rated and unrated photographs: tables, photographs, splits, loaders."""

from ssliqa.data.loaders import CropStream, ahead
from ssliqa.data.photos import list_photographs
from ssliqa.data.scores import ScoreTable, read_score_table
from ssliqa.data.splits import Split, make_split, read_split, save_split
from ssliqa.data.tables import LabelTable, read_label_table

__all__ = [
    "CropStream",
    "LabelTable",
    "ScoreTable",
    "Split",
    "ahead",
    "list_photographs",
    "make_split",
    "read_label_table",
    "read_score_table",
    "read_split",
    "save_split",
]
