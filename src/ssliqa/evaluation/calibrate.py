"""Calibrate a trained model's intervals on rated photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ssliqa.data import LabelTable
from ssliqa.errors import ImageReadError
from ssliqa.models import Calibration, QualityModel
from ssliqa.models.calibration import LEVEL, Kind
from ssliqa.scoring import ScoredPhoto, score_photos


@dataclass(frozen=True)
class ModelCalibration:
    """A calibration, the mean width of its intervals in the model's scale, and what is missing."""

    calibration: Calibration
    width: float
    failures: tuple[tuple[Path, str], ...]


def calibrate_model(
    model: QualityModel,
    table: LabelTable,
    *,
    level: float = LEVEL,
    kind: Kind = "std",
    workers: int = 2,
    on_photo: Callable[[ScoredPhoto], None] | None = None,
) -> ModelCalibration:
    """Find out how far a model's scores are from ratings, as intervals for further photographs.

    The model is left as it is: assign the calibration to ``model.calibration``, or keep it in the
    model's folder by :func:`ssliqa.models.save_calibration`.

    Args:
        model: a trained model.
        table: rated photographs like those to be scored later, and none that the model has
            learned from.
        level: share of the mean opinions that intervals are to hold, in 0..1.
        kind: ``std`` makes intervals wide where opinions are predicted to differ, ``constant``
            gives all one width.
        workers: threads that decode.
        on_photo: called after each photograph.

    Raises:
        CalibrationError: too few readable photographs for the level.
        ConfigError: a level that is not between 0 and 1.
        ImageReadError: not one of the photographs can be read.

    Example:
        >>> found = calibrate_model(model, table)  # doctest: +SKIP
        >>> save_calibration("runs/first", found.calibration)  # doctest: +SKIP
    """
    rows, distributions, failures = [], [], []
    for row, photo in enumerate(score_photos(model, table.paths, workers=workers)):
        if photo.score is None:
            failures.append((photo.path, photo.error))
        else:
            rows.append(row)
            distributions.append(photo.score.distribution)
        if on_photo is not None:
            on_photo(photo)
    if not rows:
        raise ImageReadError(
            "None of the photographs to calibrate on can be read.", f"The first: {failures[0][1]}"
        )
    shares = np.array(distributions)
    truth = table.scale.to_levels(table.mos[rows])
    calibration = Calibration.fit(shares, truth, level=level, kind=kind)
    lower, upper = calibration.interval(shares)
    width = float(model.scale.std_from_levels(upper - lower).mean())
    return ModelCalibration(calibration, width, tuple(failures))
