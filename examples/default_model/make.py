"""Train, measure and pack the model that comes with ssliqa.

    python examples/default_model/make.py --livec DATA/livec --unlabeled DATA/unlabeled \
        --weights WEIGHTS --out OUT

DATA/livec holds ratings.csv and images/ of the LIVE In the Wild Image Quality Challenge Database,
DATA/unlabeled any photographs, WEIGHTS mobilenetv2_100.safetensors. Each part that is finished in
OUT is not done again, so the same command goes on where it was stopped. At the end OUT/default is
the model's folder; copy it to src/ssliqa/models/pretrained/default to ship it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from safetensors.torch import load_file, save_file

from ssliqa import load_model
from ssliqa.files import write_text
from ssliqa.models import Calibration, save_calibration
from ssliqa.opinion import Scale

HERE = Path(__file__).parent
BENCHMARKS = HERE.parents[1] / "benchmarks"
SHIPPED = HERE.parents[1] / "src/ssliqa/models/pretrained/default"
KINDS = {
    "blur": "blur",
    "noise": "noise",
    "jpeg": "JPEG compression",
    "under": "too little exposure",
    "over": "too much exposure",
    "small": "reduced and enlarged again",
    "shake": "motion blur",
}


def main() -> None:
    parser = folders_parser(__doc__)
    parser.add_argument("--photos", type=int, default=100, help="photographs to degrade")
    parser.add_argument(
        "--seed", type=int, default=0, help="of the training; the division stays the shipped one's"
    )
    options = given_folders(parser)
    out, run = options.out, options.out / "run"
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "made.json").is_file():
        other = ("--seed", options.seed, "--split", SHIPPED / "training" / "split.csv")
        more = other if options.seed else ()
        seconds = train(options, options.livec / "ratings.csv", *more)
        ssliqa("evaluate", run, "--out", out / "held-out in 32 bits")
        halve(run / "model")
        ssliqa("evaluate", run, "--out", out / "held-out")
        exact, rounded = (scores(out / name) for name in ("held-out in 32 bits", "held-out"))
        facts = {"seconds": seconds, "rounding": float(np.abs(exact - rounded).max())}
        write_text(out / "made.json", json.dumps(facts) + "\n")
    benchmark("coverage.py", out / "coverage.json", out / "held-out")
    benchmark(
        "degradations.py", out / "degradations.json", run, "--part", run, "--count", options.photos
    )
    pack(run, out)
    print(f"The model is in {out / 'default'}.")


def folders_parser(text: str) -> argparse.ArgumentParser:
    """A parser of the folders that scripts here need; the first line of a text describes it."""
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    for name in ("livec", "unlabeled", "weights", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    return parser


def given_folders(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The options given; ends with a line where a folder does not hold what it is to hold."""
    options = parser.parse_args()
    needed = (
        options.livec / "ratings.csv",
        options.livec / "images",
        options.unlabeled,
        options.weights,
    )
    for path in needed:
        if not path.exists():
            parser.error(f"There is no '{path}'. See the beginning of this script.")
    return options


def scores(folder: Path) -> np.ndarray:
    return pd.read_csv(folder / "predictions.csv")["score"].to_numpy()


def train(options: argparse.Namespace, labels: Path, *more: object) -> float:
    """Both parts of the training, into ``out/labels`` and ``out/run``; what is finished stays.

    Returns:
        The seconds that the second part took, or what was left of it.
    """
    rated = ("--labels", labels, "--images", options.livec / "images", *more)
    first, second = options.out / "labels", options.out / "run"
    parts = {
        first: ("--config", HERE / "labels.yaml", "--weights", options.weights),
        second: (
            *("--config", HERE / "order.yaml", "--from", first),
            *("--unlabeled", options.unlabeled),
        ),
    }
    for run, given in parts.items():
        started = time.monotonic()
        if not (run / "model").is_dir():
            begun = (run / "config.yaml").is_file()
            ssliqa("train", *(("--resume",) if begun else (*given, *rated)), "--out", run)
    return time.monotonic() - started


