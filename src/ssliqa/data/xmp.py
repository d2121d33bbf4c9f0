"""Stars that photo programs keep with the photographs: ``xmp:Rating``.

It stands in a sidecar file (``a.xmp`` or ``a.jpg.xmp`` beside ``a.jpg``) or within a JPEG file: -1
is rejected, 0 unrated, 1 .. 5 are stars. Source: Adobe, XMP Specification, parts 1 (the XMP basic
namespace) and 3 (storage in files).

The XML is read by expat as a stream of elements. A document type declaration is refused, and with
it every entity: nothing can be expanded or fetched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.parsers import expat

import pandas as pd

from ssliqa.data.listing import list_photographs
from ssliqa.data.unrated import REJECTED, UNRATED
from ssliqa.errors import ConfigError, LabelTableError, first_few

_WORDS = {0.0: UNRATED, -1.0: REJECTED}
XMP = "http://ns.adobe.com/xap/1.0/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
"""Namespaces."""
_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
WIDE = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of UTF-16; other packets may be padded with zeros."""
PADDING = b"\0 \t\r\n"
_LARGEST = 16 * 2**20
"""Bytes of a sidecar beyond which it is none; real ones are some kilobytes."""


def read_stars(folder: Path) -> pd.DataFrame:
    """The stars of all photographs below a folder.

    Returns:
        Columns ``image``, relative to the folder, and ``rating``: a number as text, or a word of
        :mod:`ssliqa.data.unrated`. A photograph whose sidecar and file have different stars has two
        rows.

    Raises:
        LabelTableError: no photograph has stars, metadata are damaged, or photographs share a
            sidecar.
    """
    try:
        photographs = list_photographs([folder])
    except ConfigError:
        photographs = []  # they may be elsewhere, and only sidecars here
    sidecars = _sidecars(folder, photographs)
    rows: list[tuple[str, str]] = []
    damaged: list[str] = []
    for photograph in sorted({*photographs, *sidecars}):
        stars: set[str] = set()
        for file in (*sidecars.get(photograph, ()), photograph):
            try:
                packet = read_sidecar(file) if file.suffix.lower() == ".xmp" else packet_in(file)
                rating = None if packet is None else rating_of(packet)
            except (ValueError, OSError) as error:
                damaged.append(f"{file.relative_to(folder)} ({error})")
            else:
                stars |= {rating} if rating not in (None, UNRATED) else set()
        name = photograph.relative_to(folder).as_posix()
        rows += [(name, rating) for rating in sorted(stars) or [UNRATED]]
    if damaged:
        raise LabelTableError(
            f"XMP metadata cannot be read in {len(damaged)} files below {folder}: "
            f"{first_few(damaged)}.",
            "Write them again with the program that rated the photographs, or remove them.",
        )
    if all(rating == UNRATED for _, rating in rows):
        raise LabelTableError(
            f"The label table {folder} is a folder, and no photograph below it has stars "
            "(xmp:Rating), in its file or in a sidecar.",
            "Give a table of ratings with --labels FILE, or have your photo program write its "
            "ratings to the files.",
        )
    return pd.DataFrame(rows, columns=["image", "rating"], dtype=object)


def rating_of(packet: bytes) -> str | None:
    """The rating in an XMP packet: a number as it stands, or a word of :mod:`ssliqa.data.unrated`.

    Returns:
        None if it has none.

    Raises:
        ValueError: it is no XML, or declares a document type.
    """
    rating = property_of(packet, XMP, "Rating")
    try:
        return None if rating is None else _WORDS.get(float(rating), rating)
    except ValueError:
        return rating  # is told later, with the photograph's name


def property_of(packet: bytes, namespace: str, name: str) -> str | None:
    """A simple property of the photograph in an XMP packet; None if it has none.

    Raises:
        ValueError: it is no XML, or declares a document type.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    wanted = f"{namespace} {name}"
    found: list[str] = []
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == wanted and of_photograph(path):
            found.append("")
        path.append(name)
        if wanted in attributes and of_photograph(path):
            found.append(attributes[wanted])

    def text(data: str) -> None:
        if path and path[-1] == wanted and found:
            found[-1] += data

    def refuse(*_: Any) -> None:
        raise ValueError("a document type declaration, which XMP never has")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: path.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(packet if packet[:2] in WIDE else packet.strip(PADDING), True)
    except expat.ExpatError as error:
        raise ValueError(f"no XML: {error}") from error
    return found[0].strip() if found else None


def of_photograph(path: Sequence[str]) -> bool:
    """Whether properties at this path of elements are the photograph's own.

    Those further inside are of ingredients or earlier versions.
    """
    return [*path[-2:]] == [f"{RDF} RDF", f"{RDF} Description"] and len(path) <= 3


def read_sidecar(file: Path) -> bytes:
    """The packet that a sidecar is.

    Raises:
        ValueError: it is too large to be one.
        OSError: it cannot be read.
    """
    if file.stat().st_size > _LARGEST:
        raise ValueError(f"larger than {_LARGEST >> 20} MB")
    return file.read_bytes()


def packet_in(photograph: Path) -> bytes | None:
    """The XMP packet in a JPEG file; None if it has none or is another file.

    Raises:
        OSError: it cannot be read.
    """
    if photograph.suffix.lower() not in (".jpg", ".jpeg") or not photograph.is_file():
        return None
    with photograph.open("rb") as file:
        if file.read(2) != b"\xff\xd8":
            return None  # broken, which decoding will tell
        while (marker := file.read(4))[:1] == b"\xff" and len(marker) == 4:
            kind, size = marker[1], int.from_bytes(marker[2:], "big") - 2
            if kind == 0xDA or size < 0:  # the picture begins
                return None
            if kind != 0xE1:
                file.seek(size, 1)
                continue
            content = file.read(size)
            if content.startswith(_HEAD):
                return content.removeprefix(_HEAD)
    return None


def _sidecars(folder: Path, photographs: Iterable[Path]) -> dict[Path, list[Path]]:
    """The sidecars of each photograph; a sidecar of none stands for a photograph elsewhere.

    Raises:
        LabelTableError: a sidecar that several photographs could share.
    """
    by_name = {path: path for path in photographs}
    by_stem: dict[Path, list[Path]] = defaultdict(list)
    for path in by_name:
        by_stem[path.with_suffix("")].append(path)
    found: dict[Path, list[Path]] = defaultdict(list)
    shared: list[str] = []
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix.lower() != ".xmp" or hidden:
            continue
        owner = file.with_suffix("")
        owners = [owner] if owner in by_name else by_stem.get(owner, [owner])
        if len(owners) > 1:
            shared.append(f"{file.relative_to(folder)} ({', '.join(p.name for p in owners)})")
        found[owners[0]].append(file)
    if shared:
        raise LabelTableError(
            f"Photographs share a sidecar: {first_few(shared)}.",
            "Name it after one of them in full, such as a.jpg.xmp.",
        )
    return found
