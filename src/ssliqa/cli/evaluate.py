"""``ssliqa evaluate``"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from jsonargparse import ArgumentParser, Namespace
from rich.console import Console

from ssliqa.cli.parsing import (
    add_resamples,
    add_table_options,
    check_resamples,
    parse,
    table_from,
)
from ssliqa.cli.progress import progress_bar
from ssliqa.data import LabelTable, read_split
from ssliqa.errors import ConfigError
from ssliqa.evaluation import evaluate_model
from ssliqa.models import load_model
from ssliqa.report.scatter import scatter_plot
from ssliqa.training.photographs import read_table
from ssliqa.training.run_config import read_config


def parser() -> ArgumentParser:
    """The options of ``ssliqa evaluate``."""
    options = ArgumentParser(
        prog="ssliqa evaluate",
        description="Compare a model's scores with ratings. Without --labels, a run is evaluated "
        "on the test images of its own split.",
        exit_on_error=False,
    )
    options.add_argument(
        "run", type=str, metavar="RUN", help="run folder, model folder, or name on the hub"
    )
    add_table_options(options, required=False)
    options.add_argument(
        "--out",
        type=str,
        help="folder for the results (default: RUN/evaluation, with --labels RUN/evaluation-TABLE)",
    )
    options.add_argument("--device", type=str, default="cpu", help="cpu or cuda")
    options.add_argument("--workers", type=int, default=2, help="threads that decode")
    add_resamples(options)
    return options


def run(arguments: list[str]) -> int:
    """Evaluate; status 1 if some photographs could not be read."""
    options = parse(parser(), arguments)
    folder = Path(options.run).expanduser()
    check_resamples(options)
    model = load_model(options.run, options.device)
    out = _results_folder(options, folder)
    table = _table(options, folder)
    for problem in table.problems:
        print(f"ssliqa: {problem}", file=sys.stderr)
    with progress_bar(Console(stderr=True)) as bars:
        task = bars.add_task("scoring", total=len(table.names), note="")
        result = evaluate_model(
            model,
            table,
            workers=options.workers,
            resamples=options.resamples,
            on_photo=lambda _: bars.advance(task),
        )
    result.evaluation.write(out)
    scatter_plot(result.evaluation, out / "scatter.png", title=folder.name)
    print(result.evaluation.table())
    print(f"Results: {out / 'metrics.json'}, predictions.csv, scatter.png")
    for _, reason in result.failures:
        print(f"ssliqa: Left out: {reason}", file=sys.stderr)
    return 1 if result.failures else 0


def _results_folder(options: Namespace, folder: Path) -> Path:
    """Where results go; those on other ratings never take the place of the run's own."""
    if options.out is not None:
        out = Path(options.out).expanduser()
    elif not folder.is_dir():
        raise ConfigError(
            f"'{options.run}' is no folder to keep the results in.", "Name one with --out DIR."
        )
    elif options.labels is not None:
        out = folder / f"evaluation-{Path(options.labels).stem}"
    else:
        out = folder / "evaluation"
    if out.exists() and not out.is_dir():
        raise ConfigError(f"'{out}' is a file.", "Name a folder for the results with --out DIR.")
    return out


def _table(options: Namespace, folder: Path) -> LabelTable:
    if options.labels is not None:
        return table_from(options)
    given = [name for name in ("images", "scale", "columns") if getattr(options, name)]
    if given:
        raise ConfigError(
            f"--{given[0]} belongs to --labels; a run's own test images are read as in training.",
            f"Leave out --{given[0]}, or name a table with --labels TABLE.",
        )
    if not (folder / "split.csv").is_file():
        raise ConfigError(
            f"'{folder}' is not a run folder with a split of its own.",
            "Name rated photographs with --labels TABLE --images DIR.",
        )
    table = read_table(read_config(folder))
    split = read_split(folder / "split.csv", table.names)
    if not split.test:
        raise ConfigError(
            f"The run '{folder}' has kept no test images.",
            "Name rated photographs with --labels TABLE --images DIR.",
        )
    return table.subset(np.array([table.names.index(name) for name in split.test]))
