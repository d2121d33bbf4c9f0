"""The pixels of a JPEG file, whole or at a half, a quarter or an eighth of its size.

libjpeg-turbo through simplejpeg gives the very pixels Pillow gives, without a copy, and says when
the compressed data do not add up. Pillow hides that, so a photograph that is half grey would get
a score.
"""

from __future__ import annotations

import re

import numpy as np
import simplejpeg
from PIL import Image

from ssliqa.errors import ImageReadError
from ssliqa.images.limits import MAX_SCANS

_START_OF_SCAN = b"\xff\xda"
_LOST = re.compile("corrupt jpeg data|premature end", re.IGNORECASE)
_BEFORE_THE_END = re.compile(r"corrupt jpeg data: (\d+) extraneous bytes before marker 0xd9", re.I)

# Some cameras put a few bytes before the end marker. Where decoding lost its place, many are left.
_HARMLESS = 4


class UnusualJpegError(Exception):
    """A JPEG of a kind that simplejpeg does not read; Pillow may."""


def decode_jpeg(content: bytes, scale: int = 1) -> Image.Image:
    """Decode the first picture of a JPEG file.

    Args:
        content: the whole file.
        scale: 1, 2, 4 or 8: both sides are divided by it, rounded up.

    Returns:
        An image of mode L, RGBX or CMYK, as the file has it.

    Raises:
        ImageReadError: data are missing or damaged. The message does not name the file.
        UnusualJpegError: the kind of JPEG is not known here.
    """
    scans = content.count(_START_OF_SCAN)
    if scans > MAX_SCANS:
        raise ImageReadError(
            f"is a progressive JPEG of {scans} scans; {MAX_SCANS} are allowed, more would take "
            "hours to decode.",
            "Save the photo again.",
        )
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(content, strict=False)
    except ValueError as error:
        raise UnusualJpegError(str(error)) from error
    mode = {"Gray": "GRAY", "CMYK": "CMYK", "YCCK": "CMYK"}.get(space, "RGBX")
    # A minimum that only the wanted scale meets exactly.
    size = {"min_height": -(-height // scale), "min_width": -(-width // scale)} if scale > 1 else {}
    try:
        pixels = simplejpeg.decode_jpeg(content, mode, **size)
    except ValueError as error:
        if not _LOST.search(str(error)):
            raise UnusualJpegError(str(error)) from error
        if not _is_harmless(str(error)):
            raise ImageReadError(
                f"is damaged or incomplete ({error}).", "Copy or export the photo again."
            ) from error
        pixels = simplejpeg.decode_jpeg(content, mode, strict=False, **size)
    if mode == "GRAY":
        return Image.fromarray(pixels[..., 0])
    if mode == "CMYK":  # every program writes ink inverted, as Adobe does, and readers rely on it
        pixels = np.subtract(255, pixels)
    name = "CMYK" if mode == "CMYK" else "RGBX"
    # Pillow uses this memory as it is: no copy.
    return Image.frombuffer(name, pixels.shape[1::-1], pixels, "raw", name, 0, 1)


def _is_harmless(message: str) -> bool:
    found = _BEFORE_THE_END.search(message)
    return found is not None and int(found[1]) <= _HARMLESS
