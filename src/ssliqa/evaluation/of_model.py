"""Evaluate a trained model on rated photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ssliqa.data import LabelTable
from ssliqa.errors import ImageReadError
from ssliqa.evaluation.coverage import Bounds
from ssliqa.evaluation.distributions import Distributions
from ssliqa.evaluation.evaluate import evaluate
from ssliqa.evaluation.result import Evaluation
from ssliqa.models import Calibration, QualityModel
from ssliqa.opinion import Scale
from ssliqa.scoring import ScoredPhoto, score_photos
from ssliqa.scoring.engines import Engine


@dataclass(frozen=True)
class ModelEvaluation:
    """The figures, the scored photographs in the table's order, and those that were unreadable."""

    evaluation: Evaluation
    scored: tuple[ScoredPhoto, ...]
    failures: tuple[tuple[Path, str], ...]


def evaluate_model(
    model: QualityModel | Engine,
    table: LabelTable,
    *,
    workers: int = 2,
    resamples: int = 1000,
    on_photo: Callable[[ScoredPhoto], None] | None = None,
) -> ModelEvaluation:
    """Score the photographs of a table and compare with their ratings.

    Scores, and the intervals of a calibrated model, are brought to the table's scale, end to end,
    where the model learned from another one.

    Args:
        model: a trained model, or an engine with one, which takes less time on a CPU.
        table: photographs with ratings.
        workers: photographs to work on at once, each on one core.
        resamples: bootstrap resamples per interval.
        on_photo: called after each photograph.

    Raises:
        ImageReadError: not one of the photographs can be read.
    """
    scored = []
    for photo in score_photos(model, table.paths, workers=workers):
        scored.append(photo)
        if on_photo is not None:
            on_photo(photo)
    read = [k for k, photo in enumerate(scored) if photo.score is not None]
    failures = tuple((photo.path, photo.error) for photo in scored if photo.score is None)
    if not read:
        raise ImageReadError(
            "None of the photographs to evaluate on can be read.", f"The first: {failures[0][1]}"
        )
    scores = [photo.score for photo in scored if photo.score is not None]
    levels = model.scale.to_levels(np.array([score.score for score in scores]))
    spread = model.scale.std_to_levels(np.array([score.std for score in scores]))
    shares = np.array([score.distribution for score in scores])
    evaluation = evaluate(
        table.scale.from_levels(levels),
        table.mos[read],
        names=[table.names[k] for k in read],
        std=table.scale.std_from_levels(spread),
        distributions=Distributions(
            shares,
            table.distribution[read],
            table.distribution_source,
        ),
        bounds=_bounds(model.calibration, shares, table.scale),
        scale=str(table.scale),
        resamples=resamples,
    )
    return ModelEvaluation(evaluation, tuple(scored), failures)


def _bounds(
    calibration: Calibration | None, shares: NDArray[np.float64], scale: Scale
) -> Bounds | None:
    """The intervals of a calibrated model on ``scale``, from its predicted distributions (n, 5)."""
    if calibration is None:
        return None
    ends = np.sort([scale.from_levels(bound) for bound in calibration.interval(shares)], axis=0)
    return Bounds(ends[0], ends[1], calibration.level, calibration.n)
