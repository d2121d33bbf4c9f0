"""Scores as stars for photo programs: ``xmp:Rating`` 1 .. 5 in a sidecar beside the photograph.

A new sidecar of ``a.jpg`` is ``a.jpg.xmp``, as darktable and digiKam name them. Where there is one
already, also one named ``a.xmp`` as the XMP specification has it, the stars go there, and all else
in it stays. Stars that somebody else gave are kept unless told otherwise: what we write is marked,
so that we know our own.
"""

from __future__ import annotations

import math
from collections import Counter
from enum import Enum
from functools import lru_cache
from pathlib import Path

from ssliqa.data.unrated import UNRATED
from ssliqa.data.xmp import XMP, packet_in, property_of, rating_of, read_sidecar
from ssliqa.data.xmp_edit import new_packet, set_property
from ssliqa.errors import SidecarError
from ssliqa.files import whole_file

OWN = "urn:ssliqa:xmp:1.0/"
"""Namespace of the mark: ``Rating`` holds the stars that were written here."""


_ENDINGS = (".xmp", ".XMP")


class Stars(Enum):
    """What became of a photograph's stars."""

    WRITTEN = "written"
    KEPT = "kept"


def stars_of(level: float) -> int:
    """Stars, 1 .. 5, for a score on the levels 1 bad .. 5 excellent; halves go up."""
    return min(5, max(1, math.floor(level + 0.5)))


class Sidecars:
    """Writes stars to the sidecars of photographs; the photographs themselves are not touched.

    Args:
        replace: also stars that somebody else gave, and rejections.
    """

    def __init__(self, *, replace: bool = False) -> None:
        self._replace = replace
        self._stems = lru_cache(maxsize=64)(_stems)  # photographs come folder by folder

    def write(self, photograph: Path, stars: int) -> Stars:
        """Write stars, 1 .. 5, beside one photograph.

        Raises:
            SidecarError: a sidecar that is there cannot be read or changed, or cannot be written.
                It is as it was before.
        """
        sidecar = self._sidecar(photograph)
        try:
            old = read_sidecar(sidecar) if sidecar.exists() else None
            if not self._replace and _rated_by_others(photograph, old):
                return Stars.KEPT
            new = set_property(old or new_packet(), XMP, "xmp", "Rating", str(stars))
            new = set_property(new, OWN, "ssliqa", "Rating", str(stars))
            if new != old:
                _write(sidecar, new)
        except ValueError as error:
            raise SidecarError(
                f"{sidecar}: cannot take stars ({error}).",
                "Write it again with the program that made it, or move it away.",
            ) from error
        except OSError as error:
            raise SidecarError(
                f"{sidecar}: cannot be written ({error.strerror or error})."
            ) from error
        return Stars.WRITTEN

    def _sidecar(self, photograph: Path) -> Path:
        """The sidecar that is there, or else the one to make."""
        full = [photograph.with_name(photograph.name + ending) for ending in _ENDINGS]
        for path in full:
            if path.exists():
                return path.resolve()
        for path in (photograph.with_suffix(ending) for ending in _ENDINGS):
            # A raw file of that name may own it.
            if path.exists() and self._stems(photograph.parent)[photograph.stem] == 1:
                return path.resolve()
        return full[0]


def _stems(folder: Path) -> Counter[str]:
    """How many files of a folder, sidecars aside, have the same name but for its ending."""
    files = (path for path in folder.iterdir() if path.suffix.lower() != ".xmp")
    return Counter(path.stem for path in files)


def _rated_by_others(photograph: Path, sidecar: bytes | None) -> bool:
    if sidecar is not None and (rating := rating_of(sidecar)) not in (None, UNRATED):
        return rating != property_of(sidecar, OWN, "Rating")
    inside = packet_in(photograph)
    try:
        return inside is not None and rating_of(inside) not in (None, UNRATED)
    except ValueError:
        return False  # damaged metadata of the photograph hold no stars


def _write(sidecar: Path, packet: bytes) -> None:
    rights = sidecar.stat().st_mode if sidecar.exists() else None
    with whole_file(sidecar) as temporary:
        temporary.write_bytes(packet)
    if rights is not None:
        sidecar.chmod(rights)
