"""The root folder of a database: finding its files, and saying clearly when they are not there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ssliqa.data.photos import AnyCase
from ssliqa.errors import LabelTableError, first_few


class Root:
    """The folder of a copy of a database. Names below it are found in any letter case.

    Args:
        folder: the root.
        title: the database, for messages.
        layout: what it should hold, for messages.
        url: where it can be had, for messages.

    Raises:
        LabelTableError: the folder does not exist.
    """

    def __init__(self, folder: Path, title: str, layout: Sequence[str], url: str) -> None:
        self.folder = folder
        self._title = title
        self._remedy = f"Expected below the root: {'; '.join(layout)}. To be had at: {url}."
        self._any_case = AnyCase(folder)
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "does not exist"
            raise LabelTableError(
                f"The folder {folder} {what}.",
                f"Give the root of a copy of {title} with --root. {self._remedy}",
            )

    def optional_file(self, *names: str) -> Path | None:
        """The first of these files that is there, or None."""
        return next((path for path in self._existing(names) if path.is_file()), None)

    def file(self, *names: str) -> Path:
        """The first of these files that is there.

        Raises:
            LabelTableError: there is none of them.
        """
        found = self.optional_file(*names)
        if found is None:
            raise self._error(names)
        return found

    def child(self, *names: str) -> Path:
        """The first of these folders that is there.

        Raises:
            LabelTableError: there is none of them.
        """
        found = next((path for path in self._existing(names) if path.is_dir()), None)
        if found is None:
            raise self._error([f"{name}/" for name in names])
        return found

    def error(self, found: str) -> LabelTableError:
        """An error about what was found in the files of this copy."""
        return LabelTableError(f"{self._title} in {self.folder}: {found}", self._remedy)

    def _existing(self, names: Sequence[str]) -> list[Path]:
        return [path for name in names for path in self._any_case.candidates(name)]

    def _error(self, names: Sequence[str]) -> LabelTableError:
        held = sorted(
            f"{path.name}/" if path.is_dir() else path.name
            for path in self.folder.iterdir()
            if not path.name.startswith(".")
        )
        holds = f"it holds {first_few(held)}" if held else "it is empty"
        # An archive unpacked into a folder of its own name is the usual slip.
        inner = [
            path
            for path in sorted(self.folder.iterdir())
            if path.is_dir() and any(AnyCase(path).candidates(name) for name in names)
        ]
        hint = f" Perhaps --root {inner[0]} is meant." if inner else ""
        return LabelTableError(
            f"The folder {self.folder} is no copy of {self._title}: looked for "
            f"{' or '.join(names)}; {holds}.{hint}",
            self._remedy,
        )
