"""Embedded color profiles (ICC) to sRGB, the color space that networks were trained in.

A phone's Display P3 or a camera's Adobe RGB, taken for sRGB, looks dull. Conversion is colorimetric
with black point compensation, by LittleCMS through Pillow. A profile that is sRGB in effect, as
nearly all are, costs nothing; one that is broken is ignored, as a viewer would do.
"""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_MODES = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK"}  # of the ICC header -> Pillow's

# A profile that moves no color by more than this many levels of 255 is sRGB: eight bits cannot
# tell them apart, and the many descriptions of sRGB differ by rounding.
_SAME = 1


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, str]:
    """Convert ``image``, which has no transparency, to sRGB.

    Args:
        image: of any 8-bit mode.
        profile: the ICC profile that its file holds, if any.

    Returns:
        An image of mode RGB or RGBX, and what a user should know about the profile: empty where
        all is well.
    """
    if not profile:
        return _plain(image), ""
    mode = _MODES.get(profile[16:20])
    if mode is None:
        return _plain(image), "its color profile is damaged or of an unknown kind and was ignored"
    if (mode == "CMYK") != (image.mode == "CMYK") or (mode == "L" and image.mode not in ("1", "L")):
        return _plain(image), "its color profile is for another kind of colors and was ignored"
    try:
        conversion = _conversion(profile, mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return _plain(image), "its color profile is damaged and was ignored"
    if conversion is None:
        return _plain(image), ""
    return conversion.apply(image.convert(mode)), ""


def _plain(image: Image.Image) -> Image.Image:
    return image if image.mode in ("RGB", "RGBX") else image.convert("RGB")


@lru_cache(maxsize=16)  # photos of one camera share a profile
def _conversion(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Build the conversion to sRGB; None where there is nothing to convert."""
    conversion = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode == "CMYK":
        return conversion
    probe = _probe(mode)
    before = np.asarray(probe.convert("RGB")).astype(int)
    after = np.asarray(conversion.apply(probe)).astype(int)
    return None if np.abs(after - before).max() <= _SAME else conversion


def _probe(mode: str) -> Image.Image:
    """All greys, or colors all over the cube."""
    if mode == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    steps = np.linspace(0, 255, 17).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1)
    return Image.fromarray(cube.reshape(17, 17 * 17, 3))
