"""``ssliqa compare``"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from jsonargparse import ArgumentParser
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ssliqa.cli.parsing import add_resamples, add_source_options, check_resamples, parse
from ssliqa.cli.progress import progress_bar
from ssliqa.data import ScoreTable, read_rated, read_score_table
from ssliqa.data.scores import table_names
from ssliqa.errors import ConfigError
from ssliqa.evaluation import Comparison, Figure, Pair, compare
from ssliqa.evaluation.result import FIGURE_NAMES

SHOWN_DIFFERENCES = ("SRCC", "KRCC", "PLCC", "PLCC_fitted")
"""Differences shown to people; the files hold those of all figures."""


def parser() -> ArgumentParser:
    """The options of ``ssliqa compare``."""
    options = ArgumentParser(
        prog="ssliqa compare",
        description="Compare scores with ratings and with each other. The score tables may come "
        "from any program: a column with names, one with scores; CSV, JSON lines, Parquet. Figures "
        "are of the photographs that every table scores.",
        exit_on_error=False,
    )
    options.add_argument(
        "tables", nargs="+", type=str, metavar="TABLE", help="score tables, as FILE or NAME=FILE"
    )
    add_source_options(options)
    options.add_argument(
        "--lower_better",
        nargs="+",
        type=str,
        default=[],
        metavar="NAME",
        help="tables in which lower scores are better; no table is turned around by itself",
    )
    options.add_argument(
        "--against",
        choices=("all", "first"),
        default="all",
        help="compare each pair, or each table with the first",
    )
    options.add_argument("--name_column", type=str, help="column of names in the score tables")
    options.add_argument("--score_column", type=str, help="column of scores in the score tables")
    options.add_argument("--out", type=str, help="folder for compare.json and compare.csv")
    add_resamples(options)
    return options


def run(arguments: list[str]) -> int:
    """Compare; status 1 if rated photographs lack a score in one of the tables."""
    options = parse(parser(), arguments)
    check_resamples(options)
    out = None if options.out is None else Path(options.out).expanduser()
    if out is not None and out.exists() and not out.is_dir():
        raise ConfigError(f"'{out}' is a file.", "Name a folder for the results with --out DIR.")
    # Names are enough to compare scores; photographs are looked for where a folder is named.
    ratings = read_rated(options, find_files=options.images is not None)
    for problem in ratings.problems:
        print(f"ssliqa: {problem}", file=sys.stderr)
    tables = _tables(options.tables, options.name_column, options.score_column)
    with progress_bar(Console(stderr=True)) as bars:
        task = bars.add_task("resampling", total=len(tables), note="")
        comparison = compare(
            tables,
            ratings,
            lower_better=options.lower_better,
            against=options.against,
            resamples=options.resamples,
            on_table=lambda _: bars.advance(task),
        )
    _show(comparison)
    if out is not None:
        comparison.write(out)
        print(f"Results: {out / 'compare.json'}, compare.csv")
    return 1 if comparison.absent else 0


def _tables(given: list[str], names: str | None, scores: str | None) -> list[ScoreTable]:
    called, files = [], []
    for argument in given:
        name, equals, file = argument.partition("=")
        # A file whose own name holds an equals sign is that file.
        if not equals or Path(argument).expanduser().exists():
            name, file = "", argument
        called.append(name)
        files.append(file)
    short = table_names(files)
    return [
        read_score_table(file, name=name or stem, name_column=names, score_column=scores)
        for name, file, stem in zip(called, files, short, strict=True)
    ]


def _show(comparison: Comparison) -> None:
    console = Console()
    if not console.is_terminal:
        # A file or another program has no edge to fold lines at.
        console = Console(width=10_000)
    figures = Table("", box=None, pad_edge=False)
    for name in comparison.evaluations:
        figures.add_column(Text(name))
    for figure in FIGURE_NAMES:
        cells = (e.figures[figure].text() for e in comparison.evaluations.values())
        figures.add_row(figure, *(Text(cell) for cell in cells))
    console.print(
        f"n = {comparison.n}, scale of the ratings: {comparison.scale}; value [95 % interval]",
        markup=False,
        highlight=False,
    )
    console.print(figures)
    if comparison.pairs:
        console.print()
        console.print(_differences(comparison), highlight=False)
    for note in comparison.notes:
        console.print(f"Note: {note}", markup=False, highlight=False, soft_wrap=True)


def _differences(comparison: Comparison) -> Table:
    several = len(comparison.pairs) > 1
    table = Table("", "", "difference [95 % interval]", "p", box=None, pad_edge=False)
    if several:
        table.add_column("p (Holm)")
    for pair in comparison.pairs:
        title = f"{pair.one} - {pair.other}"
        for figure in SHOWN_DIFFERENCES:
            if figure in pair.differences:
                cells = _difference(pair, figure, comparison.resamples)
                table.add_row(Text(title), figure, *map(Text, cells if several else cells[:2]))
                title = ""
    return table


def _difference(pair: Pair, figure: str, resamples: int) -> tuple[str, str, str]:
    difference = pair.differences[figure]
    if math.isnan(difference.low):  # too few photographs for an interval
        return Figure(difference.value).text(), "-", "-"
    shown = Figure(difference.value, difference.low, difference.high).text()
    # No resample on the other side of zero: the number of resamples is all that bounds p.
    at_bound = difference.p <= 2.0001 / (resamples - difference.undefined + 1)
    return shown, _p(difference.p, at_bound), _p(pair.p_holm[figure], at_bound)


def _p(p: float, at_bound: bool) -> str:
    """Three digits; ``< 0.002`` where the resamples cannot tell more."""
    if at_bound and p < 1:
        return f"< {max(p, 0.001):.3f}"
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"
