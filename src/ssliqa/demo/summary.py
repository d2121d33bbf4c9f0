"""From two finished trainings to what the demo's page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ssliqa import __version__
from ssliqa.data import read_rated, read_split
from ssliqa.demo.charts import LineChart, Series
from ssliqa.demo.page import DemoResult, MethodResult, Sample
from ssliqa.demo.scenes import PHOTOGRAPHS
from ssliqa.evaluation import Evaluation, Figure
from ssliqa.metrics import paired_bootstrap, srcc
from ssliqa.models import QualityModel
from ssliqa.scoring import ScoredPhoto
from ssliqa.training import BranchConfig, TrainConfig, TrainResult
from ssliqa.training.run_log import read_log

SAMPLES_SHOWN = 15


@dataclass(frozen=True)
class Judged:
    """A model, as the page calls it, with its evaluation on the test photographs.

    ``seconds`` is the time its training took here, ``scatter`` the picture of scores against MOS.
    """

    name: str
    evaluation: Evaluation
    scored: tuple[ScoredPhoto, ...]
    seconds: float
    scatter: Path


@dataclass(frozen=True)
class Trained(Judged):
    """One that was trained in this run."""

    config: TrainConfig
    result: TrainResult


def summarize(
    baseline: Trained,
    ours: Trained,
    known: Judged,
    started: Trained,
    scored: Sequence[ScoredPhoto],
    *,
    own_ratings: str | None,
    seconds: float,
) -> DemoResult:
    """Collect what the page shows.

    Args:
        baseline: the supervised training.
        ours: the semi-supervised training, on the same split.
        known: the model that comes with the package, which has seen none of these ratings.
        started: a training that starts from it, on the same split.
        scored: photographs that no training saw, with their scores by the last one.
        own_ratings: command-line options that name the user's ratings; None where photographs
            were rendered and their ratings simulated.
        seconds: the whole run.
    """
    # Scored photographs are named by absolute paths, as a run folder names its own.
    table = read_rated(ours.config.with_absolute_paths())
    split = read_split(ours.result.folder / "split.csv", table.names)
    mos = dict(zip(table.paths, table.mos.tolist(), strict=True))
    model = ours.result.model
    simulated = own_ratings is None
    own = "--labels ratings.csv --images photos/"
    own = own if own_ratings is None else own_ratings
    return DemoResult(
        simulated=simulated,
        counts={
            "labeled": len(split.labeled),
            "unlabeled": len(split.unlabeled),
            "test": len(split.test),
        },
        student=_described(ours.config.student, model),
        teacher=_described(ours.config.teacher, None),
        methods=[
            _method(baseline, f"the {len(split.labeled)} rated photographs alone"),
            _method(ours, f"and {len(split.unlabeled)} unrated ones, following the teacher"),
            _method(known, "none of these: photographs of LIVE Challenge"),
            _method(started, f"those, then the {len(split.labeled)} rated photographs"),
        ],
        difference=_difference(baseline.evaluation, started.evaluation),
        samples=_across(_samples(started.scored, mos)),
        scored=_samples(scored, {}),
        charts=_charts(baseline.result.folder, ours.result.folder),
        commands=[
            ("score anything, at once", "ssliqa score photos/"),
            (
                "learn from ratings of your own",
                f"ssliqa train --from default {own} --out runs/first",
            ),
            ("how far to trust it", "ssliqa evaluate runs/first"),
            (
                "score as your raters would",
                "ssliqa score photos/ --model runs/first --out scores.csv",
            ),
        ],
        seconds=seconds,
        scale=(table.scale.low, table.scale.high),
        credits=[f"{photo.name}: {photo.credit}" for photo in PHOTOGRAPHS] if simulated else [],
        note=f"ssliqa {__version__}, seed {ours.config.seed}",
    )


def _described(branch: BranchConfig, model: QualityModel | None) -> str:
    size = "" if model is None else f", {sum(p.numel() for p in model.parameters()):,} parameters"
    return f"{branch.name} {branch.options['scales']}x{branch.options['width']}{size}"


def _method(judged: Judged, summary: str) -> MethodResult:
    figures = judged.evaluation.figures
    return MethodResult(
        name=judged.name,
        summary=summary,
        metrics={name: figures[name] for name in ("SRCC", "PLCC", "KRCC", "RMSE")},
        scatter=judged.scatter,
        seconds=judged.seconds,
    )


def _difference(baseline: Evaluation, ours: Evaluation) -> Figure | None:
    """SRCC of ours minus that of the baseline, with a paired bootstrap interval."""
    if baseline.names != ours.names or baseline.srcc.value is None or ours.srcc.value is None:
        return None

    difference = paired_bootstrap(srcc, ours.predicted, baseline.predicted, ours.truth)
    return Figure(difference.value, difference.low, difference.high)


def _samples(scored: Sequence[ScoredPhoto], mos: Mapping[Path, float]) -> list[Sample]:
    return [
        Sample(photo.path, photo.score.score, photo.score.std, mos.get(photo.path))
        for photo in scored
        if photo.score is not None
    ]


def _across(samples: list[Sample]) -> list[Sample]:
    """A few of the samples, evenly from the worst rated to the best."""
    ordered = sorted(samples, key=lambda sample: sample.mos or 0.0)
    places = np.linspace(0, len(ordered) - 1, min(SAMPLES_SHOWN, len(ordered)))
    return [ordered[round(place)] for place in places]


def _charts(baseline: Path, ours: Path) -> list[LineChart]:
    """Loss on the ratings in both trainings, and the consistency terms of ssliqa."""
    logs = {"supervised": read_log(baseline), "ssliqa": read_log(ours)}
    return [
        LineChart(
            "Loss on rated photographs",
            [
                _series("supervised", logs["supervised"], "student_label"),
                _series("ssliqa, student", logs["ssliqa"], "student_label"),
                _series("ssliqa, teacher", logs["ssliqa"], "teacher_label"),
            ],
            logarithmic=True,
        ),
        LineChart(
            "How far the student is from its teacher",
            [
                _series("predictions", logs["ssliqa"], "prediction_consistency"),
                _series("relations", logs["ssliqa"], "relation_consistency"),
            ],
            logarithmic=True,
        ),
    ]


def _series(name: str, rows: list[dict[str, Any]], term: str, window: int = 12) -> Series:
    """A term of the log, as a moving mean: single batches are too noisy to read."""
    steps = [row["step"] for row in rows if term in row]
    values = np.array([row[term] for row in rows if term in row])
    kernel = np.ones(min(window, len(values))) / min(window, len(values))
    smooth = np.convolve(values, kernel, mode="valid")
    return Series(name, steps[len(steps) - len(smooth) :], smooth.tolist())
