"""What every benchmark prints and writes: its figures, the ratio, and the machine they hold for."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ssliqa.files import write_text

PACKAGES = ("ssliqa", "torch", "torchvision", "timm", "accelerate", "numpy", "pillow")


@dataclass(frozen=True)
class Figure:
    """One measured figure."""

    name: str
    value: float
    unit: str


def machine() -> dict[str, str | int | bool]:
    """Processor, cores this process may use, and whether the processor multiplies in bf16."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    facts = dict(reversed([line.split(":", 1) for line in lines if ":" in line]))
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    flags = set(facts.get("flags", "").split())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cpu": facts.get("model name", platform.processor() or platform.machine()),
        "cores": cores or 1,
        "bf16_native": bool({"avx512_bf16", "amx_bf16"} & flags),
        "system": platform.platform(),
    }


def report(
    title: str,
    figures: list[Figure],
    ratio: float,
    ratio_means: str,
    target: float,
    json_file: Path | None,
) -> None:
    """Print the figures as a table; write them to ``json_file`` where one is given.

    Args:
        title: what was measured.
        figures: in the order to print them.
        ratio: how many times faster ours is.
        ratio_means: what was divided by what.
        target: the ratio to reach.
        json_file: written whole or not at all.
    """
    here = machine()
    versions = {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    bf16 = "native" if here["bf16_native"] else "not native"
    table = Table(title=title, caption=f"{here['cpu']}, {here['cores']} cores, bf16 {bf16}")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("unit")
    for figure in figures:
        table.add_row(figure.name, f"{figure.value:,.4g}", figure.unit)
    table.add_section()
    verdict = "reached" if ratio >= target else "MISSED"
    table.add_row(ratio_means, f"{ratio:.1f}", f"times (target {target:g}: {verdict})")
    Console().print(table)
    if json_file is not None:
        record = {
            "benchmark": title,
            "machine": here,
            "versions": versions,
            "figures": [asdict(figure) for figure in figures],
            "ratio": {"value": ratio, "means": ratio_means, "target": target},
        }
        write_text(json_file, json.dumps(record, indent=2) + "\n")
