"""``ssliqa benchmark``"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ArgumentParser
from rich.console import Console
from rich.table import Table

from ssliqa.benchmark.cost import estimate
from ssliqa.benchmark.parts import check_parts
from ssliqa.benchmark.plan import Cell, Plan, read_plan
from ssliqa.benchmark.results import gather, write_results
from ssliqa.benchmark.run import Failure, pending, run_plan, threads_each
from ssliqa.benchmark.summary import write_summary
from ssliqa.benchmark.test_sets import count_images
from ssliqa.cli.parsing import parse, underscored
from ssliqa.cli.progress import progress_bar
from ssliqa.errors import ConfigError


def parser() -> ArgumentParser:
    """The options of ``ssliqa benchmark``, beside settings of ``ssliqa train``."""
    options = ArgumentParser(
        prog="ssliqa benchmark",
        description="Train and test every combination that a plan names, and summarize. Finished "
        "cells are skipped, interrupted ones resumed. Any option of ssliqa train (--labels, "
        "--dataset, --root, --weights, --steps, ...) may be given as well, and wins over the "
        "plan's shared settings; so may entries of the plan (--splits 2), names of methods to keep "
        "(--methods '[ssliqa, supervised]') and settings of its test sets (--tests.NAME.root DIR).",
        exit_on_error=False,
    )
    options.add_argument("plan", type=str, metavar="PLAN", help="YAML file; see docs/benchmark.md")
    options.add_argument("--out", type=str, required=True, help="folder for cells and results")
    options.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    options.add_argument(
        "--dry_run", action="store_true", help="show the cells and an estimate of time, and stop"
    )
    return options


def run(arguments: list[str]) -> int:
    """Run a plan; status 1 if some cells failed."""
    own, settings = separate(arguments)
    options = parse(parser(), own)
    if options.jobs < 1:
        raise ConfigError(f"--jobs is {options.jobs}.", "Give 1 or more.")
    out = Path(options.out).expanduser()
    if out.exists() and not out.is_dir():
        raise ConfigError(f"The benchmark's folder '{out}' is a file.", "Name another --out.")
    plan = read_plan(Path(options.plan).expanduser(), settings)
    check_parts(plan)
    tests = count_images(plan.tests)
    if options.dry_run:
        _show(plan, out, options.jobs, tests)
        return 0
    failures = _run(plan, out, options.jobs)
    results = gather(plan, out)
    failed = [failure.cell.key for failure in failures]
    if len(results):
        write_results(results, out)
        write_summary(plan, results, out, missing=failed)
        print(f"Results: {out / 'results.csv'}, summary.md, summary.html")
    for failure in failures:
        print(f"ssliqa: {failure.cell.key}: {failure.reason} ({failure.log})", file=sys.stderr)
    return 1 if failures else 0


def separate(arguments: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """This command's own options, and settings of ``ssliqa train`` with their values.

    Raises:
        ConfigError: a setting without a value, or with one that is no YAML.
    """
    known = {option for action in parser()._actions for option in action.option_strings}
    own: list[str] = []
    settings: dict[str, Any] = {}
    rest = underscored(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if not name.startswith("--") or name in known:
            own.append(name + equals + value)
            if name in ("--out", "--jobs") and not equals and rest:
                own.append(rest.pop(0))
            continue
        if not equals:
            if not rest or rest[0].startswith("--"):
                raise ConfigError(f"{name} has no value.", "See: ssliqa benchmark --help")
            value = rest.pop(0)
        try:
            settings[name[2:]] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigError(
                f"{name} is {value!r}, which is no YAML.",
                f"Close brackets and quotes: {name} '[1, 2]'.",
            ) from error
    return own, settings


def _run(plan: Plan, out: Path, jobs: int) -> list[Failure]:
    todo = len(pending(plan, out))
    console = Console(stderr=True)
    with progress_bar(console) as bars:
        task = bars.add_task("trainings", total=todo, note="")

        def on_cell(cell: Cell, event: str) -> None:
            if event == "begun":
                bars.update(task, note=cell.key)
                return
            bars.advance(task)
            console.print(f"{event}: {cell.key}", highlight=False, markup=False, soft_wrap=True)

        return run_plan(plan, out, jobs=jobs, on_cell=on_cell)


def _show(plan: Plan, out: Path, jobs: int, tests: Mapping[str, int]) -> None:
    todo = {cell.key for cell in pending(plan, out)}
    distinct = list({cell.key: cell for cell in plan.cells}.values())
    estimates = estimate(distinct, sum(tests.values()), threads_each(jobs))
    costs = dict(zip((cell.key for cell in distinct), estimates, strict=True))
    table = Table(title=plan.title)
    for name in (
        "method",
        "networks",
        "labels",
        "ratio",
        "splits",
        "steps",
        "minutes each",
        "done",
    ):
        table.add_column(name)
    groups: dict[tuple[str, ...], set[str]] = {}
    for cell in plan.cells:
        networks = f"{cell.student} <- {cell.teacher}" if cell.teacher else cell.student
        ratio = "-" if cell.ratio is None else f"{cell.ratio:g}"
        # Pairs that share a network share its supervised trainings.
        groups.setdefault((cell.method, networks, cell.budget, ratio), set()).add(cell.key)
    for place, keys in groups.items():
        cost = costs[min(keys)]
        done = len(keys - todo)
        table.add_row(
            *place,
            str(len(keys)),
            str(cost.steps),
            f"{cost.seconds / 60:.1f}",
            f"{done} of {len(keys)}",
        )
    console = Console()
    if not console.is_terminal:
        console.width = 160  # a file or a pipe has no width of its own to keep to
    console.print(table)
    if tests:
        listed = ", ".join(f"{name} ({count} images)" for name, count in tests.items())
        print(f"Every model is also tested on {listed}.")
    hours = sum(costs[key].seconds for key in todo) / 3600 / jobs
    print(
        f"{len(plan.cells)} cells, {len(distinct)} different trainings, {len(todo)} to do: about "
        f"{hours:.1f} hours with {jobs} at a time."
    )
