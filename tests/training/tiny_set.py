"""A small real data set and tiny real networks for the tests of training, scoring and commands.

Photographs are drawn, blurred and made noisy, saved as JPEG and PNG, and rated by how good they
are, so that a few steps of training have something to learn.
"""

import csv
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

COUNT = 24
CORRUPT = "corrupt.jpg"

SMALL = (
    *("--weights", "none", "--student", "test_resnet", "--teacher", "test_efficientnet"),
    *("--protocol.short", "80", "--protocol.crop", "64", "--protocol.grid", "2"),
    *("--student.bf16", "no", "--teacher.bf16", "no", "--batch-size", "4", "--device", "cpu"),
)


@dataclass(frozen=True)
class TinySet:
    """``folder`` holds the photographs, ``labels`` rates them on 0..100; one more is corrupt."""

    folder: Path
    labels: Path
    corrupt: Path
    further: Path
    names: tuple[str, ...]
    mos: tuple[float, ...]
    cache: Path

    def arguments(self, out, *more):
        """Arguments of ``ssliqa train`` for a small and quick training."""
        return [
            *("--labels", str(self.labels), "--images", str(self.folder), "--scale", "0-100"),
            *("--cache", str(self.cache), "--out", str(out)),
            *SMALL,
            *("--method", "ssliqa"),  # which trains both networks, from random weights too
            *map(str, more),
        ]


def photograph(seed, goodness):
    """A scene of random shapes, sharp and clean at goodness 1, blurred and noisy at 0."""
    rng = np.random.default_rng(seed)
    height, width = (90, 120) if seed % 3 else (120, 90)
    y, x = np.mgrid[0:height, 0:width] / 90
    scene = np.stack([np.sin(7 * rng.random() * x + 9 * rng.random() * y) for _ in range(3)], -1)
    for _ in range(6):
        inside = (x - rng.random()) ** 2 + (y - rng.random()) ** 2 < rng.uniform(0.02, 0.1)
        scene[inside] = rng.uniform(-1, 1, 3)
    image = Image.fromarray(np.uint8(127 + 110 * scene.clip(-1, 1)))
    image = image.filter(ImageFilter.GaussianBlur(4 * (1 - goodness)))
    noise = rng.normal(0, 30 * (1 - goodness), (height, width, 3))
    return Image.fromarray(np.uint8((np.asarray(image) + noise).clip(0, 255)))


def make_tiny_set(folder):
    """Draw the set below ``folder``."""
    photos, further = folder / "photos", folder / "further"
    photos.mkdir(parents=True)
    further.mkdir()
    goodness = np.random.default_rng(0).permutation(np.linspace(0, 1, COUNT)).tolist()
    names = tuple(f"photo {k:02d}.{'png' if k % 4 == 0 else 'jpg'}" for k in range(COUNT))
    mos = tuple(round(float(10 + 80 * good), 2) for good in goodness)
    for k, name in enumerate(names):
        photograph(k, goodness[k]).save(photos / name, quality=95)
    for k in range(10):
        photograph(100 + k, k / 9).save(further / f"further {k}.jpg", quality=95)
    corrupt = photos / CORRUPT
    corrupt.write_bytes((photos / names[1]).read_bytes()[:200])
    labels = folder / "ratings.csv"
    write_ratings(labels, zip(names, mos, strict=True))
    return TinySet(photos, labels, corrupt, further, names, mos, folder / "cache")


def write_ratings(path, rows):
    """Write names and scores as a label table."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("name", "mos"), *rows])


def environment(**more):
    """For subprocesses: one thread as in these tests, or else sums may round in another order."""
    return os.environ | {"OMP_NUM_THREADS": "1"} | more


def console_script():
    """The installed ``ssliqa`` command, as a list to put arguments behind."""
    return [str(Path(sys.executable).with_name("ssliqa"))]


@pytest.fixture(scope="session")
def tiny_set(tmp_path_factory):
    return make_tiny_set(tmp_path_factory.mktemp("tiny set"))


@pytest.fixture(scope="session")
def tiny_run(tiny_set, tmp_path_factory):
    """A finished supervised training with a test split; treat it as read-only."""
    from ssliqa.cli.main import main

    out = tmp_path_factory.mktemp("runs") / "tiny"
    options = ("--method", "supervised", "--epochs", 2, "--optimizer.lr", 0.002)
    torch.set_num_threads(1)
    assert main(["train", *tiny_set.arguments(out, *options)]) == 0
    return out


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small only lose by sharing their layers out among threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
