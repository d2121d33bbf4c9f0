"""What a photo may cost: checked on its header, before anything is unpacked.

A few bytes can declare billions of pixels. Nothing beyond these limits is decoded, so that one
file cannot take the memory or the hours of a whole batch.
"""

from __future__ import annotations

from ssliqa.errors import ImageReadError

MAX_PIXELS = 200_000_000
"""Width times height. Sensors of 200 megapixels fit (16320 x 12240)."""

MAX_BYTES = 2_000_000_000
"""Size of the file: 16-bit RGB of ``MAX_PIXELS`` without compression fits."""

MAX_SCANS = 100
"""Passes over the picture in a progressive JPEG. Encoders write about ten; each costs the time
of a whole picture, however few bytes it takes."""


def check_pixels(width: int, height: int) -> None:
    """Refuse a picture of more than ``MAX_PIXELS``, or of none.

    Raises:
        ImageReadError: the message does not name the file.
    """
    if width < 1 or height < 1:
        raise ImageReadError(f"has no pixels ({width} x {height}).")
    if width * height > MAX_PIXELS:
        raise ImageReadError(
            f"has {width} x {height} pixels, more than the {MAX_PIXELS / 1e6:.0f} megapixels "
            "allowed (a limit against decompression bombs).",
            "Reduce the photo's size first.",
        )


def check_bytes(size: int) -> None:
    """Refuse a file of more than ``MAX_BYTES``, or of none.

    Raises:
        ImageReadError: the message does not name the file.
    """
    if size == 0:
        raise ImageReadError("is empty (0 bytes).", "Copy the photo again.")
    if size > MAX_BYTES:
        raise ImageReadError(
            f"has {size / 1e9:.3g} GB, more than the {MAX_BYTES / 1e9:.0f} GB allowed.",
            "Save the photo in a smaller file.",
        )
