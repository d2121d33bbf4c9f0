"""BID (blurred image database): 586 photographs with natural blur.

The spreadsheet numbers the images; number 1 is ``DatabaseImage0001.JPG``.
"""

from __future__ import annotations

from ssliqa.data.datasets.cells import pick, read_spreadsheet, whole
from ssliqa.data.datasets.contract import DatasetRows, DatasetSpec
from ssliqa.data.datasets.root import Root
from ssliqa.opinion import Scale


def _rows(root: Root) -> DatasetRows:
    labels = root.file("DatabaseGrades.xlsx")
    cells = read_spreadsheet(labels, "Image Number")
    cells = cells.map(whole)
    rows = pick(cells, labels, image="Image Number", mos="Average Subjective Grade", std="std")
    rows["name"] = [f"DatabaseImage{number:0>4}.JPG" for number in rows["name"]]
    return DatasetRows(rows, root.child("ImageDatabase"), labels)


SPEC = DatasetSpec(
    name="bid",
    title="BID (blurred image database)",
    citation="Ciancio et al.: No-Reference Blur Assessment of Digital Pictures Based on "
    "Multifeature Classifiers. IEEE Trans. Image Processing 20(1), 2011",
    licence="see the paper",
    url="see the paper",
    label="MOS and SD",
    scale=Scale(0, 5),
    groups="none",
    parts="none",
    images=586,
    layout=("ImageDatabase/", "DatabaseGrades.xlsx"),
    rows=_rows,
    note="Usual is a random split 80/20. SD where the spreadsheet has it.",
)
