"""``ssliqa datasets``"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from jsonargparse import ArgumentParser, Namespace
from rich import box
from rich.console import Console
from rich.table import Table

from ssliqa.cli.parsing import add_label_options, parse
from ssliqa.cli.progress import progress_bar
from ssliqa.data import RatedSource, dataset_names, find_dataset
from ssliqa.data.check import Checked, check_photographs
from ssliqa.errors import ConfigError
from ssliqa.files import write_text

_BAR = 40
_WIDE = 180


def parser() -> ArgumentParser:
    """The options of ``ssliqa datasets``."""
    options = ArgumentParser(
        prog="ssliqa datasets",
        description="List the databases that --dataset knows; or check a copy of one, or any rated "
        "photographs: 'ssliqa datasets check NAME --root DIR', 'ssliqa datasets check --labels "
        "TABLE --images DIR'. A check counts, decodes every photograph, looks for photographs that "
        "stand in it twice, and shows how the scores are spread. Exit status 1 if it finds "
        "something.",
        exit_on_error=False,
    )
    options.add_argument("action", nargs="?", choices=("list", "check"), default="list")
    options.add_argument("dataset", nargs="?", type=str, metavar="NAME", help="a database")
    options.add_argument("--root", type=str, help="folder of the database's copy")
    add_label_options(options)
    options.add_argument("--workers", type=int, default=2, help="threads that decode")
    options.add_argument("--json", type=str, help="file for all that is found")
    return options


def run(arguments: list[str]) -> int:
    """List the databases, or check a copy; status 1 if something is wrong with it."""
    options = parse(parser(), arguments)
    if options.action == "check":
        return _check(options)
    if arguments not in ([], ["list"]):
        raise ConfigError(
            f"The list of databases takes no options, but got: {' '.join(arguments)}.",
            "Write: ssliqa datasets check NAME --root DIR",
        )
    console = Console()
    # A terminal wraps long cells; a file or a pager has room.
    _list(console if console.is_terminal else Console(width=_WIDE))
    return 0


def _list(console: Console) -> None:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for column in ("name", "images", "label", "scale", "better", "groups", "split", "licence"):
        table.add_column(column, no_wrap=column in ("name", "better"))
    for name in dataset_names():
        spec = find_dataset(name)
        images = "" if spec.images is None else str(spec.images)
        limits = str(spec.scale).partition(",")[0]
        better = "higher" if spec.scale.higher_is_better else "lower"
        facts = (spec.label, limits, better, spec.groups, spec.parts, spec.licence)
        table.add_row(name, images, *facts)
    console.print(table)


def _check(options: Namespace) -> int:
    source = RatedSource(
        labels=options.labels,
        images=options.images,
        scale=options.scale,
        columns=options.columns,
        dataset=options.dataset,
        root=options.root,
        on_problem="warn",
    )
    expected = None if options.dataset is None else find_dataset(options.dataset).images
    table = source.read()
    with progress_bar(Console(stderr=True)) as bars:
        task = bars.add_task("looking at photographs", total=len(table), note="")
        checked = check_photographs(
            table,
            expected=expected,
            workers=options.workers,
            on_photo=lambda: bars.advance(task),
        )
    if options.json is not None:
        named = {"dataset": options.dataset, "labels": options.labels}
        text = json.dumps({**named, **checked.as_dict()}, indent=2, ensure_ascii=False)
        write_text(Path(options.json).expanduser(), text + "\n")
    _show(checked, Console())
    return 1 if checked.findings else 0


def _show(checked: Checked, console: Console) -> None:
    table = checked.table
    lines = [f"{len(table)} images" + (f" of {checked.expected}" if checked.expected else "")]
    groups = len(set(table.groups))
    lines.append(f"{groups} content groups" if groups < len(table) else "no content groups")
    if table.parts is not None:
        parts = {part: table.parts.count(part) for part in ("train", "validation", "test")}
        lines.append(", ".join(f"{part} {count}" for part, count in parts.items() if count))
    else:
        lines.append("no official split")
    known = "with SD" if table.std is not None else "without SD"
    lines.append(
        f"scores {known}, scale {table.scale}: from {table.mos.min():.4g} to "
        f"{table.mos.max():.4g}, mean {table.mos.mean():.4g}, SD {np.std(table.mos):.4g}"
    )
    for line in lines:
        _say(console, line)
    _say(console, "")
    block = "█" if console.encoding.lower().startswith("utf") else "#"
    most = max(1, int(checked.counts.max()))
    spread = Table(box=None, show_header=False)
    spread.add_column(justify="right")
    spread.add_column(justify="right")
    spread.add_column(no_wrap=True)
    edges = checked.edges
    for low, high, count in zip(edges[:-1], edges[1:], checked.counts.tolist(), strict=True):
        bar = block * round(_BAR * count / most)
        spread.add_row(f"{low:g} - {high:g}", str(count), bar)
    console.print(spread)
    _say(console, "")
    if not checked.findings:
        _say(console, "All well.")
    for finding in checked.findings:
        _say(console, f"{finding.kind}: {finding.text}")


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
