"""SPAQ: 11,125 photographs from 66 smartphones."""

from __future__ import annotations

from ssliqa.data.datasets.cells import pick, read_spreadsheet
from ssliqa.data.datasets.contract import SEE_AUTHORS, DatasetRows, DatasetSpec
from ssliqa.data.datasets.root import Root
from ssliqa.opinion import Scale

_LABELS = "MOS and Image attribute scores.xlsx"


def _rows(root: Root) -> DatasetRows:
    labels = root.file(f"Annotations/{_LABELS}", _LABELS)
    cells = read_spreadsheet(labels, "Image name")
    rows = pick(cells, labels, image="Image name", mos="MOS")
    return DatasetRows(rows, root.child("TestImage"), labels)


SPEC = DatasetSpec(
    name="spaq",
    title="SPAQ",
    citation="Fang, Zhu, Zeng, Ma, Wang: Perceptual Quality Assessment of Smartphone "
    "Photography. CVPR 2020",
    licence=SEE_AUTHORS,
    url="https://github.com/h4nwei/SPAQ",
    label="MOS",
    scale=Scale(0, 100),
    groups="none",
    parts="none",
    images=11_125,
    layout=("TestImage/", f"Annotations/{_LABELS}"),
    rows=_rows,
    note="Usual is a random split 80/20.",
)
