"""CSIQ: 866 artificially distorted versions of 30 images. DMOS, *lower is better*.

The sheet ``all_by_image`` names image, distortion and level; its header is not in the first row.
The file of (1600, noise, 1) is ``dst_imgs/awgn/1600.AWGN.1.png``; letter case varies.
"""

from __future__ import annotations

from ssliqa.data.datasets.cells import needed_column, pick, read_spreadsheet, whole
from ssliqa.data.datasets.contract import SEE_AUTHORS, DatasetRows, DatasetSpec
from ssliqa.data.datasets.root import Root
from ssliqa.opinion import Scale

_LABELS = "csiq.DMOS.xlsx"
# Distortions as the spreadsheet calls them, and as folders and files do.
_FILE_NAMES = {
    "noise": "AWGN",
    "blur": "BLUR",
    "contrast": "contrast",
    "fnoise": "fnoise",
    "jpeg": "JPEG",
    "jpeg 2000": "jpeg2000",
}


def _rows(root: Root) -> DatasetRows:
    labels = root.file(_LABELS)
    cells = read_spreadsheet(labels, "dst_type", sheet="all_by_image")
    keys = [needed_column(cells, labels, key) for key in ("image", "dst_type", "dst_lev")]
    cells = cells[cells[keys].notna().all(axis=1)].reset_index(drop=True)
    images, types, levels = ([whole(cell) for cell in cells[key]] for key in keys)
    unknown = sorted({kind for kind in types if kind.casefold() not in _FILE_NAMES})
    if unknown:
        raise root.error(
            f"unknown distortion '{unknown[0]}' in {labels.name}; known are "
            f"{', '.join(_FILE_NAMES)}."
        )
    kinds = [_FILE_NAMES[kind.casefold()] for kind in types]
    rows = pick(cells, labels, image="image", mos="dmos", std="dmos_std")
    rows["name"] = [
        f"{kind}/{image}.{kind}.{level}.png"
        for image, kind, level in zip(images, kinds, levels, strict=True)
    ]
    rows["group"] = images
    return DatasetRows(rows, root.child("dst_imgs"), labels)


SPEC = DatasetSpec(
    name="csiq",
    title="CSIQ",
    citation="Larson, Chandler: Most apparent distortion: full-reference image quality "
    "assessment and the role of strategy. J. Electronic Imaging 19(1), 2010",
    licence=SEE_AUTHORS,
    url="https://s2.smu.edu/~eclarson/csiq.html",
    label="DMOS and SD",
    scale=Scale(0, 1, higher_is_better=False),
    groups="reference image",
    parts="none",
    images=866,
    layout=("dst_imgs/ with a folder for each distortion", _LABELS),
    rows=_rows,
    note="Artificial distortions.",
)
