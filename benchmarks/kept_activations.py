"""Training steps with frozen stages: computing them at every step, against computing them once.

SSLIQA, MobileNetV2 <- MobileNetV1, five stages of each frozen, 8 labeled and 16 unlabeled crops of
384 that are drawn from the views of each photograph. Both trainings begin with the same weights and
see the same crops, so their losses must agree up to half precision. The time to compute all
activations once is reported beside, since a first training pays it.

    python benchmarks/kept_activations.py [--steps 6] [--json kept_activations.json]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from _report import Figure, report
from loader import render
from ssliqa.data import CropStream, ahead
from ssliqa.images import ImageCache, Prepared, Protocol, crop_views
from ssliqa.memory import keep_freed_memory
from ssliqa.methods import Branch, Method, Progress
from ssliqa.methods.ssliqa import SSLIQA, SSLIQAConfig
from ssliqa.models import QualityModel
from ssliqa.training import Monitor
from ssliqa.training.activations import keep_activations
from ssliqa.training.streams import Streams

LABELED, UNLABELED = 8, 16
FROZEN, VIEWS = 5, 4
PROTOCOL = Protocol(short=500, crop=384)
PROGRESS = Progress(epoch=9, epochs=10, step=9, steps=10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=6, help="steps to time, after one warm-up")
    parser.add_argument("--photographs", type=int, default=24, help="photographs to train on")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as scratch:
        photos = Path(scratch) / "photos"
        photos.mkdir()
        render(photos, options.photographs)
        cache = ImageCache(Path(scratch) / "cache", 10**10)
        prepared = cache.prepare(sorted(photos.glob("*.jpg")), PROTOCOL, workers=2)
        computed = measure(prepared, options.steps, keep=False)
        kept = measure(prepared, options.steps, keep=True)
    losses = zip(kept["losses"], computed["losses"], strict=True)
    apart = max(abs(one - other) / other for one, other in losses)
    report(
        "Training step with five frozen stages, MobileNetV2 <- MobileNetV1, 24 crops of 384",
        [
            Figure("frozen stages computed at each step", computed["rate"], "crops/s"),
            Figure("frozen stages computed once", kept["rate"], "crops/s"),
            Figure(
                "computing them once, both networks",
                kept["seconds"] / len(prepared),
                "s/photograph",
            ),
            Figure("size on disk, both", kept["bytes"] / 1e6, "MB/photograph"),
            Figure("largest relative difference of the losses", apart, ""),
        ],
        ratio=kept["rate"] / computed["rate"],
        ratio_means="once / at each step",
        target=2,
        json_file=options.json,
    )


def measure(prepared: Prepared, steps: int, *, keep: bool) -> dict:
    """Losses, crops per second, and what keeping the activations took."""
    torch.manual_seed(0)
    branches = {
        name: Branch(
            QualityModel.create(backbone, protocol=PROTOCOL),
            freeze_batch_norm=True,
            frozen_stages=FROZEN,
            enter_trunk=keep,
        )
        for name, backbone in (("student", "mobilenetv2_100"), ("teacher", "mobilenetv1_100"))
    }
    method: Method = SSLIQA(SSLIQAConfig(ramp="none"), branches)
    method = method.to(memory_format=torch.channels_last).train()
    started = time.perf_counter()
    everything = list(range(len(prepared)))
    kept = keep_activations(method, prepared, everything, VIEWS, Monitor()) if keep else {}
    seconds = time.perf_counter() - started

    def stream(size: int, number: int, first: int, count: int) -> CropStream:
        def of(activations):
            return lambda index: activations(first + index)

        return CropStream(
            count,
            lambda index: prepared.image(first + index),
            PROTOCOL.crop,
            size,
            seed=0,
            stream=number,
            views=crop_views(VIEWS),
            activations={key: of(activations) for key, activations in kept.items()},
            with_pixels=not keep,
        )

    third = len(prepared) // 3
    targets = np.random.default_rng(0).dirichlet(np.ones(5), size=third)
    source = Streams(
        stream(LABELED, 0, 0, third),
        stream(UNLABELED, 1, third, len(prepared) - third),
        lambda indices: targets[indices],
    )
    adam = torch.optim.AdamW([v for v in method.parameters() if v.requires_grad], lr=1e-4)
    losses, times = [], []
    for labeled, unlabeled in ahead(lambda step: source.batch(0, step), 0, steps + 1):
        result = method(labeled, unlabeled, PROGRESS)
        adam.zero_grad()
        result.loss.backward()
        adam.step()
        method.after_step()
        losses.append(result.loss.item())
        times.append(time.perf_counter())
    rate = (LABELED + UNLABELED) * steps / (times[-1] - times[0])
    size = sum(activations.bytes_each for activations in kept.values())
    return {"losses": losses, "rate": rate, "seconds": seconds, "bytes": size}


if __name__ == "__main__":
    main()
