"""LIVE In the Wild Image Quality Challenge Database: 1162 photographs from mobile cameras.

The three arrays in ``Data/`` have 1169 entries: the first seven are ``t1.bmp`` .. ``t7.bmp``, with
which raters were trained. They are no part of the database proper, and left out.
"""

from __future__ import annotations

import re

import pandas as pd

from ssliqa.data.datasets.cells import pick, read_mat
from ssliqa.data.datasets.contract import DatasetRows, DatasetSpec
from ssliqa.data.datasets.root import Root
from ssliqa.opinion import Scale

_RATER_TRAINING = re.compile(r"t[1-7]\.bmp", re.IGNORECASE)


def _rows(root: Root) -> DatasetRows:
    arrays = ("AllImages_release", "AllMOS_release", "AllStdDev_release")
    files = [root.file(f"Data/{array}.mat") for array in arrays]
    names, mos, std = (read_mat(file, array)[0] for file, array in zip(files, arrays, strict=True))
    if not len(names) == len(mos) == len(std):
        raise root.error(
            f"{len(names)} names, {len(mos)} MOS and {len(std)} standard deviations do not match."
        )
    cells = pd.DataFrame({"image": names, "mos": mos, "std": std})
    proper = [_RATER_TRAINING.fullmatch(str(name)) is None for name in names]
    rows = pick(cells[proper], files[0], image="image", mos="mos", std="std")
    return DatasetRows(rows, root.child("Images"), files[0])


SPEC = DatasetSpec(
    name="livec",
    title="LIVE In the Wild Image Quality Challenge Database",
    citation="Ghadiyaram, Bovik: Massive Online Crowdsourced Study of Subjective and Objective "
    "Picture Quality. IEEE Trans. Image Processing 25(1), 2016",
    licence="free to use, copy, modify and distribute with its copyright notice; to be cited",
    url="https://live.ece.utexas.edu/research/ChallengeDB/index.html",
    label="MOS and SD",
    scale=Scale(0, 100),
    groups="none",
    parts="none",
    images=1162,
    layout=(
        "Images/",
        "Data/AllImages_release.mat",
        "Data/AllMOS_release.mat",
        "Data/AllStdDev_release.mat",
    ),
    rows=_rows,
    note="The seven images t1..t7 that trained the raters are left out. Usual are ten random "
    "splits 80/20.",
)
