"""Images per second of a training step: the published schedule against ours, on the same data.

AlexNet <- ResNet-101, 16 labeled + 32 unlabeled crops of 224, on the CPU. The published schedule:
float32, an autograd graph in both branches for all images, decoding and resizing for every crop (in
a DataLoader with two workers), PyTorch's memory settings. Ours: the same mathematics (preset
'paper'), no graph where none is used, crops from the cache, channels-last, bfloat16 where the
processor has it, memory kept between layers. Both begin with the same weights and see the same
crops, so their losses must agree.

Each schedule runs in a process of its own, because memory settings are per process.

    python benchmarks/training_step.py [--steps 4] [--json training_step.json]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from _report import Figure, report
from loader import PUBLISHED, render
from ssliqa.data import CropStream, ahead
from ssliqa.images import ImageCache, read_resized
from ssliqa.losses import angle_relation
from ssliqa.memory import keep_freed_memory
from ssliqa.methods import Branch, Labeled, Progress
from ssliqa.methods.ssliqa import SSLIQA, SSLIQAConfig
from ssliqa.models import QualityModel
from ssliqa.training import BranchConfig
from ssliqa.training.precision import use_bf16
from ssliqa.training.presets import read_preset
from ssliqa.training.streams import Batch, Streams

LABELED, UNLABELED = 16, 32
LEARNING_RATE = 2e-4
PUBLISHED_METHOD = {
    key: value for key, value in read_preset("paper")["method"].items() if key != "name"
}
PAPER = SSLIQAConfig(**{**PUBLISHED_METHOD, "ramp": "none"})
PROGRESS = Progress(epoch=9, epochs=10, step=9, steps=10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4, help="steps to time, after one warm-up")
    parser.add_argument("--rounds", type=int, default=2, help="repetitions, in turn; best counts")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--schedule", choices=("published", "ours"), help=argparse.SUPPRESS)
    parser.add_argument("--photos", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.schedule:
        print(json.dumps(measure(options.schedule, options.photos, options.steps)))
        return

    best: dict[str, float] = {"published": 0.0, "ours": 0.0}
    losses: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        render(Path(scratch), 96)
        for _ in range(options.rounds):
            for schedule in best:
                command = [sys.executable, __file__, "--schedule", schedule, "--photos", scratch]
                command += ["--steps", str(options.steps)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                result = json.loads(done.stdout.splitlines()[-1])
                best[schedule] = max(best[schedule], result["images_per_second"])
                losses[schedule] = result["losses"]
    apart = max(
        abs(ours - published) / published
        for ours, published in zip(losses["ours"], losses["published"], strict=True)
    )
    report(
        "Training step, AlexNet <- ResNet-101, 16 labeled + 32 unlabeled crops",
        [
            Figure("published schedule", best["published"], "images/s"),
            Figure("ours", best["ours"], "images/s"),
            Figure("loss after the last step, published", losses["published"][-1], ""),
            Figure("loss after the last step, ours", losses["ours"][-1], ""),
            Figure("largest relative difference of the losses", apart, ""),
        ],
        ratio=best["ours"] / best["published"],
        ratio_means="ours / published",
        target=3,
        json_file=options.json,
    )


def measure(schedule: str, photos: Path, steps: int) -> dict[str, float | list[float]]:
    """Losses and images per second of one schedule; the first step is a warm-up."""
    if schedule == "ours":
        keep_freed_memory()
    torch.manual_seed(0)
    models = {
        "student": QualityModel.create("alexnet", head="published", protocol=PUBLISHED),
        "teacher": QualityModel.create("resnet101", head="published", protocol=PUBLISHED),
    }
    paths = sorted(photos.glob("*.jpg"))
    losses, times = [], [0.0]
    run = published if schedule == "published" else ours
    for loss in run(models, paths, steps + 1):
        losses.append(loss)
        times.append(time.perf_counter())
    seconds = times[-1] - times[1]
    return {"images_per_second": (LABELED + UNLABELED) * steps / seconds, "losses": losses}


def streams(pixels: Callable[[int], NDArray[np.uint8]], count: int) -> Streams:
    """The same crops for both schedules, from whatever source of pixels."""
    half = count // 3
    targets = np.random.default_rng(0).dirichlet(np.ones(5), size=half)

    def stream(size: int, number: int, first: int, many: int) -> CropStream:
        return CropStream(many, lambda k: pixels(first + k), PUBLISHED.crop, size, 0, number)

    return Streams(
        labeled=stream(LABELED, 0, 0, half),
        unlabeled=stream(UNLABELED, 1, half, count - half),
        target=lambda indices: targets[indices],
    )


class Steps(Dataset[Batch]):
    """Batches by step, each crop decoded and resized for itself."""

    def __init__(self, paths: list[Path], steps: int) -> None:
        self.paths = paths
        self.steps = steps

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> Batch:
        def decode(k: int) -> NDArray[np.uint8]:
            return read_resized(self.paths[k], PUBLISHED)

        return streams(decode, len(self.paths)).batch(0, step)


def published(models: dict[str, QualityModel], paths: list[Path], steps: int) -> Iterator[float]:
    """The authors' step, written plainly: every forward with a graph, one Adam a branch."""
    student, teacher = models["student"].train(), models["teacher"].train()
    adams = [torch.optim.Adam(model.parameters(), lr=LEARNING_RATE) for model in (student, teacher)]
    mse = torch.nn.functional.mse_loss
    for (images, target), (unlabeled, _) in DataLoader(Steps(paths, steps), None, num_workers=2):
        taught, teaching = student(images.contiguous()), teacher(images.contiguous())
        taught_free = student(unlabeled.contiguous())
        teaching_free = teacher(unlabeled.contiguous())
        consistency = sum(
            mse(s.distribution, t.distribution.detach())
            + 100 * angle_relation(s.activation, t.activation.detach(), mask_trivial=False)
            for s, t in ((taught, teaching), (taught_free, teaching_free))
        )
        loss = mse(taught.distribution, target) + consistency
        teacher_loss = mse(teaching.distribution, target)
        for adam in adams:
            adam.zero_grad()
        (loss + teacher_loss).backward()
        for adam in adams:
            adam.step()
        yield float(loss + teacher_loss)


def ours(models: dict[str, QualityModel], paths: list[Path], steps: int) -> Iterator[float]:
    """The step of ssliqa's training loop."""
    cpu = torch.device("cpu")
    branches = {
        name: Branch(model, bf16=use_bf16(BranchConfig(), cpu)) for name, model in models.items()
    }
    method = SSLIQA(PAPER, branches).to(memory_format=torch.channels_last).train()
    adam = torch.optim.Adam(method.parameters(), lr=LEARNING_RATE)
    with tempfile.TemporaryDirectory() as folder:
        prepared = ImageCache(Path(folder), 10**10).prepare(paths, PUBLISHED, workers=2)
        source = streams(prepared.image, len(paths))
        for labeled, unlabeled in ahead(lambda step: source.batch(0, step), 0, steps):
            result = method(Labeled(*labeled), unlabeled, PROGRESS)
            adam.zero_grad()
            result.loss.backward()
            adam.step()
            yield float(result.loss)


if __name__ == "__main__":
    main()
