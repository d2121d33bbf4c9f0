"""What every database is: facts about it, and how to read a copy of it.

A database is one file of :mod:`ssliqa.data.datasets` with a :class:`DatasetSpec` called ``SPEC``.
Its reader says which cells mean what; photographs, distributions, groups, official parts and the
screening of rows are those of any label table (:func:`ssliqa.data.tables.build_table`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd

from ssliqa.data.datasets.root import Root
from ssliqa.data.photos import AnyCaseFinder
from ssliqa.data.tables import LabelTable, build_table
from ssliqa.errors import ConfigError
from ssliqa.opinion import Scale

SEE_AUTHORS = "see the authors' page"
"""Where a fact, such as the licence, is not known for sure."""


class DatasetRows(NamedTuple):
    """What a database's reader finds.

    ``rows`` as from :func:`ssliqa.data.columns.pick_columns`, with names relative to ``images``;
    ``source`` is the label file they are from, for messages.
    """

    rows: pd.DataFrame
    images: Path
    source: Path


@dataclass(frozen=True)
class DatasetSpec:
    """A database of rated photographs.

    Attributes:
        name: as users write it, the name of its file in this package.
        title: as its authors write it.
        citation: what to cite.
        licence: on what terms it may be used.
        url: where to get it.
        label: what is known of each image, in words.
        scale: of the ratings, with its direction.
        groups: what makes a content group, in words.
        parts: the official split, in words.
        images: number of rated images in a complete copy; None where copies differ.
        layout: the files below the root that are read, one a line.
        rows: reads them.
        note: what else a user should know.
        subsets: parts that can be read by themselves, by name, each with its reader.
    """

    name: str
    title: str
    citation: str
    licence: str
    url: str
    label: str
    scale: Scale
    groups: str
    parts: str
    images: int | None
    layout: tuple[str, ...]
    rows: Callable[[Root], DatasetRows]
    note: str = ""
    subsets: Mapping[str, Callable[[Root], DatasetRows]] = field(default_factory=dict)

    def reader(self, subset: str | None = None) -> Callable[[Root], DatasetRows]:
        """What reads the whole database, or one of its subsets.

        Raises:
            ConfigError: it has no such subset.
        """
        if subset is None:
            return self.rows
        if subset not in self.subsets:
            raise ConfigError(
                f"{self.title} has no subset '{subset}'.",
                f"It has: {', '.join(self.subsets)}."
                if self.subsets
                else "It is read as a whole: leave out --subset.",
            )
        return self.subsets[subset]

    def read(
        self,
        root: str | Path,
        *,
        subset: str | None = None,
        on_problem: Literal["error", "warn"] = "error",
    ) -> LabelTable:
        """Read a copy of the database.

        Args:
            root: the folder that holds the files of ``layout``; ``~`` is the home folder.
            subset: read only this one of ``subsets``; a copy needs no more than its files.
            on_problem: what to do with rows that cannot be used, such as those of missing
                photographs: refuse the copy, or set them aside and report them.

        Raises:
            ConfigError: it has no such subset.
            LabelTableError: the folder is not such a copy, or rows cannot be used.
            MissingExtraError: a spreadsheet, and no package that reads it.
        """
        reader = self.reader(subset)
        place = Root(Path(root).expanduser(), self.title, self.layout, self.url)
        rows, images, source = reader(place)
        finder = AnyCaseFinder(images, f"Complete the copy of {self.title} ({self.url}).")
        return build_table(rows, self.scale, finder, source, on_problem)
