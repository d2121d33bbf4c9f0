"""Training steps of networks with depthwise convolutions: float32, bfloat16, and both.

16 crops of 224, batch-norm at rest. Ours is bfloat16 in which the depthwise convolutions that are
trained stay in float32; the ratio is that of the first network to float32.

    python benchmarks/depthwise_precision.py [--networks mobilenetv2_100 ...] [--threads 1]
"""

from __future__ import annotations

import argparse
import time
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import torch

from _report import Figure, report
from ssliqa.images import Protocol
from ssliqa.memory import keep_freed_memory
from ssliqa.methods import Branch
from ssliqa.models import QualityModel

CROPS, SIDE = 16, 224


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--networks", nargs="+", default=["mobilenetv2_100", "mobilenetv1_100", "convnext_atto"]
    )
    parser.add_argument("--steps", type=int, default=4, help="steps to time; the fastest counts")
    parser.add_argument("--threads", type=int, default=1, help="threads of the processor")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    figures, ratios = [], []
    for name in options.networks:
        plain = seconds(name, options.steps, bf16=False)
        with patch("ssliqa.methods.branch.depthwise_in_float32", lambda _: nullcontext()):
            half = seconds(name, options.steps, bf16=True)
        ours = seconds(name, options.steps, bf16=True)
        for kind, taken in (("float32", plain), ("bfloat16", half), ("ours", ours)):
            figures.append(Figure(f"{name}, {kind}", CROPS / taken, "crops/s"))
        ratios.append(plain / ours)
    report(
        f"Training step, {CROPS} crops of {SIDE}, {options.threads} thread(s)",
        figures,
        ratio=ratios[0],
        ratio_means="ours / float32",
        target=1.1,
        json_file=options.json,
    )


def seconds(name: str, steps: int, *, bf16: bool) -> float:
    """Of the fastest step, after one to warm up."""
    torch.manual_seed(0)
    model = QualityModel.create(name, protocol=Protocol(short=SIDE, crop=SIDE))
    branch = Branch(model, freeze_batch_norm=True, bf16=bf16)
    branch.to(memory_format=torch.channels_last).train()
    adam = torch.optim.AdamW(branch.parameters(), lr=1e-5)
    crops = torch.randint(0, 256, (CROPS, 3, SIDE, SIDE), dtype=torch.uint8)
    times = []
    for _ in range(steps + 1):
        started = time.perf_counter()
        adam.zero_grad()
        branch(crops).distribution.square().mean().backward()
        adam.step()
        times.append(time.perf_counter() - started)
    return min(times[1:])


if __name__ == "__main__":
    main()
