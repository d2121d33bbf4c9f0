"""``ssliqa calibrate``"""

from __future__ import annotations

import sys
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace
from rich.console import Console

from ssliqa.cli.parsing import add_source_options, parse
from ssliqa.cli.progress import progress_bar
from ssliqa.data import LabelTable, read_rated
from ssliqa.errors import CalibrationError, ConfigError, SsliqaError
from ssliqa.evaluation import calibrate_model
from ssliqa.metrics.conformal import fewest_for
from ssliqa.models import load_model, save_calibration
from ssliqa.models.calibration import KINDS, LEVEL
from ssliqa.training.own_parts import own_parts, own_validation_part


def parser() -> ArgumentParser:
    """The options of ``ssliqa calibrate``."""
    options = ArgumentParser(
        prog="ssliqa calibrate",
        description="Give a model's scores an interval that holds the mean opinion of a share of "
        "photographs, from rated photographs that it has not learned from; it is kept in the "
        "model's config.json. Without --labels or --dataset, a run is calibrated on the "
        "validation images of its own split, as at the end of a training.",
        exit_on_error=False,
    )
    options.add_argument("run", type=str, metavar="RUN", help="run folder or model folder")
    add_source_options(options)
    options.add_argument(
        "--level",
        type=float,
        default=LEVEL,
        help="share of the mean opinions that intervals are to hold",
    )
    options.add_argument(
        "--kind",
        choices=KINDS,
        default="std",
        help="wide where opinions are predicted to differ, or all of one width",
    )
    options.add_argument("--device", type=str, default="cpu", help="cpu or cuda")
    options.add_argument("--workers", type=int, default=2, help="threads that decode")
    return options


def run(arguments: list[str]) -> int:
    """Calibrate; status 1 if some photographs could not be read."""
    options = parse(parser(), arguments)
    folder = Path(options.run).expanduser()
    fewest_for(options.level)  # a level that cannot be is told before photographs are scored
    if not folder.is_dir():
        raise ConfigError(
            f"'{options.run}' is no folder, so nothing can be written into it.",
            "Name a run folder or a model folder; a model on the hub must be downloaded first.",
        )
    model = load_model(folder, options.device)
    table, remarks = _table(options, folder)
    for line in (*table.problems, *table.remarks, *remarks):
        print(f"ssliqa: {line}", file=sys.stderr)
    with progress_bar(Console(stderr=True)) as bars:
        task = bars.add_task("scoring", total=len(table), note="")
        found = calibrate_model(
            model,
            table,
            level=options.level,
            kind=options.kind,
            workers=options.workers,
            on_photo=lambda _: bars.advance(task),
        )
    file = save_calibration(folder, found.calibration)
    print(
        f"{100 * found.calibration.level:g} % intervals from {found.calibration.n} photographs, "
        f"mean width {found.width:.4g} on the scale {model.scale}: {file}"
    )
    for _, reason in found.failures:
        print(f"ssliqa: Left out: {reason}", file=sys.stderr)
    return 1 if found.failures else 0


def _table(options: Namespace, folder: Path) -> tuple[LabelTable, list[str]]:
    """The photographs to calibrate on, and what is to be known about them, a line each."""
    if options.labels is None and options.dataset is None:
        given = [n for n in ("images", "scale", "columns", "root", "subset") if getattr(options, n)]
        if given:
            raise ConfigError(
                f"--{given[0]} says how ratings are read, but none are named.",
                f"Leave out --{given[0]}, or name ratings with --labels TABLE or --dataset NAME.",
            )
        return own_validation_part(folder), []
    return _unlearned(read_rated(options), folder)


def _unlearned(table: LabelTable, folder: Path) -> tuple[LabelTable, list[str]]:
    """Leave out what the run has learned from: its errors there are smaller than elsewhere."""
    try:
        part_of = own_parts(folder.parent if folder.name == "model" else folder)
    except SsliqaError as error:
        return table, [f"Whether the run has learned from these cannot be told: {error}"]
    parts = [part_of.get(path.resolve(), "") for path in table.paths]
    rows = [row for row, part in enumerate(parts) if part != "labeled"]
    remarks = []
    if len(rows) < len(parts):
        remarks.append(
            f"Left out, since the run has learned from their ratings: {len(parts) - len(rows)} of "
            f"{len(parts)} photographs."
        )
    if "test" in parts:
        remarks.append(
            f"In the run's test part: {parts.count('test')} of {len(parts)} photographs. Evaluate "
            "the intervals on others."
        )
    if not rows:
        raise CalibrationError(
            "The run has learned from all of these ratings.",
            "Name rated photographs that it has not seen.",
        )
    return table.subset(rows), remarks
