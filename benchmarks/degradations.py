"""Do scores fall as a photograph gets worse? And do they stay where they should?

    python benchmarks/degradations.py MODEL PHOTOS [--count 100] [--part RUN]

Each photograph is degraded in seven ways, with severities of 0 to 1 in equal steps. A step is well
ordered where the score falls. Mirrored, shifted and resized copies are scored, too.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest

from _report import machine
from ssliqa.data import list_photographs
from ssliqa.files import write_text
from ssliqa.images import read_image, resize_image
from ssliqa.images.degradations import DEGRADATIONS, Pixels, degrade
from ssliqa.opinion import distribution_mean
from ssliqa.scoring.engines import Engine, open_engine
from ssliqa.training.own_parts import own_test_part

TARGET = 0.95
SHIFT = 4  # pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="run folder, model folder or name")
    parser.add_argument("photos", nargs="*", help="photographs, folders, globs or .txt lists")
    parser.add_argument("--part", type=Path, help="instead: the test photographs of this run")
    parser.add_argument("--count", type=int, default=100, help="photographs, evenly from all")
    parser.add_argument("--steps", type=int, default=5, help="steps from severity 0 to 1")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--precision", default="f32", help="bf16: sooner, for a first look")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    if options.part is not None:
        table = own_test_part(options.part)
        photos = list(table.paths)
    else:
        photos = list_photographs(options.photos)
    chosen = [photos[k] for k in np.linspace(0, len(photos) - 1, options.count).round().astype(int)]
    engine = open_engine(options.model, options.engine, precision=options.precision)
    scorer = Scorer(engine)
    severities = np.linspace(0, 1, options.steps + 1)
    with ThreadPoolExecutor(options.workers) as pool:
        found = list(pool.map(lambda item: scorer.measure(*item, severities), enumerate(chosen)))
    direction = 1 if engine.scale.higher_is_better else -1
    show(found, severities, direction, engine, options)


class Scorer:
    """Scores pixels in the model's own scale."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def score(self, pixels: Pixels) -> float:
        """Of pixels as they come from a file."""
        distribution = self.engine.predict(resize_image(pixels, self.engine.protocol))
        return float(self.engine.scale.from_levels(distribution_mean(distribution)))

    def measure(self, number: int, photo: Path, severities: NDArray[np.float64]) -> dict:
        """Scores by degradation and severity, and those of copies that look the same."""
        pixels = read_image(photo)
        scores = {
            kind: [
                self.score(degrade(pixels, kind, float(s), np.random.default_rng(number)))
                for s in severities
            ]
            for kind in DEGRADATIONS
        }
        whole = scores["blur"][0]
        height, width = pixels.shape[:2]
        mirrored = self.score(np.ascontiguousarray(pixels[:, ::-1]))
        # Windows of one size, since another size would be resized otherwise.
        here, there = (
            self.score(pixels[k : height - SHIFT + k, k : width - SHIFT + k]) for k in (0, SHIFT)
        )
        changes = {"mirrored": mirrored - whole, f"shifted by {SHIFT} px": there - here}
        for factor in (2.0, 0.75, 0.5):
            size = (round(width * factor), round(height * factor))
            resized = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
            changes[f"resized to {factor:g}"] = self.score(np.asarray(resized)) - whole
        return {
            "photo": photo.name,
            "scores": scores,
            "changes": changes,
        }


def show(found, severities, direction, engine, options) -> None:
    table = Table(title=f"{options.model}: {len(found)} photographs, scale {engine.scale}")
    for column in ("degradation", "steps that fall [95 %]", *(f"{s:.1f}" for s in severities)):
        table.add_column(column)
    fell_all, figures = [], {}
    for kind in DEGRADATIONS:
        scores = direction * np.array([row["scores"][kind] for row in found])
        fell = np.diff(scores, axis=1) < 0
        fell_all.append(fell)
        figures[kind] = {
            "fell": float(fell.mean()),
            "of_each_step": fell.mean(axis=0).tolist(),
            "mean_scores": (direction * scores.mean(axis=0)).tolist(),
        }
        means = [f"{mean:.1f}" for mean in direction * scores.mean(axis=0)]
        table.add_row(kind, share(fell), *means)
    table.add_section()
    table.add_row("all", share(np.stack(fell_all)))
    Console(width=120).print(table)
    for name in found[0]["changes"]:
        change = np.array([row["changes"][name] for row in found])
        figures[name] = {"mean": float(change.mean()), "absolute": float(np.abs(change).mean())}
        print(
            f"{name:<18} mean {change.mean():+.2f}, absolute {np.abs(change).mean():.2f}, "
            f"95 % below {np.quantile(np.abs(change), 0.95):.2f}, most {np.abs(change).max():.2f}"
        )
    reached = np.mean(np.stack(fell_all)) >= TARGET
    print(f"target {TARGET:.0%} of all steps: {'reached' if reached else 'missed'}")
    if options.json:
        values = {
            "severities": severities.tolist(),
            "figures": figures,
            "photos": found,
            "machine": machine(),
        }
        write_text(options.json, json.dumps(values, indent=1) + "\n")


def share(fell) -> str:
    interval = binomtest(int(fell.sum()), fell.size).proportion_ci(method="wilson")
    return f"{fell.mean():.3f} [{interval.low:.3f}, {interval.high:.3f}]"


if __name__ == "__main__":
    main()
