"""Camera RAW files, by the extra ``raw`` (rawpy, which is LibRaw).

The picture that the camera itself made and stored in the file is read where it is at least half
as large as the sensor's on each side: it is what a viewer shows. Otherwise the sensor's data are
developed with the camera's white balance and fixed brightness.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from PIL import Image, JpegImagePlugin, TiffImagePlugin

from ssliqa.errors import ImageReadError, MissingExtraError
from ssliqa.images.formats import container_brands
from ssliqa.images.limits import check_pixels

_SIGNATURES = (b"FUJIFILMCCD-RAW", b"FOVb", b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"\0MRM")
_TIFF = (b"II*\0", b"MM\0*")

_SUBFILE_TYPE, _COMPRESSION, _PHOTOMETRIC, _DNG_VERSION = 254, 259, 262, 50706
_REDUCED = 1
_SENSOR_DATA = (32803, 34892)  # color filter array, linear raw
_CAMERA_COMPRESSIONS = (32767, 32769, 32770, 34713, 65535)  # Sony, Epson, Samsung, Nikon, Pentax

# LibRaw's turn of the picture -> the EXIF orientation that says the same.
_ORIENTATION = {0: 1, 3: 3, 5: 8, 6: 6}


@dataclass(frozen=True)
class RawPhoto:
    """What was read: exactly one of the two."""

    preview: bytes | None
    """The camera's own picture as a JPEG file, not yet turned upright."""
    developed: Image.Image | None
    """Upright, sRGB."""
    orientation: int
    """EXIF orientation of ``preview``; what it says about itself does not count."""


def is_raw(stream: BinaryIO) -> bool:
    """Whether a file holds sensor data. Most kinds are TIFF files whose picture is a thumbnail."""
    stream.seek(0)
    head = stream.read(32)
    if head.startswith(_SIGNATURES) or b"crx " in container_brands(head):
        return True
    if not head.startswith(_TIFF):
        return False
    if head[8:10] == b"CR":  # Canon
        return True
    try:
        stream.seek(0)
        directory = TiffImagePlugin.ImageFileDirectory_v2(stream.read(8))
        stream.seek(directory.next)
        directory.load(stream)
        return _says_raw(directory)
    except Exception:  # a damaged directory: whoever decodes it will say so
        return False


def read_raw(stream: BinaryIO) -> RawPhoto:
    """Read the camera's picture, or develop one.

    Raises:
        ImageReadError: the package is missing, or the file is damaged, too large or of a camera
            that LibRaw does not know. The message does not name the file.
    """
    try:
        import rawpy
    except ImportError:
        missing = MissingExtraError("rawpy", "raw")
        raise ImageReadError(
            f"is a camera RAW file, which needs the package '{missing.package}'.", missing.remedy
        ) from None
    stream.seek(0)
    try:
        with rawpy.imread(stream) as raw:
            sizes = raw.sizes
            check_pixels(sizes.raw_width, sizes.raw_height)
            try:
                thumb = raw.extract_thumb()
            except rawpy.LibRawError:  # none, or of a kind LibRaw does not unpack
                thumb = None
            preview = thumb.data if thumb is not None else None
            if isinstance(preview, bytes):  # a JPEG; other kinds come as arrays
                with JpegImagePlugin.jpeg_factory(io.BytesIO(preview)) as header:
                    large = 2 * min(header.size) >= min(sizes.width, sizes.height)
                if large:
                    return RawPhoto(preview, None, _ORIENTATION.get(sizes.flip, 1))
            pixels = raw.postprocess(
                use_camera_wb=True,
                no_auto_bright=True,  # a dark photo must look dark
                output_color=rawpy.ColorSpace.sRGB,
                gamma=(2.4, 12.92),  # the curve of sRGB
            )
    except rawpy.LibRawError as error:
        reason = error.args[0] if error.args else error
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ImageReadError(
            f"is a camera RAW file that LibRaw cannot read ({reason}).",
            "Export the photo as JPEG or TIFF.",
        ) from error
    return RawPhoto(None, Image.fromarray(pixels), 1)


def _says_raw(tags: Mapping[int, Any]) -> bool:
    return (
        _DNG_VERSION in tags
        or tags.get(_PHOTOMETRIC) in _SENSOR_DATA
        or tags.get(_COMPRESSION) in _CAMERA_COMPRESSIONS
        # The first picture is a thumbnail, so the photo itself is in a place viewers do not look.
        or bool(int(tags.get(_SUBFILE_TYPE, 0)) & _REDUCED)
    )
