"""``ssliqa pictures``"""

from __future__ import annotations

import sys
from pathlib import Path

from jsonargparse import ArgumentParser
from rich.console import Console

from ssliqa.cli.parsing import parse
from ssliqa.cli.progress import progress_bar
from ssliqa.data import list_photographs
from ssliqa.errors import ConfigError
from ssliqa.report.pictures import MOST_PHOTOGRAPHS, PICTURES, draw_pictures


def parser() -> ArgumentParser:
    """The options of ``ssliqa pictures``."""
    options = ArgumentParser(
        prog="ssliqa pictures",
        description="Draw a run: its loss terms over time, predicted scores and distributions "
        "against those of the raters, activation maps of student and teacher, and the relations "
        "that both see within a batch. An unfinished run has its loss terms only.",
        exit_on_error=False,
    )
    options.add_argument("run", type=str, metavar="RUN", help="run folder")
    options.add_argument("--out", type=str, help="folder for the pictures (default: RUN/pictures)")
    options.add_argument(
        "--only", type=str, help=f"names with commas between, out of {', '.join(PICTURES)}"
    )
    options.add_argument(
        "--photos",
        nargs="+",
        type=str,
        default=[],
        metavar="PATH",
        help="photographs for the activation maps: files, folders, globs or .txt lists (default: "
        "from the run's test part)",
    )
    options.add_argument(
        "--count",
        type=int,
        default=4,
        help=f"how many to choose from the test part, 1 to {MOST_PHOTOGRAPHS}",
    )
    return options


def run(arguments: list[str]) -> int:
    """Draw; status 1 if some pictures or photographs are missing."""
    options = parse(parser(), arguments)
    folder = Path(options.run).expanduser()
    out = folder / "pictures" if options.out is None else Path(options.out).expanduser()
    if out.exists() and not out.is_dir():
        raise ConfigError(f"'{out}' is a file.", "Name a folder for the pictures with --out DIR.")
    only = PICTURES if options.only is None else _names(options.only)
    photos = list_photographs(options.photos) if options.photos else []
    with progress_bar(Console(stderr=True)) as bars:
        task = bars.add_task("pictures", total=len(only), note="", completed=-1)

        def on_picture(name: str) -> None:
            bars.update(task, advance=1, note=name)

        drawn = draw_pictures(
            folder, out, only=only, photos=photos, count=options.count, on_picture=on_picture
        )
    for file in drawn.files:
        print(file)
    for problem in drawn.problems:
        print(f"ssliqa: {problem}", file=sys.stderr)
    return 1 if drawn.problems else 0


def _names(text: str) -> list[str]:
    return [name.strip().replace("-", "_") for name in text.split(",")]
