"""Photographs scored per second, the whole way from JPEG files, by each engine and as peers do it.

One photograph becomes --count files of 1024x768 and --large of 12 megapixels (4000x3000), each cut
at another place. Every row of a size and a network scores the same files:

    decoding    reading, decoding and resizing alone, in 2 threads
    peers       one photograph at a time: Pillow, the same resize and the same crops, normalization
                with torch, the network with PyTorch on 1 thread or on 2; the better one counts
    network     the network alone on pixels that are ready, 2 photographs at once: its bound
    ours        score_photos, 2 photographs at once

Each row is measured in turn, --rounds times over; the best of each counts, since other programs can
only slow a row down. Beside the rate stands the processor time of a photograph, all threads
together, which says nearly the same on a busy machine.

The model's image protocol decides what a photograph costs; it is the default one (short side 512,
9 crops of 224) unless --short, --crop and --grid say otherwise. Weights are random: they do not
change the time.

    python benchmarks/scoring.py [--json scoring.json]
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from _report import Figure, report
from ssliqa.images import Protocol, read_resized
from ssliqa.models import QualityModel
from ssliqa.scoring import score_photos
from ssliqa.scoring.engines import Engine, OnnxRuntimeEngine, OpenVinoEngine, TorchEngine
from ssliqa.scoring.export import export_model

WORKERS = 2
SIZES = {"1024x768": (1024, 768), "12 megapixels": (4000, 3000)}
NETWORKS = ("mobilenetv2_100", "mobilenetv1_025")
TARGET = 5.0  # times as fast as peers, with mobilenetv2_100 at 1024x768
OF_DECODING = 0.6  # of the rate of decoding alone, with mobilenetv1_025 at 1024x768
OF_BOUND = 0.85  # of the network's own rate, where that is lower


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", type=Path, help="photograph to make the files from")
    parser.add_argument("--count", type=int, default=60, help="files of 1024x768")
    parser.add_argument("--large", type=int, default=12, help="files of 12 megapixels")
    parser.add_argument("--rounds", type=int, default=2, help="repetitions; the best one counts")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--int8", action="store_true", help="measure networks of 8 bits, too")
    parser.add_argument("--bf16", action="store_true", help="measure OpenVINO in bfloat16, too")
    for name in ("short", "crop", "grid"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Protocol, name))
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()

    protocol = Protocol(short=options.short, crop=options.crop, grid=options.grid)
    rates: dict[tuple[str, str, str], tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        files = photographs(Path(scratch), options.photo, options.count, options.large)
        for name in options.networks:
            torch.manual_seed(0)
            model = QualityModel.create(name, protocol=protocol).eval()
            engines = all_engines(model, Path(scratch), files["1024x768"], options)
            for size, paths in files.items():
                for row, rate in measured(model, engines, paths, options.rounds).items():
                    rates[name, size, row] = rate
    show(rates, options, protocol)


def photographs(
    folder: Path, photo: Path | None, count: int, large: int
) -> dict[str, Sequence[Path]]:
    """Files of each size, cut from one photograph at different places, JPEG quality 90."""
    if photo is None:
        import skimage

        photo = Path(skimage.__file__).parent / "data" / "coffee.png"
    image = Image.open(photo).convert("RGB")
    files = {}
    for (size, (width, height)), many in zip(SIZES.items(), (count, large), strict=True):
        # Enlarged a little beyond the size, so that there are places to cut from.
        scale = 1.1 * max(width / image.width, height / image.height)
        whole = image.resize((int(image.width * scale), int(image.height * scale)))
        room = whole.width - width, whole.height - height
        files[size] = []
        for k in range(many):
            left, top = (int(share * (k + 0.5) / many) for share in room)
            path = folder / f"{width}-{k:03d}.jpg"
            whole.crop((left, top, left + width, top + height)).save(path, quality=90)
            files[size].append(path)
    return files


def all_engines(
    model: QualityModel, scratch: Path, some: Sequence[Path], options: argparse.Namespace
) -> dict[str, Engine]:
    """The model in every engine; the networks of 8 bits are calibrated on a few of the files."""
    file = export_model(model, scratch / f"{model.name}.onnx").file
    engines: dict[str, Engine] = {
        "torch": TorchEngine(model),
        "onnxruntime": OnnxRuntimeEngine(file),
        "openvino": OpenVinoEngine(file),
    }
    if options.bf16:
        engines["openvino, bf16"] = OpenVinoEngine(file, "bf16")
    if options.int8:
        file = export_model(
            model, scratch / f"{model.name}-int8.onnx", calibrate_on=some[:8], tolerance=1
        ).file
        engines["onnxruntime, int8"] = OnnxRuntimeEngine(file)
        engines["openvino, int8"] = OpenVinoEngine(file)
    return engines


def measured(
    model: QualityModel, engines: dict[str, Engine], paths: Sequence[Path], rounds: int
) -> dict[str, tuple[float, float]]:
    """Of each row the best rate, photographs per second, and the least processor time of one."""
    protocol = model.protocol
    ready = [read_resized(path, protocol) for path in paths[:4]]
    rows: dict[str, Callable[[], int]] = {
        "decoding": lambda: in_threads(lambda path: read_resized(path, protocol), paths),
    }
    for threads in (1, WORKERS):
        rows[f"peers, threads: {threads}"] = lambda threads=threads: as_peers_do(
            model, paths[: max(4, len(paths) // 4)], threads
        )
    for name, engine in engines.items():
        pixels = list(itertools.islice(itertools.cycle(ready), max(8, len(paths) // 2)))
        rows[f"network: {name}"] = lambda engine=engine, pixels=pixels: in_threads(
            engine.predict, pixels
        )
        rows[f"ours: {name}"] = lambda engine=engine: sum(
            1 for _ in score_photos(engine, paths, workers=WORKERS)
        )
    best: dict[str, tuple[float, float]] = {}
    for _ in range(rounds):
        for name, row in rows.items():
            begun, worked = time.perf_counter(), time.process_time()
            count = row()
            rate = count / (time.perf_counter() - begun)
            cost = (time.process_time() - worked) / count
            fastest, cheapest = best.get(name, (rate, cost))
            best[name] = max(fastest, rate), min(cheapest, cost)
    return best


def in_threads(work: Callable[..., object], items: Sequence[object]) -> int:
    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(1 for _ in pool.map(work, items))


@torch.inference_mode()
def as_peers_do(model: QualityModel, paths: Sequence[Path], threads: int) -> int:
    """The plain loop: open, resize, cut, normalize, run, one photograph after the other."""
    protocol = model.protocol
    mean, std = torch.tensor(model.backbone.mean), torch.tensor(model.backbone.std)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    levels = torch.arange(1.0, 6.0)
    for path in paths:
        image = Image.open(path).convert("RGB")
        height, width = protocol.target_size(image.height, image.width)
        image = image.resize((width, height), Image.Resampling.BILINEAR)
        crops = [
            torch.from_numpy(np.array(image.crop((x, y, x + protocol.crop, y + protocol.crop))))
            for x, y in corners(width, height, protocol)
        ]
        batch = torch.stack(crops).permute(0, 3, 1, 2).contiguous().float() / 255
        batch = (batch - mean.view(3, 1, 1)) / std.view(3, 1, 1)
        shares = model.head(model.backbone(batch)).softmax(dim=1)
        float(shares.mean(0) @ levels)
    torch.set_num_threads(before)
    return len(paths)


def corners(width: int, height: int, protocol: Protocol) -> Iterator[tuple[int, int]]:
    steps = max(protocol.grid - 1, 1)
    for row in range(protocol.grid):
        for column in range(protocol.grid):
            yield (
                column * (width - protocol.crop) // steps,
                row * (height - protocol.crop) // steps,
            )


def show(
    rates: dict[tuple[str, str, str], tuple[float, float]],
    options: argparse.Namespace,
    protocol: Protocol,
) -> None:
    figures = [Figure("crops of a photograph", protocol.test_count, f"of {protocol.crop}")]
    for (network, size, row), (rate, cost) in rates.items():
        figures.append(Figure(f"{network}, {size}: {row}", rate, "photographs/s"))
        figures.append(Figure("   its processor time", 1e3 * cost, "ms"))
    summary = {}
    for case in dict.fromkeys((network, size) for network, size, _ in rates):
        rows = {row: both for (*of, row), both in rates.items() if tuple(of) == case}
        best = max((row for row in rows if row.startswith("ours")), key=lambda row: rows[row][0])
        rate, cost = rows[best]
        bound, decoding = rows[best.replace("ours", "network")][0], rows["decoding"][0]
        # Two stages on the same cores: a photograph costs the sum of both.
        together = 1 / (1 / bound + 1 / decoding)
        peers = [rows[row] for row in rows if row.startswith("peers")]
        summary[case] = rate / max(rate for rate, _ in peers)
        figures += [
            Figure(f"{', '.join(case)}: best ({best}) / peers", summary[case], "times"),
            Figure("   the same by processor time", min(cost for _, cost in peers) / cost, "times"),
            Figure("   / decoding alone", rate / decoding, f"target {OF_DECODING:g}"),
            Figure("   / the network alone, its bound", rate / bound, f"or {OF_BOUND:g}"),
            Figure("   / both one after the other", rate / together, ""),
        ]
    chosen = next(iter(summary))
    report(
        "Photographs per second, from JPEG files to scores",
        figures,
        ratio=summary[chosen],
        ratio_means=f"ours / peers, {', '.join(chosen)}",
        target=TARGET,
        json_file=options.json,
    )


if __name__ == "__main__":
    main()
