"""One cached array on disk: a small header, then raw values to memory-map.

Layout, little-endian: magic (8 bytes); version, CRC-32, kind of number and number of axes (4 bytes
each); five axes (4 bytes each, unused ones 0); then the values. The CRC covers all after itself. An
entry is written under another name and then renamed, so that a file bearing an entry's name was
once whole; the CRC finds what a power failure or a bad disk did to it later.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
import threading
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

SUFFIX = ".pixels"
TEMPORARY = ".pixels-part"
VERSION = 2

_MAGIC = b"ssliqapx"
_HEADER = struct.Struct("<8sII")
_MAX_AXES = 5
_LAYOUT = struct.Struct(f"<II{_MAX_AXES}I")
_START = _HEADER.size + _LAYOUT.size
# Pixels of a photograph, or what a network's frozen layers make of them.
_KINDS = (np.dtype("u1"), np.dtype("<f2"))

Array = NDArray[Any]


def entry_bytes(shape: tuple[int, ...], dtype: DTypeLike = np.uint8) -> int:
    """Size of the file that holds an array of ``shape``."""
    return _START + math.prod(shape) * int(np.dtype(dtype).itemsize)


def write_entry(path: Path, values: Array) -> None:
    """Write ``values`` (uint8 or float16, up to five axes) to ``path``, whole or not at all.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    shape = values.shape + (0,) * (_MAX_AXES - values.ndim)
    layout = _LAYOUT.pack(_KINDS.index(values.dtype), values.ndim, *shape)
    contiguous = np.ascontiguousarray(values)
    # Named by process and thread: two that write the same entry must not share a file.
    part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}{TEMPORARY}")
    try:
        with part.open("wb") as stream:
            stream.write(_HEADER.pack(_MAGIC, VERSION, _crc(layout, contiguous)))
            stream.write(layout)
            stream.write(contiguous.data)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def map_entry(path: Path, check: bool = False) -> Array | None:
    """Map an entry's array, read-only. None where it is missing or damaged.

    The array holds a file descriptor for as long as it lives. The CRC is verified only with
    ``check``, since that reads every value.
    """
    try:
        with path.open("rb", buffering=0) as stream:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # ValueError: an empty file cannot be mapped
        return None
    if len(mapped) < _START:
        return None
    magic, version, crc = _HEADER.unpack_from(mapped)
    kind, axes, *sides = _LAYOUT.unpack_from(mapped, _HEADER.size)
    if magic != _MAGIC or version != VERSION or kind >= len(_KINDS) or axes > _MAX_AXES:
        return None
    shape = tuple(sides[:axes])
    if len(mapped) != entry_bytes(shape, _KINDS[kind]):
        return None
    values = np.frombuffer(mapped, _KINDS[kind], offset=_START)
    if check and _crc(mapped[_HEADER.size : _START], values) != crc:
        return None
    return values.reshape(shape)


def _crc(layout: bytes, values: Array) -> int:
    return zlib.crc32(values.data, zlib.crc32(layout))
