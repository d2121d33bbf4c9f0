"""The published lists of SSLIQA: one text file a part, lines ``p1 p2 p3 p4 p5 name``.

The part is told by the beginning of the file's name: ``labeled`` and ``train`` are training
images, ``val`` and ``test`` speak for themselves. Lists that begin with ``unlabeled`` are passed
over: their photographs may be used, but not their ratings (``--unlabeled DIR/Images``; those that
the other lists name are left out of it by themselves).
"""

from __future__ import annotations

import pandas as pd

from ssliqa.data.datasets.cells import pick
from ssliqa.data.datasets.contract import DatasetRows, DatasetSpec
from ssliqa.data.datasets.root import Root
from ssliqa.data.formats import read_rows
from ssliqa.opinion import ACR, LEVELS

_PARTS = {"labeled": "train", "train": "train", "val": "validation", "test": "test"}


def _rows(root: Root) -> DatasetRows:
    lists = [
        (part, path)
        for beginning, part in _PARTS.items()
        for path in sorted(root.folder.iterdir())
        if path.suffix.lower() == ".txt" and path.name.casefold().startswith(beginning)
    ]
    if not lists:
        root.file(*(f"{beginning}*.txt" for beginning in _PARTS))
    levels = [f"p{level}" for level in range(1, LEVELS + 1)]
    found = [
        pick(read_rows(path), path, image="name", levels=levels).assign(split=part)
        for part, path in lists
    ]
    rows = pd.concat(found, ignore_index=True)
    if rows["split"].nunique() == 1:  # nothing was divided yet
        rows = rows.drop(columns="split")
    return DatasetRows(rows, root.child("Images"), lists[0][1])


SPEC = DatasetSpec(
    name="ssliqa_lists",
    title="published SSLIQA lists",
    citation="Yue et al.: IEEE Trans. Multimedia, 2023, doi 10.1109/TMM.2022.3209889",
    licence="that of the database the photographs are from",
    url="see the paper",
    label="distribution",
    scale=ACR,
    groups="none",
    parts="one list a part",
    images=None,
    layout=("Images/", "labeled*.txt or train*.txt; val*.txt; test*.txt"),
    rows=_rows,
    note="unlabeled*.txt is passed over; give the photographs with --unlabeled.",
)
