"""Label tables: photographs and what people thought of them, read from the forms in use.

The steps, each in its own module: the file's cells (:mod:`~ssliqa.data.formats`), the meaning of
its columns (:mod:`~ssliqa.data.columns`), one label an image (:mod:`~ssliqa.data.ratings`), the
photograph of each name (:mod:`~ssliqa.data.photos`). Here they are put together, and rows that
contradict each other are found.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ssliqa.data.columns import find_columns, pick_columns, plain_name
from ssliqa.data.formats import read_rows
from ssliqa.data.label_studio import URL_COLUMN
from ssliqa.data.photos import PhotographFinder, UrlFinder
from ssliqa.data.problems import Ledger
from ssliqa.data.ratings import gather_ratings, label_images, screen_ratings, settle_scale
from ssliqa.data.unrated import set_apart
from ssliqa.data.xmp import read_stars
from ssliqa.errors import first_few
from ssliqa.opinion import Scale

_PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}

# So small a part of a scale is hardly all that this many photographs fill: 1-5 is 4 % of 0-100.
_NARROW, _MANY = 0.1, 10


@dataclass(frozen=True, eq=False)
class LabelTable:
    """Rated photographs, one a row, in the order of the label file.

    Attributes:
        names: the photographs as the label file names them, unique.
        paths: their files, each of which exists and stands here once.
        distribution: score distributions, the training target, shape ``(N, 5)``.
        distribution_source: what they are made from: ``votes``; ``MOS and SD`` or ``MOS`` where
            they had to be assumed (:mod:`ssliqa.opinion` says how).
        mos: mean opinion scores in ``scale``, shape ``(N,)``.
        std: standard deviations of the ratings in ``scale``, shape ``(N,)``, NaN where a row has
            none; or None if the label file has none at all.
        scale: the scale of the ratings, and its direction.
        groups: what the photograph shows (images of one content must not be split over training
            and test); the name itself where the label file does not say.
        parts: the official part of each row, ``train``, ``validation`` or ``test``, or None.
        problems: what was set aside under ``on_problem="warn"``, one line for each kind.
        unrated: files of photographs that the label file names without a score.
        remarks: what else is to be known, such as which photographs were rejected, a line each.
    """

    names: tuple[str, ...]
    paths: tuple[Path, ...]
    distribution: NDArray[np.float64]
    distribution_source: str
    mos: NDArray[np.float64]
    std: NDArray[np.float64] | None
    scale: Scale
    groups: tuple[str, ...]
    parts: tuple[str, ...] | None
    problems: tuple[str, ...]
    unrated: tuple[Path, ...] = ()
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def subset(self, indices: Sequence[int] | NDArray[np.int_]) -> LabelTable:
        """Give the rows at these positions, in this order, as a table without unrated images."""
        rows = np.asarray(indices, dtype=np.intp)
        return replace(
            self,
            names=tuple(self.names[row] for row in rows),
            paths=tuple(self.paths[row] for row in rows),
            distribution=self.distribution[rows],
            mos=self.mos[rows],
            std=None if self.std is None else self.std[rows],
            groups=tuple(self.groups[row] for row in rows),
            parts=None if self.parts is None else tuple(self.parts[row] for row in rows),
            unrated=(),
            remarks=(),
        )


def read_label_table(
    labels: str | Path,
    images: str | Path | None,
    *,
    scale: Scale | str | None = None,
    columns: Mapping[str, str] | None = None,
    on_problem: Literal["error", "warn"] = "error",
    find_files: bool = True,
) -> LabelTable:
    """Read a table of ratings and find the photographs it rates.

    Args:
        labels: a file of one of the forms of :mod:`ssliqa.data.formats`, or a folder of
            photographs with stars (:mod:`ssliqa.data.xmp`); ``~`` is the home folder.
        images: the folder that the names are relative to; None for the folder of ``labels``.
        scale: the scale of the scores, in words as :meth:`ssliqa.opinion.Scale.parse` reads them
            (``"0-100"``) or as an object; None for the levels of the votes, or 1..5.
        columns: which column plays which role (``{"mos": "MOS_zscore"}``), where the name does
            not tell; an empty column name for "the table has none". The roles are
            :data:`ssliqa.data.columns.ROLES`.
        on_problem: what to do with rows that cannot be used: refuse the table, or set them
            aside and report them in ``problems``. Of rows that say the same of one photograph
            the first is kept, of rows that contradict each other none.
        find_files: False where the photographs need not be there, only their names; ``paths``
            are then the names below ``images``.

    Raises:
        LabelTableError: the file, its columns, its scale or its rows cannot be used, or no row
            is left; the message lists the first offenders.
        MissingExtraError: a Parquet file, and no package that reads it.
    """
    labels = Path(labels).expanduser()
    stars = labels.is_dir()
    if images is None:
        images = labels if stars else labels.parent
    images = Path(images).expanduser()
    cells = read_stars(labels) if stars else read_rows(labels)
    meaning = find_columns(cells, columns or {})
    rows = pick_columns(cells, meaning)
    scale = settle_scale(rows, meaning, Scale.parse(scale) if isinstance(scale, str) else scale)
    kind = UrlFinder if plain_name(meaning.image) == URL_COLUMN else PhotographFinder
    finder = kind(images) if find_files else images
    return build_table(rows, scale, finder, labels, on_problem)


def build_table(
    rows: pd.DataFrame,
    scale: Scale,
    finder: PhotographFinder | Path,
    source: Path,
    on_problem: Literal["error", "warn"] = "error",
) -> LabelTable:
    """Turn rows into a label table: find the photographs, screen the rows, make distributions.

    Args:
        rows: as :func:`ssliqa.data.columns.pick_columns` gives them.
        scale: the scale of scores or votes.
        finder: finds the photograph of each name; a folder instead takes each name below it, be it
            there or not.
        source: the file the rows are from, for the messages.
        on_problem: as in :func:`read_label_table`.

    Raises:
        LabelTableError: rows cannot be used, or none is left.
    """
    ledger = Ledger(source)
    rows = _screen_names(rows, ledger)
    rows, apart = set_apart(rows)
    rows = screen_ratings(rows, scale, ledger)
    rows = _screen_parts(rows, ledger)
    rows = gather_ratings(rows, scale, ledger)
    unrated = _find_files(pd.DataFrame({"name": apart.unrated}, dtype=object), finder, ledger)
    rows = _find_files(rows, finder, ledger)
    rows = _screen_repeats(rows, ledger)
    if on_problem == "error":
        ledger.refuse()
    ledger.refuse_empty(rows)

    label = label_images(rows, scale)
    return LabelTable(
        names=tuple(rows["name"]),
        paths=tuple(rows["path"]),
        distribution=label.distribution,
        distribution_source=label.source,
        mos=label.mos,
        std=label.std,
        scale=scale,
        groups=tuple(rows["group"] if "group" in rows else rows["name"]),
        parts=tuple(rows["split"]) if "split" in rows else None,
        problems=ledger.lines,
        unrated=tuple(unrated["path"]),
        remarks=(
            *(
                f"{what} ({len(names)}): {first_few(names)}"
                for names, what in apart.remarks
                if names
            ),
            *_narrow(label.mos, scale),
        ),
    )


def _narrow(mos: NDArray[np.float64], scale: Scale) -> Iterator[str]:
    """A remark on scores that fill so little of the scale that it may be another one's."""
    low, high = mos.min(), mos.max()
    if len(mos) >= _MANY and high - low < _NARROW * (scale.high - scale.low):
        yield (
            f"The scores are {low:g} to {high:g}, a small part of the scale {scale}. "
            "If they are on another one, name it with --scale."
        )


