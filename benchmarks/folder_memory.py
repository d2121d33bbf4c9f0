"""Peak memory of scoring a folder: with many photographs against with few.

``ssliqa score FOLDER --out scores.csv --rank`` runs in a process of its own on one flat folder of
small JPEGs, with a network so small that everything else shows. Ranking is on, since it needs a
number of every photograph at once. Time is reported beside.

    python benchmarks/folder_memory.py [--few 1000] [--many 20000] [--json folder_memory.json]
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from _report import Figure, report
from ssliqa.images import Protocol
from ssliqa.models import QualityModel, save_model

SIDE = 64
CONTENTS = 50


@dataclass(frozen=True)
class Run:
    """One run of the command."""

    photos: int
    peak: float
    """Megabytes (of 10^6 bytes)."""
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--few", type=int, default=1000, help="photos in the small folder")
    parser.add_argument("--many", type=int, default=20000, help="photos in the large folder")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        protocol = Protocol(short=SIDE, crop=SIDE, grid=1)
        backbone = {"scales": 1, "width": 8}
        save_model(
            QualityModel.create("scene_statistics", options=backbone, protocol=protocol), model
        )
        few, many = (
            score(write_photos(Path(scratch) / str(count), count), model)
            for count in (options.few, options.many)
        )
    figures = []
    for run in (few, many):
        figures.append(Figure(f"peak memory, {run.photos:,} photos", run.peak, "MB"))
        figures.append(Figure(f"time, {run.photos:,} photos", run.seconds, "s"))
    growth = (many.peak - few.peak) * 1e6 / (many.photos - few.photos)
    figures.append(Figure("growth for each further photo", growth, "bytes"))
    report(
        "Peak memory of scoring a folder",
        figures,
        ratio=few.peak / many.peak,
        ratio_means="few / many",
        target=0.95,
        json_file=options.json,
    )


def write_photos(folder: Path, count: int) -> Path:
    """A flat folder of small JPEGs; contents repeat, since memory does not depend on them."""
    folder.mkdir()
    contents = []
    for seed in range(CONTENTS):
        pixels = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "JPEG")
        contents.append(stream.getvalue())
    for number in range(count):
        name = f"holiday by the sea, photograph {number:06d}.jpg"
        (folder / name).write_bytes(contents[number % CONTENTS])
    return folder


# The process says itself what it held at its peak: what the system tells its parent includes what
# the parent held when it started the process.
SCORE = """
import sys
from pathlib import Path
from ssliqa.cli.main import main

status = main(sys.argv[1:])
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
sys.exit(status)
"""


def score(folder: Path, model: Path) -> Run:
    """Run the command, and read the peak of its memory (Linux)."""
    table = folder.with_suffix(".csv")
    options = ["score", str(folder), "--model", str(model), "--out", str(table), "--rank"]
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", SCORE, *options], stdout=subprocess.PIPE, text=True, check=True
    )
    seconds = time.perf_counter() - begun
    with table.open() as rows:
        photos = sum(1 for _ in rows) - 1
    return Run(photos, int(done.stdout) * 1024 / 1e6, seconds)


if __name__ == "__main__":
    main()
