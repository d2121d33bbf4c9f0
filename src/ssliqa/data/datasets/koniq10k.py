"""KonIQ-10k: 10,073 photographs with their rating distributions.

Two label files are in circulation: ``koniq10k_distributions_sets.csv`` (shares, and the official
split in ``set``) and the older ``koniq10k_scores_and_distributions.csv`` (counts, no split). The
first is preferred. Their MOS columns are on different scales, so the distributions are the label.
"""

from __future__ import annotations

from ssliqa.data.datasets.cells import pick
from ssliqa.data.datasets.contract import SEE_AUTHORS, DatasetRows, DatasetSpec
from ssliqa.data.datasets.root import Root
from ssliqa.data.formats import read_rows
from ssliqa.opinion import ACR


def _rows(root: Root) -> DatasetRows:
    labels = root.file("koniq10k_distributions_sets.csv", "koniq10k_scores_and_distributions.csv")
    levels = [f"c{level}" for level in range(1, 6)]
    rows = pick(read_rows(labels), labels, image="image_name", levels=levels, split="set")
    return DatasetRows(rows, root.child("1024x768", "512x384"), labels)


SPEC = DatasetSpec(
    name="koniq10k",
    title="KonIQ-10k",
    citation="Hosu, Lin, Sziranyi, Saupe: KonIQ-10k: An Ecologically Valid Database for Deep "
    "Learning of Blind Image Quality Assessment. IEEE Trans. Image Processing 29, 2020",
    licence=SEE_AUTHORS,
    url="https://database.mmsp-kn.de/koniq-10k-database.html",
    label="distribution",
    scale=ACR,
    groups="none",
    parts="training, validation, test",
    images=10_073,
    layout=(
        "1024x768/ (or 512x384/)",
        "koniq10k_distributions_sets.csv (or koniq10k_scores_and_distributions.csv, no split)",
    ),
    rows=_rows,
    note="The split (7058 / 1000 / 2015) comes with the file of sets alone.",
)
