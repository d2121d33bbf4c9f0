"""A decoded picture of any kind to 8-bit sRGB.

Grey, palettes and one bit become RGB; 16 bits are scaled to 8, never clipped; CMYK and embedded
profiles are converted; transparency is laid on white, as a web page would show it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from ssliqa.errors import ImageReadError
from ssliqa.images.profiles import to_srgb

BACKGROUND = (255, 255, 255)

_BITS_PER_SAMPLE, _PHOTOMETRIC, _MIN_IS_WHITE = 258, 262, 0


def to_rgb(image: Image.Image) -> tuple[Image.Image, str]:
    """Convert a loaded picture of any mode.

    Args:
        image: with the profile and the color key of its file in ``info``, as Pillow keeps them.

    Returns:
        The same picture in mode RGB or RGBX, sRGB, opaque; and what a user should know about its
        colors: empty where all is well.

    Raises:
        ImageReadError: its values have no defined black and white.
    """
    profile = image.info.get("icc_profile")
    image = _eight_bits(image)
    if not image.has_transparency_data:
        return to_srgb(image, profile)
    straight = image.convert("LA" if image.mode in ("1", "L", "LA", "La") else "RGBA")
    color, note = to_srgb(straight.convert("L" if straight.mode == "LA" else "RGB"), profile)
    opaque = Image.new("RGB", image.size, BACKGROUND)
    opaque.paste(color, mask=straight.getchannel("A"))
    return opaque, note


def sixteen_to_eight(values: NDArray[np.uint16], top: int = 65535) -> NDArray[np.uint8]:
    """Scale 0..``top`` to 0..255, rounded."""
    scaled = (np.minimum(values, top).astype(np.uint32) * 255 + top // 2) // top
    return scaled.astype(np.uint8)


def _eight_bits(image: Image.Image) -> Image.Image:
    # Pillow gives 16-bit PGM as 32-bit integers whose range is 0..65535 all the same.
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM")):
        values = np.asarray(image).astype(np.uint16)
        grey = sixteen_to_eight(values, _top(image))
        if _min_is_white(image):
            grey = 255 - grey
        key = image.info.get("transparency")
        if not isinstance(key, int):
            return Image.fromarray(grey)
        alpha = np.where(values == key, 0, 255).astype(np.uint8)
        return Image.merge("LA", (Image.fromarray(grey), Image.fromarray(alpha)))
    if image.mode in ("I", "F"):
        raise ImageReadError(
            "holds signed or 32-bit values, whose black and white are not defined.",
            "Export the photo with 8 or 16 bits.",
        )
    return image


def _top(image: Image.Image) -> int:
    """The value of white: of 12-bit TIFF it is 4095."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        bits = image.tag_v2.get(_BITS_PER_SAMPLE, (16,))[0]
        return int(2 ** min(max(int(bits), 1), 16) - 1)
    return 65535


def _min_is_white(image: Image.Image) -> bool:
    # Pillow inverts such greys of 1 and 8 bits, but not of 16.
    return (
        isinstance(image, TiffImagePlugin.TiffImageFile)
        and image.tag_v2.get(_PHOTOMETRIC) == _MIN_IS_WHITE
    )
