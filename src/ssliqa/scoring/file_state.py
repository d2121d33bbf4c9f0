"""By what a photo file is known to be the one that was scored."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import NamedTuple

from ssliqa.errors import ImageReadError


class FileState(NamedTuple):
    """Size and times of a file. A file whose state has changed counts as another photograph.

    The time of the last change of the file's entry (``ctime``) is part of it: programs set the
    other time back, as when a copy keeps its original's date, but never this one.
    """

    size: int
    """Bytes."""

    modified: int
    """Nanoseconds since 1970."""

    changed: int
    """Nanoseconds since 1970; also moves when only permissions or the name change."""


def file_state(path: Path) -> FileState:
    """The state of a photo file, links followed.

    Raises:
        ImageReadError: there is no such file, or it is none that can be read to its end.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise ImageReadError(f"{path}: {_reason(path, error)}") from None
    if stat.S_ISDIR(status.st_mode):
        # A listing gives folders only where it cannot read them.
        raise ImageReadError(f"{path}: is a folder, not a photo, or one that cannot be read.")
    if not stat.S_ISREG(status.st_mode):
        raise ImageReadError(f"{path}: is a device or a pipe, not a photo.")
    return FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _reason(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "the link leads nowhere." if path.is_symlink() else "no such file."
    if isinstance(error, PermissionError):
        return "permission to read it is denied."
    return f"cannot be opened ({getattr(error, 'strerror', None) or error})."
