"""What a comparison of scorers found, as values, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ssliqa.evaluation.result import LEVEL, Evaluation
from ssliqa.files import write_text
from ssliqa.metrics import Difference, WilliamsTest

COLUMNS = ("figure", "table", "minus", "value", "low", "high", "p", "p_holm", "p_williams")
"""Columns of ``compare.csv``; ``minus`` is empty for figures of a single table."""


@dataclass(frozen=True)
class Pair:
    """Two scorers on the same photographs.

    Attributes:
        one: name of the first table.
        other: name of the second.
        differences: figure of the first minus that of the second, by the figure's name; those that
            are defined. Interval and p are NaN where there are too few photographs.
        williams: Williams' test of the PLCC of the raw scores; None where it is undefined.
        p_holm: p of each difference, adjusted for the number of pairs (Holm).
    """

    one: str
    other: str
    differences: Mapping[str, Difference]
    williams: WilliamsTest | None
    p_holm: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Figures of several scorers on the same photographs, and their paired differences.

    Attributes:
        evaluations: the evaluation of each table by its name, in the order given.
        pairs: the pairs that were compared.
        notes: sentences on what was left out, converted, or odd.
        rated: number of rated photographs.
        absent: how many of them lack a score in one table or another, and are left out.
        scale: the scale of the ratings.
        resamples: bootstrap resamples behind each interval and p.
        seed: seed of the resamples.
    """

    evaluations: Mapping[str, Evaluation]
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...]
    rated: int
    absent: int
    scale: str
    resamples: int
    seed: int

    @property
    def n(self) -> int:
        """Number of photographs that every figure is of."""
        return next(iter(self.evaluations.values())).n

    def to_dict(self) -> dict[str, Any]:
        """Everything but the single scores, ready for JSON; what is undefined is None."""
        return {
            "n": self.n,
            "rated": self.rated,
            "scale": self.scale,
            "interval": {"level": LEVEL, "resamples": self.resamples, "seed": self.seed},
            "tables": {
                name: {
                    figure: {"value": f.value, "low": f.low, "high": f.high}
                    for figure, f in evaluation.figures.items()
                }
                for name, evaluation in self.evaluations.items()
            },
            "differences": [
                {
                    "table": pair.one,
                    "minus": pair.other,
                    **{
                        figure: {
                            "value": d.value,
                            "low": _or_none(d.low),
                            "high": _or_none(d.high),
                            "p": _or_none(d.p),
                            "p_holm": _or_none(pair.p_holm.get(figure, math.nan)),
                        }
                        for figure, d in pair.differences.items()
                    },
                    "williams_PLCC": None
                    if pair.williams is None
                    else {
                        "t": pair.williams.t,
                        "freedom": pair.williams.freedom,
                        "p": pair.williams.p,
                    },
                }
                for pair in self.pairs
            ],
            "notes": list(self.notes),
        }

    def write(self, folder: str | Path) -> tuple[Path, Path]:
        """Write ``compare.json`` and ``compare.csv`` (:data:`COLUMNS`, a figure a row).

        Returns:
            The paths of the two files.
        """
        as_json, as_csv = Path(folder) / "compare.json", Path(folder) / "compare.csv"
        write_text(as_json, json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n")
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(self._rows())
        write_text(as_csv, text.getvalue())
        return as_json, as_csv

    def _rows(self) -> Iterator[list[str]]:
        for name, evaluation in self.evaluations.items():
            for figure, f in evaluation.figures.items():
                yield [figure, name, "", *_digits(f.value, f.low, f.high, None, None, None)]
        for pair in self.pairs:
            for figure, d in pair.differences.items():
                williams = pair.williams.p if pair.williams and figure == "PLCC" else None
                numbers = (d.value, d.low, d.high, d.p, pair.p_holm.get(figure), williams)
                yield [figure, pair.one, pair.other, *_digits(*numbers)]


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _digits(*values: float | None) -> list[str]:
    return ["" if v is None or math.isnan(v) else f"{v:.8g}" for v in values]
