"""Which kind of file is it? Its first bytes say so; its name does not count.

Pillow's own ``Image.open`` is not used: it applies limits that are settings of the whole process,
and would try every format with a file that is damaged in one.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from ssliqa.errors import ImageReadError, MissingExtraError

FORMATS = ("JPEG", "PNG", "WebP", "AVIF", "HEIC", "TIFF", "GIF", "BMP", "PPM", "camera RAW")

_RAW = "arw cr2 cr3 dng nef nrw orf pef raf rw2 srw"
SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        "jpg jpeg jpe jfif png apng webp avif heic heif hif tif tiff gif bmp ppm pgm pbm pnm "
        + _RAW
    ).split()
)
"""Endings of the names of photo files, in lower case: they decide what of a folder is one, never
how it is read."""

_Reader = Callable[[BinaryIO], ImageFile.ImageFile]

_BITS_PER_SAMPLE, _PLANAR_CONFIGURATION, _SEPARATE = 258, 284, 2


def _open_tiff(stream: BinaryIO) -> ImageFile.ImageFile:
    try:
        image = TiffImagePlugin.TiffImageFile(stream)
    except SyntaxError as error:
        if "mode" not in str(error):  # its header is damaged
            raise
        raise ImageReadError(
            "is a TIFF file of a kind that cannot be read, such as floating-point colors.",
            "Export the photo with 8 or 16 bits.",
        ) from error
    bits = image.tag_v2.get(_BITS_PER_SAMPLE, (1,))
    # Pillow reads such planes as if they had 8 bits.
    separate = image.tag_v2.get(_PLANAR_CONFIGURATION) == _SEPARATE
    if separate and len(bits) > 1 and max(bits) > 8:
        raise ImageReadError(
            "holds 16-bit colors in separate planes, which cannot be read.",
            "Save it with interleaved colors, as most programs do.",
        )
    return image


# Where a JPEG holds several pictures (MPO, as many phones write), Pillow gives the first.
_SIGNATURES: tuple[tuple[bytes, _Reader], ...] = (
    (b"\xff\xd8\xff", JpegImagePlugin.jpeg_factory),
    (b"\x89PNG\r\n\x1a\n", PngImagePlugin.PngImageFile),
    (b"GIF87a", GifImagePlugin.GifImageFile),
    (b"GIF89a", GifImagePlugin.GifImageFile),
    (b"BM", BmpImagePlugin.BmpImageFile),
    *((magic, _open_tiff) for magic in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    *((b"P%d" % kind, PpmImagePlugin.PpmImageFile) for kind in range(1, 7)),
)
_HEIC_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
)
_HEAD = 256
"""Bytes that are enough to tell the format; a file of either of the last two kinds lists its
brands in them."""


def open_image(stream: BinaryIO) -> ImageFile.ImageFile:
    """Read the header of a photo file other than camera RAW; pixels are not unpacked.

    Raises:
        ImageReadError: no known format, or one that needs a package that is not installed.
            The message does not name the file.
        Exception: nearly any kind, where the header is damaged.
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    stream.seek(0)
    for signature, reader in _SIGNATURES:
        if head.startswith(signature):
            return _with_scaled_key(reader(stream))
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile(stream)
    brands = container_brands(head)
    if brands & {b"avif", b"avis"}:
        return AvifImagePlugin.AvifImageFile(stream)
    if brands & _HEIC_BRANDS:
        return _open_heic(stream)
    raise ImageReadError(
        "is not a photo in a known format.", f"Known formats: {', '.join(FORMATS)}."
    )


def container_brands(head: bytes) -> set[bytes]:
    """What a file of the ISO container says it is: its brands, four letters each."""
    if head[4:8] != b"ftyp":
        return set()
    box = head[: int.from_bytes(head[:4], "big")]
    return {box[8:12], *(box[start : start + 4] for start in range(16, len(box), 4))}


def several_pictures(image: Image.Image) -> str:
    """What a user should know where a file holds more than the picture that is read."""
    try:
        if image.format in ("GIF", "PNG", "WEBP", "AVIF") and getattr(image, "is_animated", False):
            return "it is an animation: its first frame was read"
        if image.format == "TIFF" and getattr(image, "is_animated", False):
            return "it has several pages: the first was read"
    except Exception:  # what follows the first picture is damaged, which does not matter here
        return ""
    return ""


def _open_heic(stream: BinaryIO) -> ImageFile.ImageFile:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        missing = MissingExtraError("pillow-heif", "heif")
        raise ImageReadError(
            f"is a HEIC photo, which needs the package '{missing.package}'.", missing.remedy
        ) from None
    reader: _Reader = HeifImageFile
    return reader(io.BytesIO(stream.read()))


def _with_scaled_key(image: ImageFile.ImageFile) -> ImageFile.ImageFile:
    """Bring the color that stands for transparency in a PNG to the scale of the pixels.

    Pillow scales 2, 4 and 16 bits to 8, but leaves this color as it is in the file.
    """
    key = image.info.get("transparency")
    if image.format != "PNG" or not image.tile:
        return image
    stored = image.tile[0][3]
    if isinstance(key, int) and stored in ("L;2", "L;4"):
        image.info["transparency"] = key * {"L;2": 85, "L;4": 17}[stored]
    elif isinstance(key, tuple) and stored == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in key)
    return image
