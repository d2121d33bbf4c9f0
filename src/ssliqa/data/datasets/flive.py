"""FLIVE (LIVE-FB, PaQ-2-PiQ): 39,810 photographs from several collections.

``is_valid`` marks validation images; images with a side above 640 pixels are the official test
images, where the table has their sizes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ssliqa.data.datasets.cells import find_column, needed_column, pick
from ssliqa.data.datasets.contract import SEE_AUTHORS, DatasetRows, DatasetSpec
from ssliqa.data.datasets.root import Root
from ssliqa.data.formats import read_rows
from ssliqa.opinion import Scale

_LARGEST_IN_TRAINING = 640


def _rows(root: Root) -> DatasetRows:
    labels = root.file("labels_image.csv")
    cells = read_rows(labels)
    rows = pick(
        cells,
        labels,
        image=needed_column(cells, labels, "name", "name_image"),
        mos=needed_column(cells, labels, "mos", "mos_image"),
    )
    parts = _parts(cells)
    if parts is not None:
        rows["split"] = parts
    return DatasetRows(rows, root.child("database"), labels)


def _parts(cells: pd.DataFrame) -> list[str] | None:
    flag = find_column(cells, "is_valid")
    if flag is None:
        return None
    valid = [str(cell).strip().casefold() in ("true", "1", "1.0") for cell in cells[flag]]
    parts = np.where(valid, "validation", "train").astype(object)
    for side in ("width", "height"):
        column = find_column(cells, side) or find_column(cells, f"{side}_image")
        if column is not None:
            pixels = pd.to_numeric(cells[column], errors="coerce").to_numpy(dtype=float)
            parts[pixels > _LARGEST_IN_TRAINING] = "test"
    return [str(part) for part in parts]


SPEC = DatasetSpec(
    name="flive",
    title="FLIVE (LIVE-FB, PaQ-2-PiQ)",
    citation="Ying, Niu, Gupta, Mahajan, Ghadiyaram, Bovik: From Patches to Pictures "
    "(PaQ-2-PiQ): Mapping the Perceptual Space of Picture Quality. CVPR 2020",
    licence=SEE_AUTHORS,
    url="https://github.com/baidut/paq2piq",
    label="MOS",
    scale=Scale(0, 100),
    groups="none",
    parts="training, validation, test",
    images=39_810,
    layout=("database/", "labels_image.csv"),
    rows=_rows,
    note="Parts by is_valid, and by size for the test images, as far as the table has them.",
)
