"""How much scores change when large JPEGs are decoded at a reduced scale, and what it saves.

Each photo is decoded whole and at a half, a quarter and an eighth, resized by the model's protocol
and scored. Changes of the score are listed by how many times as large as the protocol's size the
reduced picture still was. Beside them stands a yardstick: the same photo saved once more as JPEG
of quality 95.

    python benchmarks/reduced_decoding.py --photos DIR --models RUN [RUN ...]
                                          [--mosaics-of DIR] [--noise 12] [--json reduced.json]

``--mosaics-of`` makes photos of 12 megapixels of the small ones in a folder, side by side: real
pixels where large photos are rare. ``--noise`` adds to each photo a copy with Gaussian noise of
that standard deviation, as high sensitivity gives; noise is what a reduced scale treats otherwise.
"""

from __future__ import annotations

import argparse
import io
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from _report import Figure, report
from ssliqa import load_model
from ssliqa.images.jpeg import decode_jpeg
from ssliqa.images.resize import resize_to
from ssliqa.models import QualityModel, Score

RATIOS = (1.0, 1.5, 2.0, 3.0, 4.0)
LEAST_PIXELS = 4_000_000
MOSAIC = (3000, 4000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, help="folder of large JPEGs, searched throughout")
    parser.add_argument("--most", type=int, help="number of these photos to take, evenly")
    parser.add_argument("--mosaics-of", type=Path, help="folder of small photos")
    parser.add_argument("--mosaics", type=int, default=20, help="how many to make")
    parser.add_argument("--noise", type=float, default=0.0, help="of a noisy copy of each photo")
    parser.add_argument("--models", nargs="+", required=True, help="run or model folders")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()

    models = {name: load_model(name) for name in options.models}
    changes: dict[str, list[float]] = defaultdict(list)
    times: dict[str, list[float]] = defaultdict(list)
    for content in every_photo(options):
        sizes = {model.protocol.target_size(*size_of(content)) for model in models.values()}
        pictures = {
            (target, name): timed(times, name, content, scale, target)
            for target in sizes
            for name, scale in (("whole", 1), ("1/2", 2), ("1/4", 4), ("1/8", 8))
        }
        for target in sizes:
            timed_pillow(times, content, target)
        again = saved_again(content)
        for model in models.values():
            height, width = size_of(content)
            target = model.protocol.target_size(height, width)
            whole = score(model, pictures[target, "whole"])
            per_point = 100 / (model.scale.high - model.scale.low)
            resaved = score(model, resized(again, 1, target))
            changes["saved again at quality 95"].append(abs(resaved - whole) * per_point)
            for name, scale in (("1/2", 2), ("1/4", 4), ("1/8", 8)):
                ratio = min(height / target[0], width / target[1]) / scale
                if ratio < RATIOS[0]:
                    continue
                lower = max(limit for limit in RATIOS if ratio >= limit)
                change = abs(score(model, pictures[target, name]) - whole) * per_point
                changes[f"reduced, still {lower:.3g} times as large or more"].append(change)
    figures = []
    for name in sorted(changes):
        values = np.array(changes[name])
        for what, value in (
            ("mean", values.mean()),
            ("95 %", np.quantile(values, 0.95)),
            ("most", values.max()),
        ):
            figures.append(Figure(f"{name} ({len(values)}), {what}", float(value), "% of scale"))
    for name, seconds in times.items():
        figures.append(Figure(f"decode {name} and resize, median", 1e3 * np.median(seconds), "ms"))
    before, after = np.median(times["whole by Pillow"]), np.median(times["1/2"])
    report(
        "Scores of JPEGs decoded at a reduced scale",
        figures,
        float(before / after),
        "time of whole by Pillow / time of a half",
        2.0,
        options.json,
    )


def every_photo(options: argparse.Namespace) -> Iterator[bytes]:
    """JPEG files of at least 4 megapixels, each followed by its noisy copy."""
    rng = np.random.default_rng(0)
    for content in [*some(large_ones(options.photos), options.most), *mosaics(options, rng)]:
        yield content
        if options.noise:
            pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=np.float32)
            pixels = pixels + rng.normal(0, options.noise, pixels.shape).astype(np.float32)
            yield as_jpeg(np.clip(pixels, 0, 255).astype(np.uint8), 92)


def some(photos: Iterator[bytes], most: int | None) -> list[bytes]:
    found = list(photos)
    return found if most is None else found[:: max(1, len(found) // most)][:most]


def large_ones(folder: Path | None) -> Iterator[bytes]:
    seen = set()
    for path in sorted(folder.rglob("*.jp*g")) if folder else []:
        content = path.read_bytes()
        if content not in seen and np.prod(size_of(content)) >= LEAST_PIXELS:
            seen.add(content)
            yield content


def mosaics(options: argparse.Namespace, rng: np.random.Generator) -> Iterator[bytes]:
    if options.mosaics_of is None:
        return
    paths = sorted(options.mosaics_of.iterdir())
    height, width = MOSAIC
    for _ in range(options.mosaics):
        mosaic = np.zeros((height, width, 3), np.uint8)
        for top in range(0, height, 500):
            for left in range(0, width, 500):
                with Image.open(paths[rng.integers(len(paths))]) as photo:
                    tile = np.asarray(photo.convert("RGB"))[:500, :500]
                mosaic[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
        yield as_jpeg(mosaic, 95)


def size_of(content: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(content)) as image:
        return image.height, image.width


def as_jpeg(pixels: NDArray[np.uint8], quality: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def saved_again(content: bytes) -> bytes:
    return as_jpeg(np.asarray(Image.open(io.BytesIO(content)).convert("RGB")), 95)


def timed(
    times: dict[str, list[float]], name: str, content: bytes, scale: int, target: tuple[int, int]
) -> NDArray[np.uint8]:
    begun = time.process_time()  # one thread decodes, so this holds on a busy machine, too
    pixels = resized(content, scale, target)
    times[name].append(time.process_time() - begun)
    return pixels


def timed_pillow(times: dict[str, list[float]], content: bytes, target: tuple[int, int]) -> None:
    """The way most programs go."""
    begun = time.process_time()
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    resize_to(Image.fromarray(pixels), target)
    times["whole by Pillow"].append(time.process_time() - begun)


def resized(content: bytes, scale: int, target: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = size_of(content)
    return resize_to(decode_jpeg(content, scale), target, (0, 0, width / scale, height / scale))


def score(model: QualityModel, pixels: NDArray[np.uint8]) -> float:
    return Score.of(model.predict(pixels), model.scale).score


if __name__ == "__main__":
    main()
