"""Do intervals hold where the images they come from also chose which weights were kept?

    python benchmarks/kept_best.py --labels ratings.csv --images images --scale 0-100 \\
        --weights mobilenetv1_025.safetensors

A frozen network's features of every photograph are computed once. On each of many random splits
(70 % training, 10 % validation, 20 % test) a linear head learns from them for 12 epochs by AdamW.
Intervals are calibrated on the validation images at the last epoch, and at the epoch of the best
validation SRCC (``--keep best``), and counted on the test images, which chose nothing. The last row
calibrates the best epoch on half of the test images instead and counts on the other half.
"""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from _report import machine
from ssliqa import Protocol, QualityModel, read_label_table
from ssliqa.data import LabelTable
from ssliqa.files import write_text
from ssliqa.images import fixed_crops, read_image, resize_image
from ssliqa.losses import squared_cdf_error
from ssliqa.metrics import srcc
from ssliqa.models import Calibration
from ssliqa.opinion import distribution_mean

Array = NDArray[np.float64]


def features_of(table: LabelTable, network: str, weights: str) -> torch.Tensor:
    """Mean activation over the fixed crops of each photograph, (N, F)."""
    model = QualityModel.create(
        network, weights=weights, protocol=Protocol(crop=384, grid=2)
    ).eval()
    rows = []
    with torch.inference_mode():
        for path in track(table.paths, "features"):
            crops = fixed_crops(resize_image(read_image(path), model.protocol), model.protocol)
            rows.append(model(torch.from_numpy(crops).permute(0, 3, 1, 2)).activation.mean(0))
    return torch.stack(rows)


def epochs_of_a_head(
    features: torch.Tensor, target: torch.Tensor, train: NDArray[np.int64], epochs: int, seed: int
) -> list[Array]:
    """Predicted distributions (N, 5) of all photographs after each epoch of a training."""
    torch.manual_seed(seed)
    features = (features - features[train].mean(0)) / (features[train].std(0) + 1e-3)
    head = torch.nn.Linear(features.shape[1], 5)
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3, weight_decay=0.01)
    found = []
    for _ in range(epochs):
        for batch in torch.tensor(train)[torch.randperm(len(train))].split(16):
            loss = squared_cdf_error(head(features[batch]).softmax(1), target[batch]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            found.append(head(features).softmax(1).double().numpy())
    return found


def measure(
    table: LabelTable, features: torch.Tensor, splits: int, epochs: int
) -> dict[str, object]:
    truth = table.scale.to_levels(table.mos)
    target = torch.from_numpy(table.distribution).float()
    n, inside, widths, best_epochs = len(truth), {}, {}, []
    for seed in track(range(splits), "splits"):
        order = np.random.default_rng(seed).permutation(n)
        train, validation, test = np.split(order, [int(0.7 * n), int(0.8 * n)])
        seen = epochs_of_a_head(features, target, train, epochs, seed)
        quality = [srcc(distribution_mean(p[validation]), truth[validation]) for p in seen]
        best = int(np.argmax(quality))
        best_epochs.append(best + 1)
        half = len(test) // 2
        for name, shares, on, counted in (
            ("last epoch, calibrated on validation", seen[-1], validation, test),
            ("best epoch, calibrated on validation", seen[best], validation, test),
            ("best epoch, calibrated on other images", seen[best], test[:half], test[half:]),
        ):
            lower, upper = Calibration.fit(shares[on], truth[on]).interval(shares[counted])
            held = (lower <= truth[counted]) & (truth[counted] <= upper)
            inside.setdefault(name, []).append(held.mean())
            width = table.scale.std_from_levels(upper - lower).mean()
            widths.setdefault(name, []).append(width)
    return {
        "photographs": n,
        "splits": splits,
        "epochs": epochs,
        "mean_best_epoch": float(np.mean(best_epochs)),
        "figures": {
            name: {
                "coverage": float(np.mean(shares)),
                "standard_error": float(np.std(shares, ddof=1) / np.sqrt(splits)),
                "width": float(np.mean(widths[name])),
            }
            for name, shares in inside.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--labels", required=True, help="table of ratings")
    parser.add_argument("--images", required=True, help="folder of its photographs")
    parser.add_argument("--scale", default="1-5", help="scale of the ratings")
    parser.add_argument("--network", default="mobilenetv1_025", help="whose features are taken")
    parser.add_argument("--weights", default="hub", help="its weights: hub, FILE or DIR")
    parser.add_argument("--splits", type=int, default=100, help="random splits")
    parser.add_argument("--epochs", type=int, default=12, help="epochs to choose among")
    parser.add_argument("--json", type=Path, help="write machine, versions and figures here")
    options = parser.parse_args()
    table = read_label_table(options.labels, options.images, scale=options.scale)
    features = features_of(table, options.network, options.weights)
    result = measure(table, features, options.splits, options.epochs)

    title = (
        f"90 % intervals, {result['splits']} splits of {result['photographs']} photographs; best "
        f"of {result['epochs']} epochs: {result['mean_best_epoch']:.1f} on average"
    )
    shown = Table(title=title)
    for heading in ("weights and calibration", "coverage", "standard error", "mean width"):
        shown.add_column(heading)
    for name, figures in result["figures"].items():  # type: ignore[attr-defined]
        shown.add_row(
            name,
            f"{100 * figures['coverage']:.2f} %",
            f"{100 * figures['standard_error']:.2f}",
            f"{figures['width']:.1f}",
        )
    Console(width=110).print(shown)
    if options.json:
        versions = {name: version(name) for name in ("ssliqa", "torch", "timm", "numpy")}
        record = {
            "benchmark": "kept_best",
            "machine": machine(),
            "versions": versions | {"python": platform.python_version()},
            "network": options.network,
            **result,
        }
        write_text(options.json, json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
