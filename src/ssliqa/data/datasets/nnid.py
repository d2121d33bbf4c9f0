"""NNID: 2240 photographs of 448 night scenes, in folders of three resolutions.

The lists do not say which photographs show one scene. Photographs of the same file name in several
folders are taken for one scene; any other copies are for ``ssliqa datasets check`` to find.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import PurePosixPath

import pandas as pd

from ssliqa.data.datasets.cells import pick
from ssliqa.data.datasets.contract import DatasetRows, DatasetSpec
from ssliqa.data.datasets.root import Root
from ssliqa.data.formats import read_rows
from ssliqa.opinion import Scale

_FOLDERS = {"512": "sub512", "1024": "sub1024", "2048": "Sub2048"}


def _rows(root: Root, sizes: Iterable[str] = tuple(_FOLDERS)) -> DatasetRows:
    lists = {size: root.file(f"mos{size}_with_names.txt") for size in sizes}
    parts = []
    for size, names in lists.items():
        rows = pick(read_rows(names), names, image="name", mos="mos")
        rows["group"] = [PurePosixPath(name).stem.casefold() for name in rows["name"]]
        rows["name"] = [f"{root.child(_FOLDERS[size]).name}/{name}" for name in rows["name"]]
        parts.append(rows)
    return DatasetRows(pd.concat(parts, ignore_index=True), root.folder, next(iter(lists.values())))


SPEC = DatasetSpec(
    name="nnid",
    title="NNID (natural night-time image database)",
    citation="Xiang, Yang, Guo: Blind Night-Time Image Quality Assessment: Subjective and "
    "Objective Approaches. IEEE Trans. Multimedia 22(5), 2020",
    licence="see the paper",
    url="see the paper",
    label="MOS",
    scale=Scale(0, 1),
    groups="file name",
    parts="none",
    images=2240,
    layout=(
        "sub512/ and mos512_with_names.txt",
        "sub1024/ and mos1024_with_names.txt",
        "Sub2048/ and mos2048_with_names.txt",
    ),
    rows=_rows,
    note="Scenes are told by file names alone; let the check look for scenes under several names.",
    subsets={size: partial(_rows, sizes=(size,)) for size in _FOLDERS},
)
