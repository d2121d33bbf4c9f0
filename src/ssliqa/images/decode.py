"""Any photograph to 8-bit RGB, the way a careful viewer would show it.

Orientation from EXIF is applied; transparency is laid on white, as a web page would show it;
16-bit grey is scaled to 8 bits, never clipped. A file that cannot be decoded completely is an
error: half a photograph must not get a score.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ssliqa.errors import ImageReadError

ImageSource = Path | str | bytes | Image.Image | NDArray[Any]

# Named, since Pillow's full list holds formats that start other programs (EPS: Ghostscript).
# JPEG includes MPO, the JPEG with a second picture inside that many phones write.
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "PPM")

BACKGROUND = (255, 255, 255, 255)

_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {  # EXIF orientation -> the transposition that undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_image(source: ImageSource) -> NDArray[np.uint8]:
    """Decode a photograph to upright RGB.

    Args:
        source: a file's path; a file's content as bytes; a Pillow image (its EXIF orientation is
            applied too); or an array of uint8 or uint16 with shape (H, W), (H, W, 1) grey,
            (H, W, 2) grey + alpha, (H, W, 3) RGB or (H, W, 4) RGBA. Of files with several
            frames or pages the first is read.

    Returns:
        Array (H, W, 3), values 0..255; possibly a read-only view, so copy before writing to it.

    Raises:
        ImageReadError: the source is missing, unreadable, empty, truncated, not an image, of a
            kind that has no defined 8-bit appearance, or so large that Pillow's limit against
            decompression bombs refuses it.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    try:
        if isinstance(source, Image.Image):
            name = "The Pillow image"
            return _decode(source)
        if isinstance(source, bytes):
            name = "The image given as bytes"
            return decode_stream(io.BytesIO(source))
        name = str(source)
        with open_photo(Path(source)) as stream:
            return decode_stream(stream)
    except ImageReadError as error:
        raise ImageReadError(f"{name}: {error.found}", error.remedy) from error.__cause__


def open_photo(path: Path) -> io.BufferedReader:
    """Open a photo file for :func:`decode_stream`.

    Raises:
        ImageReadError: it cannot be opened. The message does not name the file: callers do.
    """
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise ImageReadError("no such file.", "Check the name and the folder.") from None
    except IsADirectoryError:
        raise ImageReadError("is a folder, not a photo.", "Name a file.") from None
    except PermissionError:
        raise ImageReadError("permission to read it is denied.") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise ImageReadError(f"cannot be opened ({error}).") from error


def decode_stream(stream: BinaryIO) -> NDArray[np.uint8]:
    """Decode an open photo file, as :func:`read_image` does.

    Raises:
        ImageReadError: it cannot be decoded. The message does not name the file: callers do.
    """
    try:
        if stream.seek(0, io.SEEK_END) == 0:
            raise ImageReadError("is empty (0 bytes).", "Copy the photo again.")
        stream.seek(0)
        image = Image.open(stream, formats=FORMATS)
    except UnidentifiedImageError:
        raise ImageReadError(
            "is not a photo in a known format.", f"Known formats: {', '.join(FORMATS)}."
        ) from None
    except ImageReadError:
        raise
    except Exception as error:
        raise _unreadable(error) from error
    with image:
        return _decode(image)


def _decode(image: Image.Image) -> NDArray[np.uint8]:
    # On damaged files Pillow's format plugins raise nearly every kind of exception.
    try:
        image.load()
        rgb = _to_rgb(image)
        orientation = _orientation(image)
        if orientation in _UPRIGHT:
            rgb = rgb.transpose(_UPRIGHT[orientation])
        pixels = np.asarray(rgb)
    except ImageReadError:
        raise
    except Exception as error:
        raise _unreadable(error) from error
    if pixels.size == 0:
        raise ImageReadError(f"has no pixels ({image.width} x {image.height}).")
    return pixels


def _unreadable(error: Exception) -> ImageReadError:
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return ImageReadError(
            "has more pixels than the limit against decompression bombs allows.",
            "Reduce the photo's size first.",
        )
    reason = " ".join(str(error).split()) or type(error).__name__
    return ImageReadError(
        f"is damaged or incomplete ({reason}).", "Copy or export the photo again."
    )


def _orientation(image: Image.Image) -> int:
    # After load(): only then are the EXIF blocks that follow the pixels known, and TIFF, which
    # Pillow turns upright itself, has lost its tag.
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # damaged EXIF does not make the photograph itself unreadable
        return 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM")):
        grey = np.asarray(image).astype(np.uint16)
        return Image.fromarray(_sixteen_to_eight(grey)).convert("RGB")
    if image.mode in ("I", "F"):
        raise ImageReadError(
            "holds 32-bit values, whose black and white are not defined.",
            "Export the photo with 8 or 16 bits.",
        )
    if image.has_transparency_data:
        background = Image.new("RGBA", image.size, BACKGROUND)
        return Image.alpha_composite(background, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _sixteen_to_eight(values: NDArray[np.uint16]) -> NDArray[np.uint8]:
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _from_array(array: NDArray[Any]) -> NDArray[np.uint8]:
    layered = array[..., None] if array.ndim == 2 else array
    fits = layered.ndim == 3 and 1 <= layered.shape[2] <= 4
    if not fits or array.dtype not in (np.uint8, np.uint16):
        raise ImageReadError(
            f"The array has shape {array.shape} and type {array.dtype}, which is no image.",
            "Give (H, W) or (H, W, 1..4) with values 0..255 as uint8 or 0..65535 as uint16.",
        )
    if array.size == 0:
        raise ImageReadError(f"The array has no pixels: its shape is {array.shape}.")
    eight = _sixteen_to_eight(layered) if array.dtype == np.uint16 else layered
    if eight.shape[2] == 3:
        return np.ascontiguousarray(eight)
    if eight.shape[2] == 1:
        return np.repeat(eight, 3, axis=2)
    mode = "LA" if eight.shape[2] == 2 else "RGBA"
    size = eight.shape[1], eight.shape[0]
    return np.asarray(_to_rgb(Image.frombytes(mode, size, np.ascontiguousarray(eight).tobytes())))