def _screen_names(rows: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    if "group" in rows:
        rows["group"] = rows["group"].where(rows["group"] != "", rows["name"])
    nameless = (rows["name"] == "").to_numpy(dtype=bool)
    ledger.note(
        [f"row {number}" for number in np.flatnonzero(nameless) + 1],
        "No image name",
        "Fill in the names, or say which column holds them with --columns.image NAME.",
    )
    return rows[~nameless].reset_index(drop=True)


def _screen_parts(rows: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    if "split" not in rows:
        return rows
    parts = [_PARTS.get(str(part).lower()) for part in rows["split"]]
    odd = [
        f"{name} ('{part}')"
        for name, part, known in zip(rows["name"], rows["split"], parts, strict=True)
        if known is None
    ]
    ledger.note(
        odd,
        "Part that is not train, validation or test",
        "Correct the parts, or leave the column out of account with --columns.split ''.",
    )
    rows["split"] = parts
    return rows[rows["split"].notna()].reset_index(drop=True)


def _find_files(
    rows: pd.DataFrame, finder: PhotographFinder | Path, ledger: Ledger
) -> pd.DataFrame:
    if isinstance(finder, Path):
        paths = [finder / name for name in rows["name"]]
        return rows.assign(path=pd.Series(paths, dtype=object))
    found = {name: finder.candidates(name) for name in rows["name"].unique()}
    ledger.note(
        [name for name, files in found.items() if not files],
        finder.missing,
        finder.remedy,
    )
    ledger.note(
        [
            f"{name} ({', '.join(f.name for f in files)})"
            for name, files in found.items()
            if len(files) > 1
        ],
        "Name that stands for several files",
        "Write the names with their endings.",
    )
    clear = np.array([len(found[name]) == 1 for name in rows["name"]], dtype=bool)
    rows = rows[clear].reset_index(drop=True)
    return rows.assign(path=pd.Series([found[name][0] for name in rows["name"]], dtype=object))


def _screen_repeats(rows: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Find files that several rows speak of: in two parts, saying the same, or contradicting."""
    label = [column for column in rows.columns if column not in ("name", "path", "rater")]
    files = pd.Series([os.path.realpath(path) for path in rows["path"]], dtype=object)
    in_parts, same, differing = [], [], []
    drop = np.zeros(len(rows), dtype=bool)
    for positions in files.groupby(files, sort=False).indices.values():
        if len(positions) == 1:
            continue
        about = rows.iloc[positions]
        named = " = ".join(about["name"].unique())
        if "split" in about and about["split"].nunique() > 1:
            in_parts.append(f"{named} ({', '.join(about['split'].unique())})")
            drop[positions] = True
        elif len(about.drop_duplicates(label)) == 1:
            same.append(named)
            drop[positions[1:]] = True
        else:
            differing.append(named)
            drop[positions] = True
    ledger.note(in_parts, "In several parts", "Keep each image in one part.")
    ledger.note(same, "Several rows with the same label", "Keep one row an image.")
    ledger.note(
        differing,
        "Several rows with different labels",
        "Keep the right row of each; single ratings need a column that names the rater.",
    )
    return rows[~drop].reset_index(drop=True)