def ssliqa(*arguments: object) -> None:
    """Run a command; where it fails it has told why, and the script ends as it did."""
    done = subprocess.run([sys.executable, "-m", "ssliqa", *map(str, arguments)], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def benchmark(name: str, file: Path, *arguments: object) -> None:
    """Run a benchmark that has not yet written its file. A missed target is told, no failure."""
    if not file.is_file():
        command = [sys.executable, BENCHMARKS / name, *arguments, "--json", file]
        subprocess.run([*map(str, command)], check=False)


def halve(folder: Path) -> None:
    """Round what takes the space, the weights of convolutions and of the head, to 16 bits.

    What is measured afterwards is the rounded model. Normalization stays as it is: it is small, and
    some of its statistics are below what 16 bits can hold.
    """
    file = folder / "model.safetensors"
    state = {
        key: values.half() if values.ndim > 1 else values for key, values in load_file(file).items()
    }
    save_file(state, file, metadata={"format": "pt"})


def pack(run: Path, out: Path) -> None:
    """The folder that is shipped: the model, calibrated, with its card and what made it."""
    new, scale = out / "default", load_model(run).scale
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(run / "model", new)
    (new / "model.safetensors").chmod(0o644)
    table = pd.read_csv(out / "held-out" / "predictions.csv")
    shares = table[[f"p{level}" for level in range(1, 6)]].to_numpy(np.float64)
    save_calibration(new, Calibration.fit(shares, scale.to_levels(table["mos"].to_numpy())))
    record = new / "training"
    record.mkdir()
    for part in (out / "labels", run):
        config = yaml.safe_load((part / "config.yaml").read_text())
        # Whose folders these were is nobody's business, and they are nowhere else.
        for name in ("labels", "images", "weights", "out", "cache"):
            config[name] = None if config[name] is None else Path(config[name]).name
        config["unlabeled"] = [Path(name).name for name in config["unlabeled"]]
        if config["student"]["start"] is not None:
            config["student"]["start"] = Path(config["student"]["start"]).name
        write_text(record / f"{part.name}.yaml", yaml.safe_dump(config, sort_keys=False))
        for name in ("environment.json", "metrics.jsonl"):
            shutil.copyfile(part / name, record / f"{part.name}-{name}")
    shutil.copyfile(run / "split.csv", record / "split.csv")
    shutil.copyfile(out / "held-out" / "metrics.json", record / "held-out.json")
    write_text(new / "README.md", card(run, out, scale))


def card(run: Path, out: Path, scale: Scale) -> str:
    """The model card: the text beside this file, with the figures that were measured."""
    held, degraded = read(out / "held-out" / "metrics.json"), read(out / "degradations.json")
    (coverage,) = [row for row in read(out / "coverage.json")["runs"] if row["kind"] == "std"]
    environment, made = read(run / "environment.json"), read(out / "made.json")
    severities = degraded["severities"]
    values = yaml.safe_load((HERE / "found.yaml").read_text()) | {
        "scale": scale,
        "held_out": held["n"],
        "coverage": f"{100 * coverage['coverage']:.1f}",
        "coverage_sd": f"{100 * coverage['coverage_sd']:.1f}",
        "width": f"{coverage['width']:.1f}",
        "photos": len(degraded["photos"]),
        "steps": len(severities) - 1,
        "degradations": degradation_rows(degraded),
        "changes": change_rows(degraded),
        "labeled": environment["labeled"],
        "unlabeled": environment["unlabeled"],
        "minutes": round(made["seconds"] / 60),
        "cpu": degraded["machine"]["cpu"],
        "rounding": f"{made['rounding']:.2g}",
        "megabytes": f"{(run / 'model' / 'model.safetensors').stat().st_size / 1e6:.1f}",
    }
    for name in ("SRCC", "KRCC", "PLCC", "RMSE"):
        digits = 1 if name == "RMSE" else 3
        for key, part in (("", "value"), ("_low", "low"), ("_high", "high")):
            values[name.lower() + key] = f"{held[name][part]:.{digits}f}"
    return (HERE / "card.md").read_text().format(**values)


def degradation_rows(measured: dict) -> str:
    columns = ["", "steps that fell", *(f"{s:g}" for s in measured["severities"])]
    rows = [columns, ["---"] * len(columns)]
    for kind, text in KINDS.items():
        figures = measured["figures"][kind]
        means = (f"{mean:.0f}" for mean in figures["mean_scores"])
        rows.append([text, f"{100 * figures['fell']:.1f} %", *means])
    every = np.mean([measured["figures"][kind]["fell"] for kind in KINDS])
    rows.append(["**all**", f"**{100 * every:.1f} %**", *([""] * len(measured["severities"]))])
    return table(rows)


def change_rows(measured: dict) -> str:
    rows = [["", "mean change", "mean size of the change"], ["---"] * 3]
    rows += [
        [
            f"{name} times its size" if name.startswith("resized") else name,
            f"{change['mean']:+.1f}",
            f"{change['absolute']:.1f}",
        ]
        for name, change in measured["figures"].items()
        if name not in KINDS
    ]
    return table(rows)


def table(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def read(file: Path) -> dict:
    return json.loads(file.read_text())


if __name__ == "__main__":
    main()
