"""The cells of databases' own files: tables, spreadsheets, MATLAB arrays and lists of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ssliqa.data.columns import Columns, pick_columns, plain_name
from ssliqa.errors import LabelTableError, MissingExtraError

_HEADER_ROWS = 20


def pick(
    cells: pd.DataFrame,
    source: Path,
    *,
    image: str,
    mos: str | None = None,
    std: str | None = None,
    split: str | None = None,
    group: str | None = None,
    levels: Sequence[str] = (),
) -> pd.DataFrame:
    """Pick and convert the columns that a database is known to have.

    Names of columns match in any letter case, with spaces for underscores. ``image``, ``mos`` and
    ``levels`` must be there; the others are taken where they are.

    Returns:
        Rows as :func:`ssliqa.data.columns.pick_columns` gives them.

    Raises:
        LabelTableError: a column is missing; the message lists those that are there.
    """

    def optional(name: str | None) -> str | None:
        return None if name is None else find_column(cells, name)

    columns = Columns(
        image=needed_column(cells, source, image),
        mos=None if mos is None else needed_column(cells, source, mos),
        std=optional(std),
        split=optional(split),
        group=optional(group),
        levels=tuple(needed_column(cells, source, level) for level in levels),
    )
    return pick_columns(cells, columns)


def find_column(cells: pd.DataFrame, name: str) -> str | None:
    """How the table spells this column, or None where it has none."""
    spelled = (str(column) for column in cells.columns)
    return next((column for column in spelled if plain_name(column) == plain_name(name)), None)


def needed_column(cells: pd.DataFrame, source: Path, *names: str) -> str:
    """How the table spells the first of these columns that it has.

    Raises:
        LabelTableError: it has none of them.
    """
    for name in names:
        if (found := find_column(cells, name)) is not None:
            return found
    raise LabelTableError(
        f"{source} has no column '{' or '.join(names)}'; its columns are "
        f"{', '.join(str(column) for column in cells.columns)}.",
        "Use the file as its authors distribute it.",
    )


def read_spreadsheet(path: Path, header: str, sheet: str | None = None) -> pd.DataFrame:
    """Read a sheet whose header stands in one of its first rows, perhaps not in the first column.

    Args:
        path: an ``.xlsx`` file.
        header: a column of the header, by which its row is known.
        sheet: the sheet's name; None for the first.

    Returns:
        The rows below the header that are not empty, named as in the header; columns without a
        name are dropped.

    Raises:
        LabelTableError: the file is damaged, has no such sheet or no such header.
        MissingExtraError: no package that reads spreadsheets.
    """
    try:
        sheets = pd.read_excel(path, sheet_name=None, header=None, dtype=object, engine="openpyxl")
    except ImportError:
        raise MissingExtraError("openpyxl", "datasets") from None
    except Exception as error:  # openpyxl raises nearly every kind on damaged files
        raise LabelTableError(f"The spreadsheet {path} cannot be read ({error}).") from error
    if sheet is None:
        sheet = next(iter(sheets))
    if sheet not in sheets:
        raise LabelTableError(
            f"The spreadsheet {path} has no sheet '{sheet}'; its sheets are {', '.join(sheets)}.",
            "Use the file as its authors distribute it.",
        )
    raw = sheets[sheet]
    for place in range(min(_HEADER_ROWS, len(raw))):
        names = ["" if pd.isna(cell) else str(cell).strip() for cell in raw.iloc[place]]
        if plain_name(header) in map(plain_name, names):
            named = [k for k, name in enumerate(names) if name]
            cells = raw.iloc[place + 1 :, named].dropna(how="all").reset_index(drop=True)
            cells.columns = pd.Index([names[k] for k in named])
            return cells
    raise LabelTableError(
        f"The sheet '{sheet}' of {path} has no column '{header}' in its first {_HEADER_ROWS} rows.",
        "Use the file as its authors distribute it.",
    )


def read_mat(path: Path, *keys: str) -> list[list[object]]:
    """Read flat arrays of a MATLAB file: numbers, or cells that hold one text each.

    Raises:
        LabelTableError: the file is damaged, or has no array of that name.
    """
    from scipy.io import loadmat

    try:
        content = loadmat(str(path))
    except Exception as error:  # damaged, or of the HDF5 kind, which scipy does not read
        raise LabelTableError(f"The MATLAB file {path} cannot be read ({error}).") from error
    missing = [key for key in keys if key not in content]
    if missing:
        held = [key for key in content if not key.startswith("__")]
        raise LabelTableError(
            f"{path} has no array '{missing[0]}'; it has {', '.join(held)}.",
            "Use the file as its authors distribute it.",
        )
    return [[_only(entry) for entry in np.ravel(content[key])] for key in keys]


def read_numbers(path: Path) -> NDArray[np.float64]:
    """Read a text file of one number a line.

    Raises:
        LabelTableError: a line is no number.
    """
    lines = path.read_text(encoding="utf-8-sig").split()
    try:
        return np.array([float(line) for line in lines])
    except ValueError as error:
        raise LabelTableError(f"{path} is not a list of numbers ({error}).") from None


def whole(cell: object) -> str:
    """A cell as text; a whole number, which spreadsheets keep as 1600.0, without its point."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _only(entry: object) -> object:
    """The single value of a MATLAB cell."""
    return np.ravel(entry)[0].item() if isinstance(entry, np.ndarray) and entry.size else entry
