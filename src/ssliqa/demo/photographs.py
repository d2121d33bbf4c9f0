"""Write the demo's photographs and the table of their (simulated) ratings.

    folder/ratings.csv            image,group,c1,c2,c3,c4,c5
    folder/images/photo_0000.jpg  ...

The table is written last: where it stands, the folder is whole.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ssliqa.demo.distortions import Faults, photograph
from ssliqa.demo.raters import Content, Panel, latent_quality
from ssliqa.demo.scenes import (
    Source,
    encode_display,
    photograph_sources,
    procedural_source,
    view,
)
from ssliqa.errors import ConfigError

VIEWS_PER_SYNTHETIC_SCENE = 3
SHARE_OF_PHOTOGRAPHS = 0.5
"""The share of views cut from real photographs; the others show procedural scenes."""

OCCASIONS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (0.12, ()),
    (0.09, ("defocus",)),
    (0.09, ("motion",)),
    (0.08, ("noise",)),
    (0.09, ("compression",)),
    (0.06, ("under",)),
    (0.06, ("over",)),
    (0.06, ("haze",)),
    (0.08, ("low_light",)),
    (0.06, ("low_light", "motion")),
    (0.05, ("defocus", "noise")),
    (0.05, ("motion", "compression")),
    (0.05, ("noise", "compression")),
    (0.03, ("haze", "compression")),
    (0.03, ("under", "noise")),
)
"""What goes wrong together, and how often (shares add up to 1)."""


def render_photographs(
    folder: Path,
    n: int = 400,
    seed: int = 0,
    size: tuple[int, int] = (256, 192),
    raters: int = 20,
    on_photograph: Callable[[], None] | None = None,
) -> Path:
    """Render ``n`` faulty photographs and let a simulated panel rate them.

    Args:
        folder: where ``images/`` and ``ratings.csv`` go; made where absent.
        n: how many photographs, at least 5.
        seed: the same seed, sizes and package versions give the same files.
        size: width and height in pixels.
        raters: how many votes a photograph gets.
        on_photograph: called after each photograph, for a progress bar.

    Returns:
        The path of ``ratings.csv``: image (relative to ``folder/images``), group (content), and the
        number of votes c1..c5 on the levels 1 bad .. 5 excellent.

    Raises:
        MissingExtraError: a package that holds photographs is not installed.
        ConfigError: ``n`` or ``size`` is too small.
    """
    if n < 5 or min(size) < 32:
        raise ConfigError(
            f"The demo was asked for {n} photographs of {size[0]}x{size[1]} pixels.",
            "Ask for at least 5 photographs of at least 32x32 pixels.",
        )
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    panel = Panel(raters, seed)
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\n")
    table.writerow(["image", "group", "c1", "c2", "c3", "c4", "c5"])

    def render(index: int, source: Source) -> list[str | int]:
        rng = np.random.default_rng([seed, 3, index])
        scene = view(source, size, rng)
        faults = draw_faults(rng)
        name = f"photo_{index:04d}.jpg"
        _write_whole(images / name, photograph(scene, faults, rng))
        quality = latent_quality(faults, Content.of(encode_display(scene)))
        return [name, source.group, *panel.vote(quality, rng).tolist()]

    # Threads are enough: NumPy, SciPy and Pillow let go of the interpreter while they compute.
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        plan = _plan(n, seed, size, pool)
        for row in pool.map(render, range(n), plan):
            table.writerow(row)
            if on_photograph is not None:
                on_photograph()
    ratings = folder / "ratings.csv"
    _write_whole(ratings, lines.getvalue().encode())
    return ratings


def draw_faults(rng: np.random.Generator) -> Faults:
    """Draw what goes wrong with one photograph, by :data:`OCCASIONS`."""
    shares = np.array([share for share, _ in OCCASIONS])
    _, kinds = OCCASIONS[rng.choice(len(OCCASIONS), p=shares / shares.sum())]
    # Mildly faulty photographs are commoner than spoiled ones, and several faults spoil sooner.
    worst = 1.0 if len(kinds) == 1 else 0.75
    return Faults(**{kind: worst * float(rng.beta(1.2, 1.5)) for kind in kinds})


def _plan(n: int, seed: int, size: tuple[int, int], pool: ThreadPoolExecutor) -> list[Source]:
    """The source of every view, in random order."""
    real = photograph_sources()
    n_real = round(SHARE_OF_PHOTOGRAPHS * n)
    n_scenes = -(-(n - n_real) // VIEWS_PER_SYNTHETIC_SCENE)
    large = (2 * size[0], 2 * size[1])
    synthetic = list(pool.map(lambda k: procedural_source(k, seed, large), range(n_scenes)))
    plan = [real[i % len(real)] for i in range(n_real)]
    plan += [synthetic[i % n_scenes] for i in range(n - n_real)]
    order = np.random.default_rng([seed, 4]).permutation(n)
    return [plan[i] for i in order]


def _write_whole(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)
