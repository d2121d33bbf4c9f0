"""CID2013: photographs of eight scenes with consumer cameras, rated in six image sets.

The name ``IS_I_C01_D01`` says image set, scene and device; the file is
``IS1/co1/IS_I_C01_D01.jpg``. Only the realigned MOS is on one scale over all sets. Scenes recur in
several sets, so the scene alone is the content group.
"""

from __future__ import annotations

import re

from ssliqa.data.datasets.cells import pick, read_spreadsheet
from ssliqa.data.datasets.contract import SEE_AUTHORS, DatasetRows, DatasetSpec
from ssliqa.data.datasets.root import Root
from ssliqa.opinion import Scale

_LABELS = "CID2013 data - version 12112014.xlsx"
_NAME = re.compile(r"IS_(I|II|III|IV|V|VI)_C(\d+)_D\d+", re.IGNORECASE)
_SETS = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6}


def _rows(root: Root) -> DatasetRows:
    labels = root.file(_LABELS)
    cells = read_spreadsheet(labels, "Source_ID", sheet="CID2013 MOS")
    rows = pick(cells, labels, image="Source_ID", mos="Realigned MOS")
    matches = [_NAME.fullmatch(name) for name in rows["name"]]
    odd = [name for name, match in zip(rows["name"], matches, strict=True) if match is None]
    if odd:
        raise root.error(f"'{odd[0]}' in {labels.name} is not a name such as IS_I_C01_D01.")
    found = [(_SETS[match[1].upper()], int(match[2])) for match in matches if match]
    rows["group"] = [f"scene {scene}" for _, scene in found]
    rows["name"] = [
        f"IS{number}/co{scene}/{name}.jpg"
        for name, (number, scene) in zip(rows["name"], found, strict=True)
    ]
    return DatasetRows(rows, root.folder, labels)


SPEC = DatasetSpec(
    name="cid2013",
    title="CID2013",
    citation="Virtanen, Nuutinen, Vaahteranoksa, Oittinen, Hakkinen: CID2013: A Database for "
    "Evaluating No-Reference Image Quality Assessment Algorithms. IEEE Trans. Image Processing "
    "24(1), 2015",
    licence=SEE_AUTHORS,
    url="https://zenodo.org/records/2647033",
    label="MOS",
    scale=Scale(0, 100),
    groups="scene",
    parts="none",
    images=474,
    layout=("IS1/ .. IS6/ with co1/ .. in each", _LABELS),
    rows=_rows,
    note="Realigned MOS. 480 images by the paper; the spreadsheet of 12 November 2014 rates 474.",
)
