"""What an evaluation found: six figures of merit, the fitted curve, and notes in plain words."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssliqa.evaluation.coverage import Bounds, Coverage
from ssliqa.evaluation.distributions import Distributions
from ssliqa.files import write_text
from ssliqa.metrics import LogisticFit

LEVEL = 0.95
"""Share of the resamples inside every interval."""

FIGURE_NAMES = ("SRCC", "KRCC", "PLCC", "PLCC_fitted", "RMSE", "RMSE_fitted")
"""The figures as reports spell them; the attributes have the same names in lower case."""


@dataclass(frozen=True)
class Figure:
    """A figure of merit with its bootstrap interval.

    Attributes:
        value: the figure on all images; None where it is undefined (the notes say why).
        low: lower end of the 95 % interval; None without one.
        high: upper end of the 95 % interval; None without one.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def text(self, digits: int = 3) -> str:
        """``0.841 [0.801, 0.873]``, or ``undefined``."""

        def rounded(number: float) -> str:
            return f"{round(number, digits) + 0.0:.{digits}f}"  # + 0.0 turns -0 into 0

        if self.value is None:
            return "undefined"
        if self.low is None or self.high is None:
            return rounded(self.value)
        return f"{rounded(self.value)} [{rounded(self.low)}, {rounded(self.high)}]"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How well predicted scores agree with ratings.

    Attributes:
        n: number of images.
        srcc: Spearman's rank-order correlation.
        krcc: Kendall's rank-order correlation (tau-b).
        plcc: Pearson's correlation of the raw scores.
        plcc_fitted: Pearson's correlation after the logistic fit.
        rmse: root-mean-square error of the raw scores, in the unit of the ratings.
        rmse_fitted: root-mean-square error after the fit, divided by n (not by n - 4).
        fit: the curve from scores to ratings.
        notes: sentences on ties, constants, a failed fit, few images.
        scale: what scores and ratings count in, such as "1 (bad) .. 5 (excellent)".
        resamples: bootstrap resamples behind each interval.
        seed: seed of the resamples.
        predicted: scores, shape (n,).
        truth: ratings, shape (n,).
        names: name of each image.
        std: the scorer's own uncertainty of each score, shape (n,), or None.
        distributions: predicted and true score distributions, or None where only scores are known.
        bounds: the scorer's intervals for the ratings, or None where it gives none.
        coverage: how often these hold the rating, likewise.
        draws: the six figures on each resample, shape (resamples, 6), NaN where undefined; None
            without intervals. Evaluations of the same images with the same seed share their
            resamples, so their draws are paired.
    """

    n: int
    srcc: Figure
    krcc: Figure
    plcc: Figure
    plcc_fitted: Figure
    rmse: Figure
    rmse_fitted: Figure
    fit: LogisticFit
    notes: tuple[str, ...]
    scale: str
    resamples: int
    seed: int
    predicted: NDArray[np.float64]
    truth: NDArray[np.float64]
    names: tuple[str, ...]
    std: NDArray[np.float64] | None = None
    distributions: Distributions | None = None
    bounds: Bounds | None = None
    coverage: Coverage | None = None
    draws: NDArray[np.float64] | None = None

    @property
    def figures(self) -> dict[str, Figure]:
        """The six figures by the name reports use: SRCC, KRCC, PLCC, PLCC_fitted, ..."""
        return {name: getattr(self, name.lower()) for name in FIGURE_NAMES}

    def to_dict(self) -> dict[str, Any]:
        """Everything but predictions and draws, ready for JSON; undefined figures are None."""
        figures = {
            name: {"value": figure.value, "low": figure.low, "high": figure.high}
            for name, figure in self.figures.items()
        }
        return {
            "n": self.n,
            "scale": self.scale,
            **figures,
            "interval": {"level": LEVEL, "resamples": self.resamples, "seed": self.seed},
            "fit": {
                "kind": self.fit.kind,
                "parameters": list(self.fit.parameters),
                "converged": self.fit.converged,
                "note": self.fit.note,
            },
            "notes": list(self.notes),
            "coverage": None if self.coverage is None else self.coverage.to_dict(),
            **({"distributions": self.distributions.to_dict()} if self.distributions else {}),
        }

    def write(self, folder: str | Path) -> tuple[Path, Path]:
        """Write ``metrics.json`` and ``predictions.csv``.

        The table has the columns path, mos, score[, std][, lower, upper], residual (mos - score)
        and, with distributions, the predicted shares p1 .. p5 of the levels and emd, their earth
        mover's distance to the true ones. The folder is made if it is missing; a file is whole or
        absent.

        Returns:
            The paths of the two files.
        """
        metrics, predictions = Path(folder) / "metrics.json", Path(folder) / "predictions.csv"
        write_text(metrics, json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n")
        write_text(predictions, self._predictions_csv())
        return metrics, predictions

    def _predictions_csv(self) -> str:
        columns = {"path": self.names, "mos": _digits(self.truth), "score": _digits(self.predicted)}
        if self.std is not None:
            columns["std"] = _digits(self.std)
        if self.bounds is not None:
            columns["lower"] = _digits(self.bounds.lower)
            columns["upper"] = _digits(self.bounds.upper)
        columns["residual"] = _digits(self.truth - self.predicted)
        if self.distributions is not None:
            for level, shares in enumerate(self.distributions.predicted.T, start=1):
                columns[f"p{level}"] = _digits(shares)
            columns["emd"] = _digits(self.distributions.emd)
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        return text.getvalue()

    def table(self) -> str:
        """The figures and notes as plain text for people, one figure a line."""
        lines = [f"n = {self.n}" + (f", scale: {self.scale}" if self.scale else "")]
        lines.append(f"{'':<12} value [95 % interval]")
        lines += [f"{name:<12} {figure.text()}" for name, figure in self.figures.items()]
        if self.distributions is not None:
            lines.append(
                f"{'EMD':<12} {self.distributions.emd.mean():.3f} levels from "
                f"{self.distributions.truth_in_words}"
            )
        if self.coverage is not None:
            lines.append(f"{'Intervals':<12} {self.coverage.text()}")
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])


def _digits(series: NDArray[np.float64]) -> tuple[str, ...]:
    """Eight significant digits: all that a score computed in float32 has."""
    return tuple(f"{value:.8g}" for value in series)
