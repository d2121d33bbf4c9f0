"""``ssliqa score``"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from jsonargparse import ArgumentParser
from rich.console import Console

from ssliqa.cli.parsing import parse
from ssliqa.cli.progress import progress_bar
from ssliqa.data import list_photographs
from ssliqa.scoring import ScoredPhoto, score_photos, write_scores
from ssliqa.scoring.engines import ENGINES, open_engine
from ssliqa.scoring.table import check_format, printable


def parser() -> ArgumentParser:
    """The options of ``ssliqa score``."""
    options = ArgumentParser(
        prog="ssliqa score",
        description="Score photographs. The same file always gets the same score.",
        exit_on_error=False,
    )
    options.add_argument(
        "paths", nargs="+", type=str, metavar="PATH", help="photos, folders, globs or .txt lists"
    )
    options.add_argument(
        "--model", type=str, required=True, help="run folder, model folder, or name on the hub"
    )
    options.add_argument("--out", type=str, help="table to write: .csv, .jsonl or .parquet")
    options.add_argument("--device", type=str, default="cpu", help="cpu or cuda")
    options.add_argument(
        "--engine", choices=ENGINES, default="auto", help="what computes: auto takes the fastest"
    )
    options.add_argument(
        "--workers", type=int, default=2, help="photographs to work on at once, each on one core"
    )
    return options


def run(arguments: list[str]) -> int:
    """Score photographs; status 1 if some could not be read."""
    options = parse(parser(), arguments)
    out = None if options.out is None else Path(options.out).expanduser()
    if out is not None:
        check_format(out)
    engine = open_engine(options.model, options.engine, options.device)
    paths = list_photographs(options.paths)
    rows: list[ScoredPhoto] = []
    console = Console(stderr=True)
    try:
        with progress_bar(console) as bars:
            task = bars.add_task("scoring", total=len(paths), note="")
            for row in score_photos(engine, paths, workers=options.workers):
                rows.append(row)
                bars.advance(task)
    finally:
        # What has been scored before an interruption is kept.
        if out is not None and rows:
            write_scores(rows, out, model=str(options.model), scale=str(engine.scale))
    if out is None:
        _print(rows)
    failed = [row for row in rows if row.score is None]
    for row in failed:
        print(f"ssliqa: {row.error}", file=sys.stderr)
    where = f" -> {out}" if out is not None else ""
    print(
        f"{len(rows) - len(failed)} photographs scored on the scale {engine.scale}"
        f"{f', {len(failed)} failed' if failed else ''}{where}",
        file=sys.stderr,
    )
    return 1 if failed else 0


def _print(rows: list[ScoredPhoto]) -> None:
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(("score", "std", "path"))
    for row in rows:
        if row.score is not None:
            table.writerow((f"{row.score.score:.4g}", f"{row.score.std:.3g}", printable(row.path)))
