"""Score tables: what any program wrote down about the quality of photographs.

A table needs a column with the photographs' names and one with their scores, in a form that
:mod:`ssliqa.data.formats` reads. Read are, without further words, the tables of ``ssliqa score``,
the ``predictions.csv`` of ``ssliqa evaluate``, columns with usual names, and tables that have one
column beside the names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ssliqa.data.columns import columns_named_as
from ssliqa.data.formats import read_rows
from ssliqa.errors import ConfigError, LabelTableError, ScoreTableError, first_few
from ssliqa.opinion import Scale

_SCORE_NAMES = frozenset(
    {"score", "scores", "quality", "quality_score", "prediction", "predictions", "predicted"}
    | {"pred", "pred_score", "predicted_score", "predicted_mos"}
)
_OF_AN_EVALUATION = {"path", "mos", "score", "residual"}
_FORMS = (
    "Expected .csv, .tsv, .json, .jsonl, .parquet, or .txt, with a column of names and one of "
    "scores, or .txt with lines 'score name'."
)


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """Scores of photographs.

    Attributes:
        name: what reports call the table.
        names: the photographs as the table names them, unique, each with a score.
        scores: their scores, finite, shape (N,).
        missing: names of photographs in the table without a usable score.
        scale: the scale of the scores, where the table states it.
        counts_as_ratings: whether it is a ``predictions.csv``, whose scores are in the scale and
            the direction of the ratings it was evaluated with.
    """

    name: str
    names: tuple[str, ...]
    scores: NDArray[np.float64]
    missing: tuple[str, ...] = ()
    scale: Scale | None = None
    counts_as_ratings: bool = False


def read_score_table(
    path: str | Path,
    *,
    name: str | None = None,
    name_column: str | None = None,
    score_column: str | None = None,
) -> ScoreTable:
    """Read a table of scores.

    Args:
        path: the file; ``~`` is the home folder.
        name: what reports call it; the file's name without its ending if None.
        name_column: the column with the photographs' names, where it is not recognized.
        score_column: the column with the scores, where it is not recognized.

    Raises:
        ScoreTableError: the file cannot be read, a column is missing or not clear, no score is a
            number, or a photograph has several scores.
        MissingExtraError: a Parquet file, and no package that reads it.
    """
    path = Path(path).expanduser()
    try:
        rows = read_rows(path, "score table", missing="Correct its path.", forms=_FORMS)
    except LabelTableError as error:
        raise ScoreTableError(error.found, error.remedy) from error
    columns = [str(column) for column in rows.columns]
    rows.columns = pd.Index(columns)
    if len(set(columns)) < len(columns):
        twice = sorted({column for column in columns if columns.count(column) > 1})
        raise ScoreTableError(
            f"Columns occur twice in the header of {path}: {first_few(twice)}.",
            "Rename one of each.",
        )
    of_names = _column(path, columns, name_column, columns_named_as("image", columns), "name")
    of_scores = _column(path, columns, score_column, _score_columns(columns, of_names), "score")
    named = [("" if gone else str(cell).strip()) for cell, gone in _cells(rows[of_names])]
    scores = pd.to_numeric(rows[of_scores], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    named, scores = _one_each(path, named, scores)
    usable = np.isfinite(scores)
    if not usable.any():
        raise ScoreTableError(
            f"No cell in the column '{of_scores}' of {path} is a finite number.",
            "Name another column with --score-column NAME.",
        )
    return ScoreTable(
        name=path.stem if name is None else name,
        names=tuple(n for n, fine in zip(named, usable, strict=True) if fine),
        scores=scores[usable],
        missing=tuple(n for n, fine in zip(named, usable, strict=True) if not fine),
        scale=_stated_scale(path, rows),
        counts_as_ratings=set(columns) >= _OF_AN_EVALUATION,
    )


def _column(
    path: Path, columns: list[str], declared: str | None, candidates: list[str], role: str
) -> str:
    if declared is not None:
        if declared not in columns:
            raise ScoreTableError(
                f"{path} has no column '{declared}'; its columns are {', '.join(columns)}.",
                f"Correct --{role}-column.",
            )
        return declared
    if len(candidates) == 1:
        return candidates[0]
    found = (
        f"Several columns of {path} could hold the {role}s: {', '.join(candidates)}."
        if candidates
        else f"No column of {path} is known to hold {role}s; its columns are {', '.join(columns)}."
    )
    raise ScoreTableError(found, f"Name it with --{role}-column NAME.")


def _score_columns(columns: list[str], of_names: str) -> list[str]:
    rest = [column for column in columns if column != of_names]
    if len(rest) == 1:
        return rest
    return [c for c in rest if "_".join(c.lower().replace("-", " ").split()) in _SCORE_NAMES]


def _cells(series: pd.Series) -> list[tuple[object, bool]]:
    return list(zip(series, series.isna(), strict=True))


def _one_each(
    path: Path, names: list[str], scores: NDArray[np.float64]
) -> tuple[list[str], NDArray[np.float64]]:
    """Each name once; rows that say the same of a photograph count as one."""
    nameless = [str(k) for k, name in enumerate(names, start=1) if not name]
    if nameless:
        raise ScoreTableError(
            f"{len(nameless)} rows of {path} name no photograph: rows {first_few(nameless)}.",
            "Fill in the names, or say which column holds them with --name-column NAME.",
        )
    first: dict[str, int] = {}
    differing = [
        name
        for k, name in enumerate(names)
        if not _same(scores[first.setdefault(name, k)], scores[k])
    ]
    if differing:
        raise ScoreTableError(
            f"{len(differing)} rows of {path} give a photograph another score than a row before: "
            f"{first_few(differing)}.",
            "Keep one row a photograph.",
        )
    return list(first), scores[list(first.values())]


def _same(one: float, other: float) -> bool:
    return bool(one == other or (np.isnan(one) and np.isnan(other)))


def _stated_scale(path: Path, rows: pd.DataFrame) -> Scale | None:
    """The scale in a column of that name, as ``ssliqa score`` writes it; None without one."""
    if "scale" not in rows.columns:
        return None
    stated = {str(cell).strip() for cell, gone in _cells(rows["scale"]) if not gone} - {""}
    if len(stated) > 1:
        raise ScoreTableError(
            f"The rows of {path} are on different scales: {first_few(sorted(stated))}.",
            "Compare scores of one model.",
        )
    try:
        return Scale.parse(stated.pop()) if stated else None
    except ConfigError:
        return None  # another program's idea of a scale


def table_names(paths: Sequence[str | Path]) -> list[str]:
    """Short names for files, all different: the stem, with folders before it where stems are equal.

    Raises:
        ScoreTableError: a file is given twice.
    """
    parts = [Path(path).expanduser().absolute().with_suffix("").parts for path in paths]
    files = [str(Path(path).expanduser().absolute()) for path in paths]
    twice = sorted({str(p) for p, file in zip(paths, files, strict=True) if files.count(file) > 1})
    if twice:
        raise ScoreTableError(f"A table is given twice: {first_few(twice)}.", "Give each once.")
    names = []
    for k, own in enumerate(parts):
        others = [other for j, other in enumerate(parts) if j != k]
        length = 1
        while length < len(own) and any(other[-length:] == own[-length:] for other in others):
            length += 1
        if any(other[-length:] == own[-length:] for other in others):  # a.csv beside a.jsonl
            names.append(Path(paths[k]).name)
        else:
            names.append("/".join(own[-length:]))
    return names
