"""``ssliqa models``"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from jsonargparse import ArgumentParser
from rich.console import Console
from rich.table import Table

from ssliqa.cli.parsing import parse
from ssliqa.cli.progress import progress_bar
from ssliqa.errors import ConfigError, ModelError
from ssliqa.files import write_text
from ssliqa.models.backbones import library_of, listed_backbones
from ssliqa.models.complexity import BackboneFacts, backbone_facts


def parser() -> ArgumentParser:
    """The options of ``ssliqa models``."""
    options = ArgumentParser(
        prog="ssliqa models",
        description="The networks for --student and --teacher that are known to work, or those "
        "you name: any of timm and torchvision. Counts are of the network without a head, for one "
        "image (1 MAC = one multiplication and one addition).",
        exit_on_error=False,
    )
    options.add_argument(
        "names",
        nargs="*",
        type=str,
        default=[],
        metavar="NAME",
        help="networks (default: all listed ones)",
    )
    options.add_argument("--size", type=int, default=224, help="side of the image in pixels")
    options.add_argument(
        "--latency",
        action="store_true",
        help="time one image on this machine's CPU, with random weights",
    )
    options.add_argument("--json", type=str, metavar="FILE", help="write everything to a file")
    return options


def run(arguments: list[str]) -> int:
    """Look at networks; status 1 if some do not take images of the size asked for."""
    options = parse(parser(), arguments)
    if options.size < 1:
        raise ConfigError(f"--size is {options.size}.", "Give a number of pixels, such as 224.")
    out = None if options.json is None else Path(options.json).expanduser()
    if out is not None and out.is_dir():
        raise ConfigError(f"'{out}' is a folder.", "Name a file with --json FILE.")
    roles = {entry["name"]: entry["role"] for entry in listed_backbones()}
    names = list(dict.fromkeys(options.names or roles))
    for name in names:
        library_of(name)  # an unknown one is refused before any is built
    facts, failures = [], []
    with progress_bar(Console(stderr=True)) as bars:
        task = bars.add_task("building", total=len(names), note="")
        for name in names:
            bars.update(task, note=name)
            try:
                facts.append(backbone_facts(name, options.size, timed=options.latency))
            except ModelError as error:
                failures.append(f"{name}: {error}")
            bars.advance(task)
    if out is not None:
        rows = [{**asdict(f), "role": roles.get(f.name, "")} for f in facts]
        write_text(out, json.dumps(rows, indent=2) + "\n")
    if facts:
        _show(facts, roles, options.size)
    if options.latency and facts:
        print(
            f"Latency: median of single forward passes on the CPU, {torch.get_num_threads()} "
            "threads, random weights."
        )
    for failure in failures:
        print(f"ssliqa: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _show(facts: list[BackboneFacts], roles: dict[str, str], size: int) -> None:
    timed = any(f.latency is not None for f in facts)
    console = Console()
    if not console.is_terminal:
        console = Console(width=10_000)
    table = Table(box=None, pad_edge=False)
    for title in ("network", "parameters", f"MACs at {size}", "F", "stages"):
        table.add_column(title, justify="left" if title == "network" else "right")
    if timed:
        table.add_column("ms", justify="right")
    for title in ("normalized", "library", "license", "role"):
        table.add_column(title)
    for f in facts:
        time = [f"{1000 * f.latency.seconds:.1f}" if f.latency else ""] if timed else []
        table.add_row(
            f.name,
            f"{f.parameters / 1e6:.2f} M",
            f"{f.macs / 1e9:.3f} G",
            str(f.features),
            str(len(f.stages)),
            *time,
            f.normalization,
            f.library,
            f.license,
            roles.get(f.name, ""),
        )
    console.print(table, markup=False, highlight=False)
