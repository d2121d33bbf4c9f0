"""Small copies of every database in its authors' layout, with the traps of the real ones.

Each writer makes a copy below a folder and says what must be read from it.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from scipy.io import savemat


@dataclass
class Expected:
    """What reading must give: names in order, and the rest by name."""

    names: list[str]
    mos: list[float]
    groups: list[str] | None = None
    parts: list[str] | None = None
    std: list[float] | None = None
    files: dict[str, str] = field(default_factory=dict)
    """Name to the file below the root, where letter case differs."""


def photos(folder, *names):
    for name in names:
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2)).save(path)


def cells(*texts):
    """A MATLAB cell array of texts."""
    array = np.empty(len(texts), dtype=object)
    array[:] = [np.array([text]) for text in texts]
    return array


def koniq10k(root):
    (root / "koniq10k_distributions_sets.csv").write_text(
        "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,set\n"
        "3.jpg,0,0,0.25,0.75,0,100,77.4,0.5,training\n"
        "1.jpg,0.5,0.5,0,0,0,100,12.1,0.5,validation\n"
        "2.jpg,0,0,0,0,1,100,99.0,0,test\n"
    )
    photos(root / "1024x768", "1.jpg", "2.jpg", "3.jpg")
    return Expected(
        ["3.jpg", "1.jpg", "2.jpg"],
        [3.75, 1.5, 5],
        parts=["train", "validation", "test"],
        std=[np.sqrt(0.1875), 0.5, 0],
    )


def livec(root):
    names = [*(f"t{k}.bmp" for k in range(1, 8)), "3.bmp", "10.JPG"]
    (root / "Data").mkdir(parents=True)
    savemat(root / "Data/AllImages_release.mat", {"AllImages_release": cells(*names)[:, None]})
    mos, std = np.arange(10.0, 100, 10), np.arange(9.0) + 10
    savemat(root / "Data/AllMOS_release.mat", {"AllMOS_release": mos[None]})
    savemat(root / "Data/AllStdDev_release.mat", {"AllStdDev_release": std[None]})
    photos(root / "Images", *(f"trainingImages/{name}" for name in names[:7]), "3.bmp", "10.jpg")
    return Expected(["3.bmp", "10.JPG"], [80, 90], std=[17, 18], files={"10.JPG": "Images/10.jpg"})


def nnid(root):
    for size, folder in (("512", "sub512"), ("1024", "sub1024"), ("2048", "Sub2048")):
        text = f"0.25\tnight {size}.jpg\r\n0.5\tStreet.jpg\r\n"
        (root / f"mos{size}_with_names.txt").write_text(text)
        photos(root / folder, f"night {size}.jpg", "street.jpg")
    folders = ["sub512"] * 2 + ["sub1024"] * 2 + ["Sub2048"] * 2
    return Expected(
        [
            f"{folder}/{name}"
            for folder, size in zip(folders[::2], ("512", "1024", "2048"), strict=True)
            for name in (f"night {size}.jpg", "Street.jpg")
        ],
        [0.25, 0.5] * 3,
        groups=["night 512", "street", "night 1024", "street", "night 2048", "street"],
        files={"sub512/Street.jpg": "sub512/street.jpg"},
    )


def kadid10k(root):
    (root / "dmos.csv").write_text(
        "dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,4.57,0.496\n"
        "I01_01_02.png,I01.png,1.5,0.5\nI02_01_01.png,I02.png,3,1\n"
    )
    names = ["I01_01_01.png", "I01_01_02.png", "I02_01_01.png"]
    photos(root / "images", *names, "I01.png", "I02.png")
    return Expected(
        names, [4.57, 1.5, 3], groups=["I01.png", "I01.png", "I02.png"], std=[0.496, 0.5, 1]
    )


def tid2013(root):
    (root / "mos_with_names.txt").write_text(
        "5.51429 I01_01_1.bmp\n0.5 i01_01_2.bmp\n7 I25_01_1.bmp\n"
    )
    (root / "mos_std.txt").write_text("0.5\n0.25\n1\n")
    photos(root / "distorted_images", "i01_01_1.bmp", "I01_01_2.BMP", "i25_01_1.bmp")
    return Expected(
        ["I01_01_1.bmp", "i01_01_2.bmp", "I25_01_1.bmp"],
        [5.51429, 0.5, 7],
        groups=["i01", "i01", "i25"],
        std=[0.5, 0.25, 1],
        files={"i01_01_2.bmp": "distorted_images/I01_01_2.BMP"},
    )


def spaq(root):
    (root / "Annotations").mkdir(parents=True)
    pd.DataFrame(
        {"Image name": ["00001.jpg", "00002.jpg"], "MOS": [48.86, 62.5], "Brightness": [1, 2]}
    ).to_excel(root / "Annotations/MOS and Image attribute scores.xlsx", index=False)
    photos(root / "TestImage", "00001.jpg", "00002.jpg")
    return Expected(["00001.jpg", "00002.jpg"], [48.86, 62.5])


def bid(root):
    grades = {"Image Number": [1, 12], "Average Subjective Grade": [2.5, 4], "std": [0.5, 1]}
    pd.DataFrame(grades).to_excel(root / "DatabaseGrades.xlsx", index=False)
    photos(root / "ImageDatabase", "DatabaseImage0001.JPG", "DatabaseImage0012.jpg")
    return Expected(
        ["DatabaseImage0001.JPG", "DatabaseImage0012.JPG"],
        [2.5, 4],
        std=[0.5, 1],
        files={"DatabaseImage0012.JPG": "ImageDatabase/DatabaseImage0012.jpg"},
    )


def cid2013(root):
    names = ["IS_I_C01_D01", "IS_VI_C01_D02", "IS_IV_C08_D14"]
    with pd.ExcelWriter(root / "CID2013 data - version 12112014.xlsx") as book:
        pd.DataFrame({"about": ["x"]}).to_excel(book, sheet_name="Info", index=False)
        pd.DataFrame(
            {
                "Source_ID": names,
                "Image set specific  MOS": [1, 2, 3],
                "Realigned MOS": [20, 40.5, 90],
            }
        ).to_excel(book, sheet_name="CID2013 MOS", index=False)
    files = ["IS1/co1/IS_I_C01_D01.jpg", "IS6/co1/IS_VI_C01_D02.jpg", "IS4/co8/IS_IV_C08_D14.jpg"]
    photos(root, *files)
    return Expected(files, [20, 40.5, 90], groups=["scene 1", "scene 1", "scene 8"])


def flive(root):
    (root / "labels_image.csv").write_text(
        "name,mos,is_valid,width,height\nvoc/a.jpg,70.5,False,500,375\nvoc/b.jpg,60,True,500,375\n"
        "ava/c.jpg,50,False,1024,600\n"
    )
    photos(root / "database", "voc/a.jpg", "voc/b.jpg", "ava/c.jpg")
    return Expected(
        ["voc/a.jpg", "voc/b.jpg", "ava/c.jpg"],
        [70.5, 60, 50],
        parts=["train", "validation", "test"],
    )


def csiq(root):
    header = [None, None, None, "image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"]
    rows = [
        ["DMOS of all images", *[None] * 8],
        [None] * 9,
        [None] * 9,
        header,
        [None, None, None, 1600, 1, "noise", 1, 0.03, 0.06],
        [None, None, None, "snow_leaves", 4, "jpeg 2000", 5, 0.1, 1],
        [None, None, None, "child_swimming", 2, "blur", 2, 0.05, 0],
    ]
    with pd.ExcelWriter(root / "csiq.DMOS.xlsx") as book:
        pd.DataFrame([["other"]]).to_excel(book, sheet_name="all_by_distortion", index=False)
        pd.DataFrame(rows).to_excel(book, sheet_name="all_by_image", index=False, header=False)
    files = [
        "awgn/1600.AWGN.1.png",
        "JPEG2000/snow_leaves.jpeg2000.5.png",
        "blur/child_swimming.BLUR.2.png",
    ]
    photos(root / "dst_imgs", *files)
    names = [
        "AWGN/1600.AWGN.1.png",
        "jpeg2000/snow_leaves.jpeg2000.5.png",
        "BLUR/child_swimming.BLUR.2.png",
    ]
    return Expected(
        names,
        [0.06, 1, 0],
        groups=["1600", "snow_leaves", "child_swimming"],
        std=[0.03, 0.1, 0.05],
        files={names[0]: f"dst_imgs/{files[0]}"},
    )


def live(root):
    counts = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
    names = [f"{folder}/img{k}.bmp" for folder, n in counts.items() for k in range(1, n + 1)]
    originals = np.zeros(982)
    originals[::5] = 1  # 197 copies of references
    dmos = np.where(originals == 1, 0.0, np.linspace(-2, 111, 982))
    references = [f"ref{k % 29}.bmp" for k in range(982)]
    savemat(
        root / "dmos_realigned.mat",
        {"dmos_new": dmos[None], "dmos_std": np.full((1, 982), 7.0), "orgs": originals[None]},
    )
    savemat(root / "refnames_all.mat", {"refnames_all": cells(*references)[None]})
    photos(root, names[0])
    content = (root / names[0]).read_bytes()
    for name in names[1:]:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)
    kept = np.flatnonzero(originals == 0).tolist()
    return Expected(
        [names[k] for k in kept],
        [float(dmos[k]) for k in kept],
        groups=[references[k] for k in kept],
        std=[7.0] * len(kept),
    )


def biq2021(root):
    (root / "Train (Images and MOS).csv").write_text(
        "Image Name,MOS\nss01 (1).jpg,0.25\nSS02 (10).JPG,0.5\n"
    )
    (root / "Test (Images and MOS).csv").write_text("Image Name,MOS\nss01 (3).jpg,0.75\n")
    photos(root / "images", "ss01 (1).jpg", "ss02 (10).jpg", "ss01 (3).jpg")
    return Expected(
        ["ss01 (1).jpg", "SS02 (10).JPG", "ss01 (3).jpg"],
        [0.25, 0.5, 0.75],
        parts=["train", "train", "test"],
        files={"SS02 (10).JPG": "images/ss02 (10).jpg"},
    )


def ssliqa_lists(root):
    (root / "labeled.txt").write_text("0 0 0.25 0.75 0 my photo.png\n")
    (root / "unlabeled.txt").write_text("1 0 0 0 0 secret.png\n")
    (root / "test.txt").write_text("0 0 0 0 1 b.png\n")
    photos(root / "Images", "my photo.png", "secret.png", "b.png")
    std = [np.sqrt(0.1875), 0]
    return Expected(["my photo.png", "b.png"], [3.75, 5], parts=["train", "test"], std=std)


WRITERS = {
    writer.__name__: writer
    for writer in (
        *(koniq10k, livec, nnid, kadid10k, tid2013, spaq, bid, cid2013, flive, csiq, live),
        *(biq2021, ssliqa_lists),
    )
}
