"""Evaluate a trained model on rated photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ssliqa.data import LabelTable
from ssliqa.errors import ImageReadError
from ssliqa.evaluation.distributions import Distributions
from ssliqa.evaluation.evaluate import evaluate
from ssliqa.evaluation.result import Evaluation
from ssliqa.models import QualityModel
from ssliqa.scoring import ScoredPhoto, score_photos


@dataclass(frozen=True)
class ModelEvaluation:
    """The figures, the scored photographs in the table's order, and those that were unreadable."""

    evaluation: Evaluation
    scored: tuple[ScoredPhoto, ...]
    failures: tuple[tuple[Path, str], ...]


def evaluate_model(
    model: QualityModel,
    table: LabelTable,
    *,
    workers: int = 2,
    resamples: int = 1000,
    on_photo: Callable[[ScoredPhoto], None] | None = None,
) -> ModelEvaluation:
    """Score the photographs of a table and compare with their ratings.

    Scores are brought to the table's scale, end to end, where the model learned from another one.

    Args:
        model: a trained model.
        table: photographs with ratings.
        workers: threads that decode.
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
    evaluation = evaluate(
        table.scale.from_levels(levels),
        table.mos[read],
        names=[table.names[k] for k in read],
        std=table.scale.std_from_levels(spread),
        distributions=Distributions(
            np.array([score.distribution for score in scores]),
            table.distribution[read],
            table.distribution_source,
        ),
        scale=str(table.scale),
        resamples=resamples,
    )
    return ModelEvaluation(evaluation, tuple(scored), failures)
