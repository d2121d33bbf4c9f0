"""TID2013: 3000 artificially distorted versions of 25 images.

``mos_std.txt`` has one number a line, in the order of ``mos_with_names.txt``. File names on disk
and in the list differ in letter case (``I01_01_1.bmp``, ``i01_01_1.bmp``).
"""

from __future__ import annotations

from ssliqa.data.datasets.cells import pick, read_numbers
from ssliqa.data.datasets.contract import SEE_AUTHORS, DatasetRows, DatasetSpec
from ssliqa.data.datasets.root import Root
from ssliqa.data.formats import read_rows
from ssliqa.opinion import Scale


def _rows(root: Root) -> DatasetRows:
    labels = root.file("mos_with_names.txt")
    rows = pick(read_rows(labels), labels, image="name", mos="mos")
    std_file = root.optional_file("mos_std.txt")
    if std_file is not None:
        std = read_numbers(std_file)
        if len(std) != len(rows):
            raise root.error(
                f"{std_file.name} has {len(std)} numbers for {len(rows)} images of {labels.name}."
            )
        rows["std"] = std
    rows["group"] = [name.partition("_")[0].casefold() for name in rows["name"]]
    return DatasetRows(rows, root.child("distorted_images"), labels)


SPEC = DatasetSpec(
    name="tid2013",
    title="TID2013",
    citation="Ponomarenko et al.: Image database TID2013: Peculiarities, results and "
    "perspectives. Signal Processing: Image Communication 30, 2015",
    licence=SEE_AUTHORS,
    url="http://www.ponomarenko.info/tid2013.htm",
    label="MOS and SD",
    scale=Scale(0, 9),
    groups="reference image",
    parts="none",
    images=3000,
    layout=("distorted_images/", "mos_with_names.txt", "mos_std.txt (optional)"),
    rows=_rows,
    note="Artificial distortions.",
)
