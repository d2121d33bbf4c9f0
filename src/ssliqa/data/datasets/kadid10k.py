"""KADID-10k: 10,125 artificially distorted versions of 81 photographs.

Its "dmos" is a mean of ratings 1..5 where *higher is better*, in spite of its name. Its column
"var" is the standard deviation: with the 30 ratings an image has, rows such as (4.57, 0.496) and
(4.33, 0.869) are possible for whole ratings only if it is (137 and 130 points whose squares then
sum to the whole numbers 633 and 586).
"""

from __future__ import annotations

from ssliqa.data.datasets.cells import pick
from ssliqa.data.datasets.contract import SEE_AUTHORS, DatasetRows, DatasetSpec
from ssliqa.data.datasets.root import Root
from ssliqa.data.formats import read_rows
from ssliqa.opinion import ACR


def _rows(root: Root) -> DatasetRows:
    labels = root.file("dmos.csv")
    rows = pick(read_rows(labels), labels, image="dist_img", mos="dmos", std="var", group="ref_img")
    return DatasetRows(rows, root.child("images"), labels)


SPEC = DatasetSpec(
    name="kadid10k",
    title="KADID-10k",
    citation="Lin, Hosu, Saupe: KADID-10k: A Large-scale Artificially Distorted IQA Database. "
    "QoMEX 2019",
    licence=SEE_AUTHORS,
    url="https://database.mmsp-kn.de/kadid-10k-database.html",
    label="MOS and SD",
    scale=ACR,
    groups="reference image",
    parts="none",
    images=10_125,
    layout=("images/", "dmos.csv"),
    rows=_rows,
    note="Artificial distortions. The scores are called dmos, but higher is better; var is the SD.",
)
