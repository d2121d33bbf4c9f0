"""Each photograph is decoded and resized once; its pixels wait on disk, memory-mapped.

An entry is named by a digest of the photo's content, the protocol and the decoder: a changed
photo or another size can never be served old pixels, and equal photos share one entry. Several
trainings may use one folder. No photo is lost to the cache: what does not fit, has vanished or was
damaged is decoded again from its source, only more slowly.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import ConfigError, ImageReadError
from ssliqa.images.decode import decode_stream, decoder_version, open_photo
from ssliqa.images.entries import VERSION
from ssliqa.images.entry_folder import EntryFolder
from ssliqa.images.protocol import Protocol

T = TypeVar("T")
R = TypeVar("R")


def default_cache_folder() -> Path:
    """``$XDG_CACHE_HOME/ssliqa``, or ``~/.cache/ssliqa`` where that variable is not set."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "ssliqa"


@dataclass(frozen=True)
class CachedPhoto:
    """A readable photograph: the name of its entry, and its size after the resize."""

    key: str
    height: int
    width: int


@dataclass(frozen=True)
class Prepared:
    """Photographs ready to be read, in the order they were given.

    May be copied to other processes, which then read the same entries.
    """

    paths: tuple[Path, ...]
    photos: tuple[CachedPhoto | None, ...]
    """One for each path; None where the photo could not be read."""
    failures: tuple[tuple[Path, str], ...]
    """The paths that could not be read, each with the reason."""
    uncached: int
    """Number of readable paths without an entry: they are decoded anew at each access."""
    note: str
    """Why there are ``uncached`` photos; empty where there are none."""
    cache: ImageCache
    protocol: Protocol

    def __len__(self) -> int:
        return len(self.paths)

    def image(self, index: int) -> NDArray[np.uint8]:
        """Pixels (H, W, 3), 0..255, read-only, of the photo at ``paths[index]``.

        The array holds a file descriptor for as long as it lives, so do not keep thousands.

        Raises:
            ImageReadError: the photo could not be read, or its file has changed since.
        """
        path = self.paths[index]
        photo = self.photos[index]
        if photo is None:
            raise ImageReadError(f"{path}: {dict(self.failures)[path]}")
        pixels = self.cache.entries.read(photo.key)
        if pixels is not None:
            return pixels
        try:
            return self.cache.decode_again(path, photo, self.protocol)
        except ImageReadError as error:
            raise ImageReadError(f"{path}: {error.found}", error.remedy) from error.__cause__


class ImageCache:
    """A bounded folder of decoded, resized photographs.

    One object serves one run: it never removes the entries of photos it has prepared itself.

    Args:
        folder: where the entries lie; made when first used. Other files in it are left alone.
        limit_bytes: upper bound of the entries' sizes together. 0 keeps nothing.

    Raises:
        ConfigError: the limit is negative.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        if limit_bytes < 0:
            raise ConfigError(f"The image cache's limit is {limit_bytes} bytes.", "Use 0 or more.")
        self.entries = EntryFolder(folder, limit_bytes)

    def prepare(
        self,
        paths: Sequence[Path],
        protocol: Protocol,
        *,
        workers: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> Prepared:
        """Give each photo a whole entry, decoding only those that have none.

        Entries found are verified to the last byte, and damaged ones rebuilt. At most ``workers``
        decoded photos are in memory at a time.

        Args:
            paths: photo files; one may occur more than once.
            protocol: how they are resized.
            workers: number of threads (decoding, resizing and digests release Python's lock).
            progress: called in this thread with (photos done, photos in all).

        Raises:
            ConfigError: ``workers`` is below 1, or the folder cannot be made or written.
        """
        if workers < 1:
            raise ConfigError(f"The image cache got workers={workers}.", "Use 1 or more.")
        self.entries.open()
        results: dict[int, CachedPhoto | str] = {}
        missing: dict[str, list[int]] = {}  # key -> the paths that share this content

        def record(index: int, result: CachedPhoto | str) -> None:
            results[index] = result
            if progress is not None:
                progress(len(results), len(paths))

        def sort_out(index: int, result: CachedPhoto | str | _Missing) -> None:
            if isinstance(result, _Missing):
                missing.setdefault(result.key, []).append(index)
            else:
                record(index, result)

        # All entries that exist are claimed first, so that room is never made by removing them.
        _in_threads(lambda path: self._find(path, protocol), paths, workers, sort_out)
        self.entries.tidy()
        groups = list(missing.values())

        def share(group: int, result: CachedPhoto | str) -> None:
            for index in groups[group]:
                record(index, result)

        firsts = [paths[group[0]] for group in groups]
        _in_threads(lambda path: self._make(path, protocol), firsts, workers, share)
        self.entries.tidy()

        ordered = [results[index] for index in range(len(paths))]
        photos = tuple(None if isinstance(result, str) else result for result in ordered)
        uncached = sum(photo is not None and not self.entries.holds(photo.key) for photo in photos)
        return Prepared(
            paths=tuple(paths),
            photos=photos,
            failures=tuple(
                (path, result)
                for path, result in zip(paths, ordered, strict=True)
                if isinstance(result, str)
            ),
            uncached=uncached,
            note=self.entries.shortage() if uncached else "",
            cache=self,
            protocol=protocol,
        )

    def decode_again(self, path: Path, photo: CachedPhoto, protocol: Protocol) -> NDArray[np.uint8]:
        """Pixels of a prepared photo whose entry is gone; stored anew where there is room.

        Raises:
            ImageReadError: the file cannot be read, or is no longer the one that was prepared.
                The message does not name the file.
        """
        with open_photo(path) as stream:
            if _key(stream, protocol) != photo.key:
                raise ImageReadError(
                    "has changed since it was prepared.", "Start again to use the new photo."
                )
            pixels = decode_stream(stream, protocol).pixels
        self.entries.store(photo.key, pixels)
        return pixels

    def _find(self, path: Path, protocol: Protocol) -> CachedPhoto | str | _Missing:
        try:
            with open_photo(path) as stream:
                key = _key(stream, protocol)
        except ImageReadError as error:
            return str(error)
        size = self.entries.claim(key)
        return _Missing(key) if size is None else CachedPhoto(key, *size[:2])

    def _make(self, path: Path, protocol: Protocol) -> CachedPhoto | str:
        try:
            with open_photo(path) as stream:
                key = _key(stream, protocol)
                # Another process that prepares the same photos may have been faster.
                if (size := self.entries.claim(key)) is not None:
                    return CachedPhoto(key, *size[:2])
                pixels = decode_stream(stream, protocol).pixels
        except ImageReadError as error:
            return str(error)
        self.entries.store(key, pixels)
        return CachedPhoto(key, pixels.shape[0], pixels.shape[1])


@dataclass(frozen=True)
class _Missing:
    """A photo that can be opened and has no entry of this name."""

    key: str


def _key(stream: io.BufferedReader, protocol: Protocol) -> str:
    content = hashlib.file_digest(stream, "blake2b").hexdigest()
    # Another version of what decodes may decode the same file to other pixels.
    name = f"{content} {protocol.digest()} {decoder_version()} entry {VERSION}"
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def _in_threads(
    function: Callable[[T], R],
    items: Sequence[T],
    workers: int,
    receive: Callable[[int, R], None],
) -> None:
    """Hand ``receive`` each item's index and result, in order.

    When it is interrupted, items that have not been begun never are.
    """
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        for index, result in enumerate(pool.map(function, items)):
            receive(index, result)
    finally:
        pool.shutdown(cancel_futures=True)
