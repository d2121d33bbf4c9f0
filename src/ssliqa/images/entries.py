"""One cached photograph on disk: a small header, then raw RGB pixels to memory-map.

Layout, little-endian: magic (8 bytes), version, height, width, CRC-32 (4 bytes each), then
height x width x 3 bytes. The CRC covers height, width and pixels. An entry is written under
another name and then renamed, so that a file bearing an entry's name was once whole; the CRC
finds what a power failure or a bad disk did to it later.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SUFFIX = ".pixels"
TEMPORARY = ".pixels-part"
VERSION = 1

_MAGIC = b"ssliqapx"
_HEADER = struct.Struct("<8sIIII")


def entry_bytes(height: int, width: int) -> int:
    """Size of the file that holds ``height`` x ``width`` pixels."""
    return _HEADER.size + height * width * 3


def write_entry(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write ``pixels`` (H, W, 3) to ``path``, whole or not at all.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    height, width = pixels.shape[:2]
    contiguous = np.ascontiguousarray(pixels)
    header = _HEADER.pack(_MAGIC, VERSION, height, width, _crc(height, width, contiguous.data))
    # Named by process and thread: two that write the same entry must not share a file.
    part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}{TEMPORARY}")
    try:
        with part.open("wb") as stream:
            stream.write(header)
            stream.write(contiguous.data)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def map_entry(path: Path, check: bool = False) -> NDArray[np.uint8] | None:
    """Map an entry's pixels: (H, W, 3), read-only. None where it is missing or damaged.

    The array holds a file descriptor for as long as it lives. The CRC is verified only with
    ``check``, since that reads every pixel.
    """
    try:
        with path.open("rb", buffering=0) as stream:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # ValueError: an empty file cannot be mapped
        return None
    if len(mapped) < _HEADER.size:
        return None
    magic, version, height, width, crc = _HEADER.unpack_from(mapped)
    if magic != _MAGIC or version != VERSION or len(mapped) != entry_bytes(height, width):
        return None
    pixels = np.frombuffer(mapped, np.uint8, offset=_HEADER.size)
    if check and _crc(height, width, pixels.data) != crc:
        return None
    return pixels.reshape(height, width, 3)


def _crc(height: int, width: int, pixels: memoryview) -> int:
    return zlib.crc32(pixels, zlib.crc32(struct.pack("<II", height, width)))
