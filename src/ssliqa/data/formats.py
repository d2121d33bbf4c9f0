"""The files a table of labels or scores comes in, each read into one table of raw cells.

* ``.csv``, ``.tsv``, ``.txt`` with a header line: separator comma, semicolon or tab, UTF-8 with
  or without byte order mark, quoted cells, any line ends;
* ``.json``: a list of objects, one a row; a cell may be a list of shares; or an export of Label
  Studio (:mod:`ssliqa.data.label_studio`);
* ``.jsonl``: such an object a line;
* ``.parquet``: a table whose cells may be lists of shares;
* ``.txt``, ``.lst`` without a header: lines ``p1 p2 p3 p4 p5 name`` (the published SSLIQA lists)
  or ``mos name`` (NNID, TID2013); a name may hold spaces.

What the columns mean is decided in :mod:`ssliqa.data.columns`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from ssliqa.data.label_studio import is_export, is_short_export, read_export
from ssliqa.errors import LabelTableError, MissingExtraError, first_few
from ssliqa.opinion import LEVELS

_FORMS = (
    "Expected .csv, .tsv, .json, .jsonl, .parquet, or .txt with lines 'mos name' or "
    "'p1 p2 p3 p4 p5 name'."
)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?nan"
# The name is the rest of the line: it may hold spaces, and even begin with a digit.
_SHARES_LINE = re.compile(rf"\s*((?:(?:{_NUMBER})\s+){{{LEVELS}}})(\S.*?)\s*", re.IGNORECASE)
_SCORE_LINE = re.compile(rf"\s*({_NUMBER})\s+(\S.*?)\s*", re.IGNORECASE)


def read_rows(
    path: Path,
    what: str = "label table",
    *,
    missing: str = "Give a table of ratings with --labels FILE.",
    forms: str = _FORMS,
) -> pd.DataFrame:
    """Read a table as it stands: one row a line or object, columns named as in the file.

    Text cells stay text (a name ``007`` keeps its zeros); a file without a header gives the
    columns ``name`` and ``p1`` .. ``p5`` or ``mos``.

    Args:
        path: the file.
        what: what messages call it.
        missing: what messages advise if there is no such file.
        forms: what messages say of the forms there are.

    Raises:
        LabelTableError: there is no such file, or it is of no known form, damaged, or empty.
        MissingExtraError: a Parquet file, and no package that reads it.
    """
    if not path.is_file():
        state = "is a folder" if path.is_dir() else "does not exist"
        raise LabelTableError(f"The {what} {path} {state}.", missing)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise LabelTableError(f"The {what} {path} is of an unknown form.", forms)
    try:
        rows = reader(path)
    except UnicodeDecodeError:
        raise LabelTableError(
            f"The {what} {path} is not UTF-8 text.", "Save it again with that encoding."
        ) from None
    except (ValueError, OSError, csv.Error) as error:  # whatever a parser says of damage
        raise LabelTableError(f"The {what} {path} cannot be read ({error}).", forms) from error
    if rows.empty:
        raise LabelTableError(f"The {what} {path} holds no rows.", forms)
    return rows


def _read_delimited(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = re.sub(r'"[^"]*"', "", file.readline())
        separator = max(",;\t", key=header.count)
        file.seek(0)
        reader = csv.reader(file, delimiter=separator, skipinitialspace=True, strict=True)
        lines = [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    if not lines:
        return pd.DataFrame()
    (_, names), body = lines[0], lines[1:]
    # pandas would cut or shift such rows without a word: a comma in an unquoted name, usually.
    uneven = [number for number, cells in body if len(cells) != len(names)]
    if uneven:
        raise LabelTableError(
            f"The header of {path} has {len(names)} columns, but not lines {first_few(uneven)}.",
            f"Put names that hold '{separator}' in double quotes.",
        )
    return pd.DataFrame(
        [cells for _, cells in body], columns=[name.strip() for name in names], dtype=object
    )


def _read_text(path: Path) -> pd.DataFrame:
    lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    if not lines or not _SCORE_LINE.fullmatch(lines[0]):
        return _read_delimited(path)
    shares = [_SHARES_LINE.fullmatch(line) for line in lines]
    if all(shares):
        levels = [f"p{level}" for level in range(1, LEVELS + 1)]
        cells = [[*match[1].split(), match[2]] for match in shares if match]
        return pd.DataFrame(cells, columns=[*levels, "name"], dtype=object)
    scores = [_SCORE_LINE.fullmatch(line) for line in lines]
    if shares[0] is not None or not all(scores):
        pattern = shares if shares[0] is not None else scores
        bad = [number for number, match in enumerate(pattern, start=1) if match is None]
        raise LabelTableError(
            f"Not every line of {path} reads like its first, '{lines[0].strip()}': "
            f"lines {first_few(bad)} (blank lines not counted).",
            _FORMS,
        )
    cells = [[match[1], match[2]] for match in scores if match]
    return pd.DataFrame(cells, columns=["mos", "name"], dtype=object)


def _read_json(path: Path) -> pd.DataFrame:
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    if is_export(content):
        return read_export(content, path)
    if isinstance(content, list) and content and all(map(is_short_export, content)):
        raise LabelTableError(
            f"{path} is a JSON-MIN export of Label Studio.", "Export again, as JSON."
        )
    if not isinstance(content, Sequence) or not all(isinstance(row, dict) for row in content):
        raise LabelTableError(
            f"{path} is not a list of JSON objects.",
            'Expected [{"image": "a.jpg", "mos": 3.2}, ...].',
        )
    return pd.DataFrame(content, dtype=object)


def _read_json_lines(path: Path) -> pd.DataFrame:
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    content = [json.loads(line) for line in lines if line.strip()]
    if not all(isinstance(row, dict) for row in content):
        raise LabelTableError(
            f"Not every line of {path} is a JSON object.", 'Expected lines {"image": "a.jpg", ...}.'
        )
    return pd.DataFrame(content, dtype=object)


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet") from None


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_delimited,
    ".tsv": _read_delimited,
    ".txt": _read_text,
    ".lst": _read_text,
    ".json": _read_json,
    ".jsonl": _read_json_lines,
    ".parquet": _read_parquet,
}
