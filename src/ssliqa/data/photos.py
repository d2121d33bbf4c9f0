"""Which photographs are meant by the names in a table."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from pathlib import Path

from ssliqa.errors import LabelTableError
from ssliqa.images.formats import SUFFIXES

IMAGE_SUFFIXES = SUFFIXES
"""Endings, in lower case, by which a file is taken for a photograph."""

_UPLOAD = re.compile(r"[0-9a-f]{8}-(.+)")
_NOT_IN_UPLOADS = re.compile(r"[^-\w.]")


class AnyCase:
    """Finds files and folders by a relative path whose letter case may be wrong.

    Databases made on Windows spell names in one case in their lists and in another on disk.

    Args:
        folder: what the paths are relative to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: dict[Path, dict[str, list[Path]]] = {}

    def candidates(self, name: str) -> list[Path]:
        """Give the existing path as spelled, or else those that differ in letter case alone."""
        exact = self._folder / name
        if exact.exists():
            return [exact]
        places = [self._folder]
        for part in Path(name).parts:
            places = [path for place in places for path in self._children(place, part)]
        return places

    def _children(self, folder: Path, name: str) -> list[Path]:
        if folder not in self._entries:
            entries: dict[str, list[Path]] = defaultdict(list)
            for path in sorted(folder.iterdir()) if folder.is_dir() else []:
                entries[path.name.casefold()].append(path)
            self._entries[folder] = entries
        return self._entries[folder].get(name.casefold(), [])


class PhotographFinder:
    """Finds the photographs that a label table names, below one folder.

    A name is a path relative to the folder, with its sub-folders. A name without an image's
    ending (``953619``) stands for the one photograph of that stem.

    Args:
        folder: the folder that holds the photographs.

    Raises:
        LabelTableError: the folder does not exist.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "does not exist"
            raise LabelTableError(
                f"The image folder {folder} {what}.", "Give the photographs' folder with --images."
            )
        self.folder = folder
        self.missing = f"No file below {folder}, where letter case counts"
        self.remedy = "Give the folder that the names are relative to with --images."
        self._stems: dict[Path, dict[str, list[Path]]] = {}

    def candidates(self, name: str) -> list[Path]:
        """Give the files the name may stand for: one, none, or several of one stem, sorted."""
        path = self.folder / name
        if path.is_file():
            return [path]
        if "\\" in name:  # tables made on Windows
            return self.candidates(name.replace("\\", "/"))
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return []
        return self._by_stem(path.parent).get(path.name, [])

    def _by_stem(self, folder: Path) -> dict[str, list[Path]]:
        if folder not in self._stems:
            stems: dict[str, list[Path]] = defaultdict(list)
            for path in sorted(folder.iterdir()) if folder.is_dir() else []:
                if looks_like_photograph(path):
                    stems[path.stem].append(path)
            self._stems[folder] = dict(stems)
        return self._stems[folder]


class UrlFinder(PhotographFinder):
    """Finds photographs that a rating tool names by their URL, among the files they came from.

    Of a URL's path the longest ending counts that is a file below the folder. Label Studio puts
    eight digits before the name of an upload and takes spaces and most signs out of it; such a name
    stands for the file that would be called so.
    """

    def candidates(self, name: str) -> list[Path]:
        """Give the files the name may stand for, as spelled or as they were before the upload."""
        parts = [part for part in name.split("/") if part]
        for start in range(len(parts)):
            if found := super().candidates("/".join(parts[start:])):
                return found
        upload = _UPLOAD.fullmatch(parts[-1]) if parts else None
        return [] if upload is None else self._uploadable.get(upload[1], [])

    @cached_property
    def _uploadable(self) -> dict[str, list[Path]]:
        names: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(self.folder.iterdir()):
            if looks_like_photograph(path):
                names[_NOT_IN_UPLOADS.sub("", path.name.strip().replace(" ", "_"))].append(path)
        return names


class AnyCaseFinder(PhotographFinder):
    """Finds the photographs of a database, whose lists may spell names in another letter case.

    Args:
        folder: the folder that holds the photographs.
        remedy: what to do about photographs that are not there.

    Raises:
        LabelTableError: the folder does not exist.
    """

    def __init__(self, folder: Path, remedy: str) -> None:
        super().__init__(folder)
        self.missing = f"No file below {folder}, in any letter case"
        self.remedy = remedy
        self._any_case = AnyCase(folder)

    def candidates(self, name: str) -> list[Path]:
        """Give the files the name may stand for, as spelled or else in another letter case."""
        found = super().candidates(name)
        return found or [path for path in self._any_case.candidates(name) if path.is_file()]


def looks_like_photograph(path: Path) -> bool:
    """Whether a file is there whose name is a photograph's, and is not hidden."""
    return (
        path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
