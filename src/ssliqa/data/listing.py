"""Which photographs sources stand for: folders, files, glob patterns and lists.

Folders are walked as their photographs are asked for, so that a million of them need no more memory
than the names of the one folder that is being read. What must be remembered to give each file once
is little, too: of a folder only that it was walked, and by name only files that were given by name,
or reached by a link.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ssliqa.data.photos import IMAGE_SUFFIXES, looks_like_photograph
from ssliqa.errors import ConfigError, first_few

LIST_SUFFIXES = frozenset({".txt", ".lst"})
"""Endings, in lower case, of files that list photographs."""


def list_photographs(sources: Sequence[Path | str]) -> list[Path]:
    """List the photographs that the sources stand for, in a fixed order, each file once.

    Args:
        sources: each one
            a folder (all photographs below it, sorted; hidden files and folders are left out,
            links to folders not followed),
            a file,
            a glob pattern (``shots/**/*.jpg``; sorted),
            or a list, ``.txt`` or ``.lst``: a path a line, relative to the list's own folder;
            blank lines and lines that begin with ``#`` do not count.

    Returns:
        Paths as reached from the sources. A file met twice keeps its first place. Of a file and a
        link to it below one folder the file counts, wherever they stand. A link that leads nowhere
        is given, since it once was a photograph.

    Raises:
        ConfigError: a source or a line of a list is no existing path, a source holds no
            photograph, or a folder cannot be read.
    """
    return list(Listing(sources).paths())


class Listing:
    """The photographs of :func:`list_photographs`, to be gone through more than once.

    Args:
        sources: as for :func:`list_photographs`. Patterns and lists are read here, folders whenever
            the photographs are asked for.

    Raises:
        ConfigError: a source or a line of a list is no existing path.
    """

    def __init__(self, sources: Sequence[Path | str]) -> None:
        self._sources = [_resolved(source) for source in sources]

    def paths(self, *, give_unreadable: bool = False, allow_empty: bool = False) -> Iterator[Path]:
        """Go through the photographs.

        Args:
            give_unreadable: give a folder that cannot be read like a photograph (which will not be
                readable either) instead of refusing it.
            allow_empty: pass over a source that holds no photograph.

        Raises:
            ConfigError: a source holds no photograph, or a folder cannot be read.
        """
        given = _Given()
        for source, files in self._sources:
            holds_any = False
            if files is None:
                given.enter(source)
                for path, is_link in _walk(source, give_unreadable):
                    holds_any = True
                    if given.first_in_folder(path, is_link):
                        yield path
                given.leave()
            for path in files or ():
                holds_any = True
                if given.first(path):
                    yield path
            if not holds_any and not allow_empty:
                raise ConfigError(
                    f"{source} holds no photographs.",
                    f"Photographs are files ending in {' '.join(sorted(IMAGE_SUFFIXES))}.",
                )


class _Given:
    """Which files have been given already."""

    def __init__(self) -> None:
        self._files: set[str] = set()  # real paths of those that no walk comes by
        self._folders: list[str] = []  # real paths of those walked before
        self._root, self._real_root, self._covered = Path(), "", False

    def enter(self, root: Path) -> None:
        """The folder ``root`` is walked from now on."""
        self._root, self._real_root = root, os.path.realpath(root)
        self._covered = any(
            self._real_root == folder or _visible_below(self._real_root, folder)
            for folder in self._folders
        )

    def leave(self) -> None:
        """All photographs of the folder have been given."""
        self._folders.append(self._real_root)
        self._real_root = ""

    def first_in_folder(self, path: Path, is_link: bool) -> bool:
        """Whether a file that the walk came by is to be given now."""
        if self._covered:
            return False
        if self._files or self._folders:
            # Walks follow no links, so only the folder's own path needs to be resolved.
            real = str(self._real_root / path.relative_to(self._root))
            if real in self._files or self._walked(real):
                return False
        return self.first(path) if is_link else True

    def first(self, path: Path) -> bool:
        """Whether a file given by name, or a link, is to be given now."""
        real = os.path.realpath(path)
        if not os.path.isfile(real):  # noqa: PTH113 (a string)
            return True  # leads nowhere, which is to be told
        walked = self._walked(real) or (self._real_root and _given_below(real, self._real_root))
        if walked or real in self._files:
            return False
        self._files.add(real)
        return True

    def _walked(self, real: str) -> bool:
        return any(_given_below(real, folder) for folder in self._folders)


def _given_below(real: str, folder: str) -> bool:
    """Whether a walk through ``folder`` gives the file of this real path."""
    return _visible_below(real, folder) and _suffix(real) in IMAGE_SUFFIXES


def _visible_below(real: str, folder: str) -> bool:
    start = folder.rstrip(os.sep) + os.sep
    return real.startswith(start) and f"{os.sep}." not in real[len(start) - 1 :]


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 (Path is slow, and there are millions)


def _resolved(source: Path | str) -> tuple[Path, list[Path] | None]:
    """The source, and the files it names; None for a folder, to be walked."""
    if not str(source):  # Path("") would be the folder we are in
        raise ConfigError("The name of a photograph or folder is empty.", "Name one.")
    path = Path(source)
    if path.is_dir():
        return path, None
    if path.is_file():
        return path, _read_list(path) if path.suffix.lower() in LIST_SUFFIXES else [path]
    if glob.has_magic(str(path)):
        matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207 (Path.glob takes no absolute pattern)
        return path, [match for match in matches if looks_like_photograph(match)]
    raise ConfigError(
        f"{path} does not exist.",
        "Give a folder, a file, a pattern such as 'shots/*.jpg', or a .txt list of paths.",
    )


def _walk(folder: Path, give_unreadable: bool) -> Iterator[tuple[Path, bool]]:
    """Photographs below the folder, and whether each is a link."""
    # Entries of a folder in order of their names, files and sub-folders mixed: the order does
    # not depend on the file system, and is that of sorted paths.
    waiting = [iter([(folder, _FOLDER)])]
    while waiting:
        path, kind = next(waiting[-1], (None, ""))
        if path is None:
            waiting.pop()
        elif kind != _FOLDER:
            yield path, kind == _LINK
        else:
            try:
                entries = _entries(path)
            except OSError as error:
                if not give_unreadable:
                    raise ConfigError(
                        f"The folder {path} cannot be read ({error.strerror}).",
                        "Change its permissions, or name other folders.",
                    ) from error
                yield path, False
            else:
                waiting.append(_paths(path, entries))


def _paths(folder: Path, entries: _Entries) -> Iterator[tuple[Path, str]]:
    names, kinds = entries
    for name in names:
        yield folder / name, kinds.get(name, _FILE)


_FOLDER, _FILE, _LINK = "folder", "file", "link"
_Entries = tuple[list[str], dict[str, str]]
"""Names, sorted, and the kinds of those that are no plain files: a name costs its letters."""


def _entries(folder: Path) -> _Entries:
    """The visible photographs and sub-folders."""
    names: list[str] = []
    kinds: dict[str, str] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                kinds[entry.name] = _FOLDER
            elif _suffix(entry.name) not in IMAGE_SUFFIXES:
                continue
            elif entry.is_symlink():
                if os.path.isdir(entry.path):  # noqa: PTH112 (a string)
                    continue
                kinds[entry.name] = _LINK
            elif not entry.is_file():
                continue
            names.append(entry.name)
    names.sort()
    return names, kinds


def _read_list(file: Path) -> list[Path]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ConfigError(
            f"The list {file} is not UTF-8 text.", "Save it again with that encoding."
        ) from None
    names = [line.strip() for line in lines]
    paths = [file.parent / name for name in names if name and not name.startswith("#")]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise ConfigError(
            f"{len(missing)} of {len(paths)} paths in {file} are not files: {first_few(missing)}.",
            "Write one path a line, relative to the folder of the list.",
        )
    return paths
