"""``ssliqa score``"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from ssliqa import __version__
from ssliqa.cli.engine_options import add_engine_options, engine_from
from ssliqa.cli.parsing import parse
from ssliqa.cli.score_report import ScoreReport
from ssliqa.data import Listing
from ssliqa.errors import ConfigError, ScoreTableError, SidecarError, SsliqaError
from ssliqa.models.shipped import DEFAULT, shipped
from ssliqa.opinion import Scale
from ssliqa.scoring import FolderScores, Journal, ScoredPhoto, score_folder, write_scores
from ssliqa.scoring.engines import Engine
from ssliqa.scoring.identity import identity
from ssliqa.scoring.journal import journal_path
from ssliqa.scoring.photos import check_workers
from ssliqa.scoring.ranking import Top, rank_photos
from ssliqa.scoring.rescale import SCALES, rescaled
from ssliqa.scoring.sidecars import Sidecars, Stars, stars_of
from ssliqa.scoring.table import check_format
from ssliqa.training.signals import StopRequest, stop_on_signal


class InterruptedScoringError(SsliqaError):
    """Scoring was stopped by a signal; with a table to write, all rows so far are on disk."""

    def __init__(self, done: int, out: Path | None, number: int) -> None:
        super().__init__(
            f"Stopped after {done} photographs.",
            "" if out is None else "Go on with the same command and --resume.",
        )
        self.signal = number


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
        "--model",
        type=str,
        default=DEFAULT,
        help="run folder, model folder, file of ssliqa export, or a name: that of a model that "
        "comes with ssliqa, or one on the hub",
    )
    options.add_argument("--out", type=str, help="table to write: .csv, .jsonl or .parquet")
    options.add_argument(
        "--resume", action="store_true", help="skip what an interrupted command has scored"
    )
    options.add_argument(
        "--scale",
        choices=tuple(SCALES),
        default="native",
        help="scale of the scores; native is that of the ratings the model learned from",
    )
    options.add_argument(
        "--rank", action="store_true", help="best first, with a column that says the rank"
    )
    options.add_argument("--top", type=str, help="only the best: a count, or a share such as 10%")
    options.add_argument("--group_by", choices=("folder",), help="rank, and keep, in each folder")
    options.add_argument(
        "--xmp", action="store_true", help="write stars (xmp:Rating) to sidecars of the photos"
    )
    options.add_argument(
        "--replace_stars", action="store_true", help="with --xmp: also stars given by others"
    )
    add_engine_options(options)
    options.add_argument(
        "--workers", type=int, default=2, help="photographs to work on at once, each on one core"
    )
    return options


def run(arguments: list[str]) -> int:
    """Score photographs; status 1 if some could not be read, or their stars not be written."""
    options = parse(parser(), arguments)
    out = None if options.out is None else Path(options.out).expanduser()
    _check(options, out)
    top = None if options.top is None else Top.parse(options.top)
    ranking = bool(options.rank or top or options.group_by)
    listing = Listing(options.paths)
    total = sum(1 for _ in listing.paths(give_unreadable=True))
    engine = engine_from(options, options.model)
    scale = SCALES[options.scale] or engine.scale
    report = ScoreReport(
        engine.scale,
        scale,
        print_rows=out is None and not ranking,
        intervals=engine.calibration is not None,
    )
    with stop_on_signal() as stop, _journal(out, engine, options.resume) as journal:
        with report.scoring(total):
            scores = score_folder(
                engine,
                listing.paths(give_unreadable=True, allow_empty=True),
                journal,
                workers=options.workers,
                on_photo=report.add,
                stop=lambda: stop.signal is not None,
            )
        _end_if_stopped(stop, scores, out)
        order, ranks = None, None
        if ranking:
            by_folder = options.group_by is not None
            order, ranks = rank_photos(scores, engine.scale, by_folder=by_folder, top=top)
        stars = _Sidecars()
        if options.xmp:
            sidecars = Sidecars(replace=options.replace_stars)
            for row in scores.rows(order):
                stars.write(sidecars, row, engine.scale, report.problem)
                _end_if_stopped(stop, scores, out)
        rows = (rescaled(row, engine.scale, scale) for row in scores.rows(order))
        if out is not None:
            try:
                write_scores(rows, out, model=str(options.model), scale=str(scale), ranks=ranks)
            except OSError as error:
                raise ScoreTableError(
                    f"'{out}' cannot be written ({error.strerror or error}).",
                    "Make room and go on with --resume; nothing needs to be scored again.",
                ) from error
            journal.remove()
        elif ranks is not None:
            report.header("rank")
            for row, place in zip(rows, ranks.tolist(), strict=True):
                report.print(row, place)
    kept = "" if order is None or top is None else f", the best {len(order)} kept"
    where = ""
    if out is not None:
        where = f" -> {out}"
        if engine.calibration is None:
            where += " (lower and upper are empty: ssliqa calibrate gives the model intervals)"
    by = " by the model that comes with ssliqa" if shipped(options.model) else ""
    print(f"{_summary(scores, scale, by)}{kept}{where}{stars}", file=sys.stderr)
    return 1 if scores.failed or stars.failed else 0


def _check(options: Namespace, out: Path | None) -> None:
    """Refuse what cannot be carried out before anything is read or scored."""
    check_workers(options.workers)
    if out is not None:
        check_format(out)
    elif options.resume:
        raise ConfigError("--resume goes on with a table, and none is named.", "Add --out TABLE.")
    if options.replace_stars and not options.xmp:
        raise ConfigError("--replace-stars belongs to --xmp.", "Add --xmp, or leave it out.")


@contextmanager
def _journal(out: Path | None, engine: Engine, resume: bool) -> Iterator[Journal]:
    """The journal of a table, or one that is gone afterwards where no table is written."""
    if out is not None:
        with Journal(journal_path(out), identity(engine, __version__), resume=resume) as journal:
            yield journal
        return
    with tempfile.TemporaryDirectory(prefix="ssliqa-") as folder:
        path = Path(folder) / "scores.part"
        with Journal(path, identity(engine, __version__), resume=False) as journal:
            yield journal


def _end_if_stopped(stop: StopRequest, scores: FolderScores, out: Path | None) -> None:
    if stop.signal is not None:
        raise InterruptedScoringError(scores.scored + scores.failed, out, stop.signal)


@dataclass
class _Sidecars:
    """How many photographs got stars, had stars of their own, and could not be given any."""

    written: int = 0
    kept: int = 0
    failed: int = 0

    def write(
        self, sidecars: Sidecars, row: ScoredPhoto, scale: Scale, problem: Callable[[str], None]
    ) -> None:
        if row.score is None:
            return
        try:
            stars = sidecars.write(row.path, stars_of(float(scale.to_levels(row.score.score))))
        except SidecarError as error:
            self.failed += 1
            problem(str(error))
        else:
            self.written += stars is Stars.WRITTEN
            self.kept += stars is Stars.KEPT

    def __str__(self) -> str:
        if not (self.written or self.kept or self.failed):
            return ""
        kept = f", {self.kept} have stars of their own" if self.kept else ""
        failed = f", {self.failed} failed" if self.failed else ""
        return f"; stars in {self.written} sidecars{kept}{failed}"


def _summary(scores: FolderScores, scale: Scale, by: str) -> str:
    before = f" ({scores.before} of them before)" if scores.before else ""
    failed = f", {scores.failed} failed" if scores.failed else ""
    what = "photograph" if scores.scored == 1 else "photographs"
    return f"{scores.scored} {what} scored on the scale {scale}{by}{before}{failed}"
