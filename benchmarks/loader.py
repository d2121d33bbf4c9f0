"""Training crops per second: decoding for every crop against the image cache.

The published way decodes and resizes a photo anew for each of its crops, in a DataLoader with two
workers. Ours decodes each photo once (the first pass, reported beside) and cuts crops from
memory-mapped pixels in the training process. Both deliver batches of 48 uint8 crops of 224, from
photos resized to 512 x 384 with positions and flips drawn at random.

    python benchmarks/loader.py [--images DIR] [--json loader.json]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, RandomSampler

from _report import Figure, report
from ssliqa.images import ImageCache, Prepared, Protocol, random_crop

BATCH = 48
PUBLISHED = Protocol(resize="exact", height=512, width=384, crop=224)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, help="folder of photos (default: rendered ones)")
    parser.add_argument("--count", type=int, default=200, help="photos to render")
    parser.add_argument("--seconds", type=float, default=10.0, help="time to measure each way for")
    parser.add_argument("--workers", type=int, default=2, help="processes or threads that decode")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        if options.images is None:
            paths = render(Path(scratch), options.count)
        else:
            paths = sorted(path for path in options.images.iterdir() if path.is_file())
        begun = time.perf_counter()
        cache = ImageCache(Path(scratch) / "cache", limit_bytes=10**11)
        prepared = cache.prepare(paths, PUBLISHED, workers=options.workers)
        first_pass = time.perf_counter() - begun
        begun = time.perf_counter()
        cache.prepare(paths, PUBLISHED, workers=options.workers)
        later_pass = time.perf_counter() - begun
        if prepared.failures or prepared.uncached:
            parser.error(
                f"{len(prepared.failures)} photos unreadable, {prepared.uncached} uncached"
            )

        published = crops_per_second(
            lambda: decode_per_crop(paths, options.workers), options.seconds
        )
        ours = crops_per_second(lambda: crops_from_cache(prepared), options.seconds)
        published_cpu = cpu_per_crop(lambda: decode_per_crop(paths, workers=0), batches=3)
        ours_cpu = cpu_per_crop(lambda: crops_from_cache(prepared), batches=100)
        kilobytes = sum(path.stat().st_size for path in paths) / 1e3

    break_even = first_pass / (1 / published - 1 / ours)
    report(
        "Crops per second in the steady state",
        [
            Figure("photos", len(paths), "files"),
            Figure("mean file size", kilobytes / len(paths), "kB"),
            Figure(f"published: decode per crop, {options.workers} workers", published, "crops/s"),
            Figure("ours: cache, in the training process", ours, "crops/s"),
            Figure("published: processor time of a crop", 1e3 * published_cpu, "ms"),
            Figure("ours: processor time of a crop", 1e3 * ours_cpu, "ms"),
            Figure(f"first pass, {options.workers} threads", len(paths) / first_pass, "photos/s"),
            Figure("first pass, total", first_pass, "s"),
            Figure("later runs: verify the cache", len(paths) / later_pass, "photos/s"),
            Figure("break-even, in all", break_even, "crops"),
            Figure("break-even, per photo", break_even / len(paths), "crops"),
        ],
        ratio=ours / published,
        ratio_means="ours / published",
        target=10,
        json_file=options.json,
    )


class DecodePerCrop(Dataset[torch.Tensor]):
    """The published pipeline in plain Pillow."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        image = Image.open(self.paths[index]).convert("RGB")
        image = image.resize((PUBLISHED.width, PUBLISHED.height), Image.Resampling.BILINEAR)
        top = int(torch.randint(PUBLISHED.height - PUBLISHED.crop + 1, ()))
        left = int(torch.randint(PUBLISHED.width - PUBLISHED.crop + 1, ()))
        image = image.crop((left, top, left + PUBLISHED.crop, top + PUBLISHED.crop))
        if torch.rand(()) < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return torch.from_numpy(np.array(image))


def decode_per_crop(paths: list[Path], workers: int) -> Iterator[torch.Tensor]:
    dataset = DecodePerCrop(paths)
    endless = RandomSampler(dataset, replacement=True, num_samples=10**9)
    yield from DataLoader(dataset, BATCH, sampler=endless, num_workers=workers)


def crops_from_cache(prepared: Prepared) -> Iterator[torch.Tensor]:
    generator = np.random.default_rng(0)
    crop = PUBLISHED.crop
    while True:
        batch = np.empty((BATCH, crop, crop, 3), np.uint8)
        indices = generator.integers(0, len(prepared), BATCH)
        for row, index in enumerate(indices):
            u, v, coin = generator.random(3)
            random_crop(prepared.image(index), crop, u, v, coin < 0.5, out=batch[row])
        yield torch.from_numpy(batch)


def crops_per_second(start: Callable[[], Iterator[torch.Tensor]], seconds: float) -> float:
    """Rate after a warm-up: workers have started, their queues are full, files are in memory."""
    batches = start()
    for _ in range(8):
        next(batches)
    crops = 0
    begun = time.perf_counter()
    while (elapsed := time.perf_counter() - begun) < seconds:
        crops += len(next(batches))
    return crops / elapsed


def cpu_per_crop(start: Callable[[], Iterator[torch.Tensor]], batches: int) -> float:
    """Processor seconds for a crop in this process: tells the same when others compute too."""
    stream = start()
    next(stream)
    begun = time.process_time()
    for _ in range(batches):
        next(stream)
    return (time.process_time() - begun) / (batches * BATCH)


def render(folder: Path, count: int) -> list[Path]:
    """Write 1024 x 768 JPEGs of quality 90 with the spectrum of natural images.

    Amplitude falls with frequency to the power of 1.2 (Tolhurst, Tadmor and Chao, "Amplitude
    spectra of natural images", 1992); the channels share most of their variation.
    """
    height, width = 768, 1024
    y, x = np.fft.fftfreq(height, 1 / height)[:, None], np.fft.rfftfreq(width, 1 / width)
    falloff = np.maximum(np.hypot(y, x), 1) ** -1.2
    paths = []
    for number in range(count):
        generator = np.random.default_rng(number)
        noise = generator.standard_normal((3, height, width), dtype=np.float32)
        fields = np.fft.irfft2(np.fft.rfft2(noise) * falloff, (height, width))
        fields /= fields.std(axis=(1, 2), keepdims=True)
        light = fields[0]
        channels = [light + 0.3 * fields[1], light, light + 0.3 * fields[2]]
        pixels = np.clip(120 + 50 * np.stack(channels, axis=2), 0, 255).astype(np.uint8)
        paths.append(folder / f"{number:04d}.jpg")
        Image.fromarray(pixels).save(paths[-1], quality=90)
    return paths


if __name__ == "__main__":
    main()
