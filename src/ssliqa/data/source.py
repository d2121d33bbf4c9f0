"""Where rated photographs come from: a label table, or a copy of a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from ssliqa.data.datasets import find_dataset
from ssliqa.data.tables import LabelTable, read_label_table
from ssliqa.errors import ConfigError


@dataclass(frozen=True)
class RatedSource:
    """The settings, of a command or a configuration, that name rated photographs.

    Args:
        labels, images, scale, columns: a label table, as for
            :func:`~ssliqa.data.tables.read_label_table`.
        dataset: a database instead, by its name.
        root: the folder of its copy.
        subset: only this part of it, such as a resolution of ``nnid``.
        on_problem: what to do with rows that cannot be used.

    Raises:
        ConfigError: not exactly one of table and database is named, or settings of one stand
            beside the other.
    """

    labels: str | None = None
    images: str | None = None
    scale: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    dataset: str | None = None
    root: str | None = None
    subset: str | None = None
    on_problem: Literal["error", "warn"] = "error"

    def __post_init__(self) -> None:
        if self.labels is not None and self.dataset is not None:
            raise ConfigError(
                f"Both --labels {self.labels} and --dataset {self.dataset} name ratings.",
                "Leave out one of them.",
            )
        if self.labels is None and self.dataset is None:
            raise ConfigError(
                "No ratings are named.",
                "Name a table with --labels TABLE, or a database with --dataset NAME --root DIR.",
            )
        of_table = ("images", "scale", "columns")
        foreign = of_table if self.dataset is not None else ("root", "subset")
        given = [name for name in foreign if getattr(self, name)]
        if given and self.dataset is not None:
            raise ConfigError(
                f"--{given[0]} belongs to --labels; what is known of --dataset {self.dataset} "
                "need not be told.",
                f"Leave out --{given[0]}.",
            )
        if given:
            raise ConfigError(
                f"--{given[0]} belongs to --dataset.",
                "Name the photographs' folder with --images, or a database with --dataset.",
            )
        if self.dataset is not None and self.root is None:
            raise ConfigError(
                f"--dataset {self.dataset} lacks the folder of its copy.",
                "Name it with --root DIR.",
            )

    @classmethod
    def of(cls, settings: object) -> RatedSource:
        """The source that settings with the attributes of this class describe.

        Raises:
            ConfigError: see the class.
        """
        return cls(**{entry.name: getattr(settings, entry.name) for entry in fields(cls)})

    def read(self, *, find_files: bool = True) -> LabelTable:
        """Read the ratings and find their photographs.

        Args:
            find_files: whether a label table's photographs must be there.

        Raises:
            ConfigError: there is no such database, or it has no such subset.
            LabelTableError: the table or the copy cannot be read, or contradicts itself.
            MissingExtraError: a form of file that needs a package that is not installed.
        """
        if self.dataset is not None:
            assert self.root is not None
            return find_dataset(self.dataset).read(
                self.root, subset=self.subset, on_problem=self.on_problem
            )
        assert self.labels is not None
        return read_label_table(
            self.labels,
            self.images,
            scale=self.scale,
            columns=self.columns,
            on_problem=self.on_problem,
            find_files=find_files,
        )


def read_rated(settings: object, *, find_files: bool = True) -> LabelTable:
    """Read the rated photographs that settings name; see :meth:`RatedSource.read`."""
    return RatedSource.of(settings).read(find_files=find_files)
