"""The scores table: one row a photograph, as CSV, JSON lines or Parquet.

Rows are written as they come, so a table may be larger than memory; the file is whole or absent.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ssliqa.errors import ConfigError, MissingExtraError
from ssliqa.files import whole_file
from ssliqa.scoring.destination import existing_folder_for
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
    above = existing_folder_for(path)
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


def write_scores(
    rows: Iterable[ScoredPhoto],
    path: Path,
    *,
    model: str,
    scale: str,
    ranks: Iterable[int] | None = None,
) -> None:
    """Write the table as a whole, in the format that the suffix of ``path`` names.

    Args:
        rows: scored photographs, in the order of the table.
        path: file ending in .csv, .jsonl or .parquet.
        model: which model scored.
        scale: the scale of the scores, in words.
        ranks: makes a further column ``rank``: one for each row, 0 for one without.

    Raises:
        ConfigError: the table cannot be written there.
        OSError: the disk is full; the file is as it was before.
    """
    check_format(path)
    records: Iterator[tuple[Any, ...]] = (_record(row, model, scale) for row in rows)
    columns: tuple[str, ...] = COLUMNS
    if ranks is not None:
        columns = (*COLUMNS, "rank")
        records = ((*record, rank or None) for record, rank in zip(records, ranks, strict=True))
    write = {".csv": _write_csv, ".jsonl": _write_lines, ".parquet": _write_parquet}
    with whole_file(path) as temporary:
        write[path.suffix.lower()](records, columns, temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())  # it takes the place of what hours have gathered


_Record = tuple[Any, ...]
_AT_ONCE = 10_000
"""Rows in a part of a Parquet file, which is what is in memory of it."""


def _record(row: ScoredPhoto, model: str, scale: str) -> _Record:
    score = row.score
    numbers = (None,) * 4 if score is None else (score.score, score.std, score.lower, score.upper)
    status = "failed" if score is None else "ok"
    return printable(row.path), *numbers, scale, model, status, printable(row.error)


def _write_csv(records: Iterable[_Record], columns: Sequence[str], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(records)


def _write_lines(records: Iterable[_Record], columns: Sequence[str], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            row = dict(zip(columns, record, strict=True))
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_parquet(records: Iterable[_Record], columns: Sequence[str], path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    kinds = dict.fromkeys(("score", "std", "lower", "upper"), pyarrow.float64())
    kinds["rank"] = pyarrow.int64()
    schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in columns])
    with parquet.ParquetWriter(path, schema) as file:
        for part in _parts(records):
            cells = dict(zip(columns, zip(*part, strict=True), strict=True))
            file.write_table(pyarrow.table(cells, schema=schema))


def _parts(records: Iterable[_Record]) -> Iterator[list[_Record]]:
    rest = iter(records)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
