"""LIVE, release 2: 779 artificially distorted versions of 29 images. DMOS, *lower is better*.

The arrays of ``dmos_realigned.mat`` and ``refnames_all.mat`` have 982 entries: the images of the
five folders one after the other, ``img1.bmp`` first. Where ``orgs`` is 1 the file is a copy of the
reference and no distorted image; it is left out.
"""

from __future__ import annotations

import pandas as pd

from ssliqa.data.datasets.cells import pick, read_mat
from ssliqa.data.datasets.contract import DatasetRows, DatasetSpec
from ssliqa.data.datasets.root import Root
from ssliqa.opinion import Scale

_FOLDERS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}


def _rows(root: Root) -> DatasetRows:
    labels, references = root.file("dmos_realigned.mat"), root.file("refnames_all.mat")
    dmos, std, originals = read_mat(labels, "dmos_new", "dmos_std", "orgs")
    (names_of_references,) = read_mat(references, "refnames_all")
    names = [
        f"{folder}/img{number}.bmp"
        for folder, count in _FOLDERS.items()
        for number in range(1, count + 1)
    ]
    lengths = {len(array) for array in (dmos, std, originals, names_of_references)}
    if lengths != {len(names)}:
        raise root.error(
            f"arrays of {', '.join(map(str, sorted(lengths)))} entries; expected {len(names)}, "
            f"one for each image in {', '.join(_FOLDERS)}."
        )
    cells = pd.DataFrame(
        {"image": names, "dmos": dmos, "std": std, "reference": names_of_references}
    )
    distorted = [int(float(str(is_reference))) == 0 for is_reference in originals]
    rows = pick(cells[distorted], labels, image="image", mos="dmos", std="std", group="reference")
    for folder in _FOLDERS:
        root.child(folder)
    return DatasetRows(rows, root.folder, labels)


SPEC = DatasetSpec(
    name="live",
    title="LIVE Image Quality Assessment Database, release 2",
    citation="Sheikh, Sabir, Bovik: A Statistical Evaluation of Recent Full Reference Image "
    "Quality Assessment Algorithms. IEEE Trans. Image Processing 15(11), 2006",
    licence="free to use, copy, modify and distribute with its copyright notice; to be cited",
    url="https://live.ece.utexas.edu/research/quality/subjective.htm",
    label="DMOS and SD",
    # The study's scale is 0..100; realigned scores of its worst and best images lie beyond.
    scale=Scale(-5, 115, higher_is_better=False),
    groups="reference image",
    parts="none",
    images=779,
    layout=(
        "jp2k/ jpeg/ wn/ gblur/ fastfading/",
        "dmos_realigned.mat",
        "refnames_all.mat",
    ),
    rows=_rows,
    note="Artificial distortions. Realigned DMOS, which may lie a little beyond 0-100.",
)
