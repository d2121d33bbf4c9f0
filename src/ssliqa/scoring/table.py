"""The scores table: one row a photograph, as CSV, JSON lines or Parquet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ssliqa.errors import ConfigError, MissingExtraError
from ssliqa.files import whole_file
from ssliqa.scoring.photos import ScoredPhoto

COLUMNS = ("path", "score", "std", "lower", "upper", "scale", "model", "status", "error")
FORMATS = (".csv", ".jsonl", ".parquet")


def check_format(path: Path) -> None:
    """Refuse a table that could not be written, before anything is scored.

    Raises:
        ConfigError: a suffix of no known format, or a folder.
        MissingExtraError: Parquet without pyarrow.
    """
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(
            f"'{path}' is no table of scores.", f"Name a file ending in {', '.join(FORMATS)}."
        )
    if path.is_dir():
        raise ConfigError(f"'{path}' is a folder.", "Name a file.")
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise ConfigError(f"'{above}' is a file, not a folder.", "Name another file to write.")
    if not os.access(above, os.W_OK):
        raise ConfigError(f"The folder '{above}' cannot be written.", "Name another file to write.")
    if path.suffix.lower() == ".parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("pyarrow", "parquet") from error


def printable(text: Path | str) -> str:
    r"""Text that can be written as UTF-8; bytes of a file name that cannot appear as ``\udcff``."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def write_scores(rows: Sequence[ScoredPhoto], path: Path, *, model: str, scale: str) -> None:
    """Write the table as a whole, in the format that the suffix of ``path`` names.

    Args:
        rows: scored photographs, in the order of the table.
        path: file ending in .csv, .jsonl or .parquet.
        model: which model scored.
        scale: the scale of the scores, in words.
    """
    check_format(path)
    frame = pd.DataFrame(
        [
            (
                printable(row.path),
                *(
                    (row.score.score, row.score.std, row.score.lower, row.score.upper)
                    if row.score
                    else (None, None, None, None)
                ),
                scale,
                model,
                "ok" if row.score else "failed",
                printable(row.error),
            )
            for row in rows
        ],
        columns=list(COLUMNS),
    )
    for column in ("score", "std", "lower", "upper"):
        frame[column] = frame[column].astype("float64")
    with whole_file(path) as temporary:
        match path.suffix.lower():
            case ".csv":
                frame.to_csv(temporary, index=False)
            case ".jsonl":
                frame.to_json(temporary, orient="records", lines=True, double_precision=15)
            case _:
                frame.to_parquet(temporary, index=False)
