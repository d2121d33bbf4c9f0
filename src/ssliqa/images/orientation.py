"""EXIF orientation: how a stored picture must be turned and mirrored to stand upright."""

from __future__ import annotations

from PIL import Image

_TAG = 0x0112

_UPRIGHT = {  # EXIF orientation -> the transposition that undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# The same in steps: rows and columns are swapped, then x and y mirrored.
_SWAPPED, _X_MIRRORED, _Y_MIRRORED = (5, 6, 7, 8), (2, 3, 6, 7), (3, 4, 7, 8)

Box = tuple[float, float, float, float]


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation 1..8 of a picture; 1 where it has none or one that does not exist."""
    try:
        orientation = int(image.getexif().get(_TAG, 1))
    except Exception:  # damaged EXIF does not make the photograph itself unreadable
        return 1
    return orientation if orientation in _UPRIGHT else 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turn and mirror ``image`` so that it stands upright."""
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def upright_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """(width, height) of the upright picture that is stored with ``size``; its own inverse."""
    return size[::-1] if orientation in _SWAPPED else size


def upright_box(box: Box, size: tuple[int, int], orientation: int) -> Box:
    """Where ``box`` (left, top, right, bottom) of a picture of ``size`` is once it is upright."""
    left, top, right, bottom = box
    width, height = upright_size(size, orientation)
    if orientation in _SWAPPED:
        left, top, right, bottom = top, left, bottom, right
    if orientation in _X_MIRRORED:
        left, right = width - right, width - left
    if orientation in _Y_MIRRORED:
        top, bottom = height - bottom, height - top
    return left, top, right, bottom
