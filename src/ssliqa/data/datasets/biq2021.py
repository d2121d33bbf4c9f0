"""BIQ2021: 12,000 photographs in three subsets, with an official split.

Near-identical photographs stand across the official parts; ``ssliqa datasets check`` lists them.
"""

from __future__ import annotations

import pandas as pd

from ssliqa.data.datasets.cells import pick
from ssliqa.data.datasets.contract import SEE_AUTHORS, DatasetRows, DatasetSpec
from ssliqa.data.datasets.root import Root
from ssliqa.data.formats import read_rows
from ssliqa.opinion import Scale

_LISTS = {"train": "Train (Images and MOS).csv", "test": "Test (Images and MOS).csv"}


def _rows(root: Root) -> DatasetRows:
    lists = {part: root.file(name) for part, name in _LISTS.items()}
    parts = [
        pick(read_rows(file), file, image="Image Name", mos="MOS").assign(split=part)
        for part, file in lists.items()
    ]
    rows = pd.concat(parts, ignore_index=True)
    return DatasetRows(rows, root.child("Images"), lists["train"])


SPEC = DatasetSpec(
    name="biq2021",
    title="BIQ2021",
    citation="Ahmed, Asif: BIQ2021: A Large-Scale Blind Image Quality Assessment Database. "
    "J. Electronic Imaging 31(5), 2022",
    licence=SEE_AUTHORS,
    url="https://github.com/nisarahmedrana/BIQ2021",
    label="MOS",
    scale=Scale(0, 1),
    groups="none",
    parts="training, test",
    images=12_000,
    layout=("Images/", *_LISTS.values()),
    rows=_rows,
    note="Near-identical photographs stand across the official parts.",
)
