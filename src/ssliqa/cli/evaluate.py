"""``ssliqa evaluate``"""

from __future__ import annotations

import sys
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace
from rich.console import Console

from ssliqa.cli.engine_options import add_engine_options, engine_from
from ssliqa.cli.parsing import add_resamples, add_source_options, check_resamples, parse
from ssliqa.cli.progress import progress_bar
from ssliqa.data import LabelTable, read_rated
from ssliqa.errors import ConfigError
from ssliqa.evaluation import evaluate_model
from ssliqa.report.distributions import distribution_plot
from ssliqa.report.scatter import scatter_plot
from ssliqa.training.own_parts import own_test_part


def parser() -> ArgumentParser:
    """The options of ``ssliqa evaluate``."""
    options = ArgumentParser(
        prog="ssliqa evaluate",
        description="Compare a model's scores with ratings. Without --labels or --dataset, a "
        "run is evaluated on the test images of its own split.",
        exit_on_error=False,
    )
    options.add_argument(
        "run",
        type=str,
        metavar="RUN",
        help="run folder, model folder, name on the hub, or a file of ssliqa export",
    )
    add_source_options(options)
    options.add_argument(
        "--out",
        type=str,
        help="folder for the results (default: RUN/evaluation, or RUN/evaluation-NAME of a table "
        "or database)",
    )
    add_engine_options(options)
    options.add_argument(
        "--workers", type=int, default=2, help="photographs to work on at once, each on one core"
    )
    add_resamples(options)
    return options


def run(arguments: list[str]) -> int:
    """Evaluate; status 1 if some photographs could not be read."""
    options = parse(parser(), arguments)
    folder = Path(options.run).expanduser()
    check_resamples(options)
    model = engine_from(options, options.run)
    out = _results_folder(options, folder)
    table = _table(options, folder)
    for line in (*table.problems, *table.remarks):
        print(f"ssliqa: {line}", file=sys.stderr)
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
    distribution_plot(result.evaluation, out / "distributions.png", title=folder.name)
    print(result.evaluation.table())
    if model.calibration is None:
        print("Intervals    none: the model is not calibrated (ssliqa calibrate).")
    print(f"Results: {out / 'metrics.json'}, predictions.csv, scatter.png, distributions.png")
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
    elif options.labels is not None or options.dataset is not None:
        part = f"-{options.subset}" if options.subset is not None else ""
        out = folder / f"evaluation-{options.dataset or Path(options.labels).stem}{part}"
    else:
        out = folder / "evaluation"
    if out.exists() and not out.is_dir():
        raise ConfigError(f"'{out}' is a file.", "Name a folder for the results with --out DIR.")
    return out


def _table(options: Namespace, folder: Path) -> LabelTable:
    if options.labels is not None or options.dataset is not None:
        return read_rated(options)
    of_dataset = ("root", "subset")
    of_ratings = ("images", "scale", "columns", *of_dataset)
    given = [name for name in of_ratings if getattr(options, name)]
    if given:
        owner = "dataset" if given[0] in of_dataset else "labels"
        raise ConfigError(
            f"--{given[0]} belongs to --{owner}; a run's own test images are read as in training.",
            f"Leave out --{given[0]}, or name ratings with --labels TABLE or --dataset NAME.",
        )
    return own_test_part(folder)
