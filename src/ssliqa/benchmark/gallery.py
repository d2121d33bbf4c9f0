"""Which pictures of a benchmark's trainings its summary shows, and how a page holds them."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image

from ssliqa.benchmark.cell import PICTURES
from ssliqa.benchmark.run import CELLS
from ssliqa.benchmark.test_sets import OWN_TEST

SMALL_WIDTH = 720
"""Pixels; twice what a small picture takes on the page, for dense screens."""

MOST_METHODS = 6
"""A page with the pictures of more methods is read by nobody, and slow to open."""


@dataclass(frozen=True)
class Choice:
    """The training that stands for a method, and its pictures by what they show."""

    method: str
    networks: str
    labels: int
    split: int
    files: Mapping[str, str]


def chosen_pictures(results: pd.DataFrame, out: Path) -> list[Choice]:
    """For each method the pictures of its first training with the most labels.

    Args:
        results: from :func:`ssliqa.benchmark.results.gather`.
        out: the benchmark's folder; files are named relative to it, as far as they are there.
    """
    choices = []
    for method, rows in results.groupby("method", sort=False):
        row = rows.sort_values("labeled", ascending=False, kind="stable").iloc[0]
        tests = rows.loc[rows["cell"] == row["cell"], "test"].unique()
        cell = f"{CELLS}/{row['cell']}"
        files = {name.replace("_", " "): f"{cell}/pictures/{name}.png" for name in PICTURES}
        files["distributions"] = f"{cell}/evaluation/{OWN_TEST}/distributions.png"
        files |= {f"scatter: {name}": f"{cell}/evaluation/{name}/scatter.png" for name in tests}
        there = {what: file for what, file in files.items() if (out / file).is_file()}
        if there:
            networks = " <- ".join(name for name in (row["student"], row["teacher"]) if name)
            choices.append(
                Choice(str(method), networks, int(row["labeled"]), int(row["split"]), there)
            )
    return choices[:MOST_METHODS]


def embedded(file: Path, width: int | None = None) -> str:
    """A PNG file as a data URL; no wider than ``width`` pixels, as JPEG, where that is given."""
    kind, content = "png", file.read_bytes()
    if width is not None:
        with Image.open(file) as image:
            small = image.convert("RGB")
        small.thumbnail((width, 4 * width))
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=85)
        kind, content = "jpeg", buffer.getvalue()
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
