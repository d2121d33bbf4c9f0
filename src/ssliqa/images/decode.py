"""Any photograph to 8-bit RGB, the way a careful viewer would show it.

Upright, in sRGB, transparency laid on white, 16 bits scaled. A file that cannot be decoded
completely is an error: half a photograph must not get a score. docs/photos.md says more.
"""

from __future__ import annotations

import io
import stat
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ssliqa.errors import ImageReadError
from ssliqa.images.colors import sixteen_to_eight, to_rgb
from ssliqa.images.formats import open_image, several_pictures
from ssliqa.images.jpeg import UnusualJpegError, decode_jpeg
from ssliqa.images.limits import check_bytes, check_pixels
from ssliqa.images.orientation import (
    Box,
    orientation_of,
    upright,
    upright_box,
    upright_size,
)
from ssliqa.images.protocol import Protocol
from ssliqa.images.raw import is_raw, read_raw
from ssliqa.images.resize import resize_image, resize_to

ImageSource = Path | str | bytes | Image.Image | NDArray[Any]

# Raised with every change that decodes some file to other pixels, so that no cache serves old ones.
_VERSION = 1

# A JPEG is decoded at a reduced scale only while it stays this many times as large as needed.
_REDUCED_BUT = 2

# Enlarged by more than this, nothing looks sharp, and a score tells of little else.
_ENLARGED = 3


@dataclass(frozen=True)
class Photo:
    """A decoded photograph."""

    pixels: NDArray[np.uint8]
    """(H, W, 3) upright sRGB, 0..255; possibly read-only, so copy before writing to it."""
    notes: tuple[str, ...] = ()
    """What a user should know: that it is an animation of which the first frame was read, that its
    color profile could not be used, or that it is very small. Each is a short line."""


def read_photo(source: ImageSource, protocol: Protocol | None = None) -> Photo:
    """Decode a photograph to upright sRGB.

    Args:
        source: a file's path; a file's content as bytes; a Pillow image (its EXIF orientation and
            its profile are applied too); or an array of uint8 or uint16 with shape (H, W),
            (H, W, 1) grey, (H, W, 2) grey + alpha, (H, W, 3) RGB or (H, W, 4) RGBA. Of files with
            several frames or pages the first is read.
        protocol: resize the photo as this says. A JPEG much larger than that is decoded at a
            reduced scale; that and resizing afterwards differ by little, and everything that
            scores or trains goes this one way.

    Raises:
        ImageReadError: the source is missing, unreadable, empty, truncated, damaged, not an image,
            of a kind that has no defined 8-bit appearance, beyond the limits of
            :mod:`ssliqa.images.limits`, or needs an extra that is not installed.
    """
    if isinstance(source, np.ndarray):
        pixels = _from_array(source)
        return Photo(pixels if protocol is None else resize_image(pixels, protocol))
    try:
        if isinstance(source, Image.Image):
            name = "The Pillow image"
            return _decode(source, None, protocol)
        if isinstance(source, bytes):
            name = "The image given as bytes"
            return decode_stream(io.BytesIO(source), protocol)
        name = str(source)
        with open_photo(Path(source)) as stream:
            return decode_stream(stream, protocol)
    except ImageReadError as error:
        raise ImageReadError(f"{name}: {error.found}", error.remedy) from error.__cause__


def read_image(source: ImageSource) -> NDArray[np.uint8]:
    """Decode a photograph at its full size: :func:`read_photo` without a protocol and notes.

    Returns:
        Array (H, W, 3), values 0..255; possibly read-only, so copy before writing to it.

    Raises:
        ImageReadError: as :func:`read_photo`.
    """
    return read_photo(source).pixels


def read_resized(source: ImageSource, protocol: Protocol) -> NDArray[np.uint8]:
    """Decode and resize a photograph: :func:`read_photo` with a protocol, without notes.

    Returns:
        Array (H, W, 3), values 0..255, H and W as ``protocol.target_size`` says; maybe read-only.

    Raises:
        ImageReadError: as :func:`read_photo`.
    """
    return read_photo(source, protocol).pixels


@cache
def decoder_version() -> str:
    """Name what decodes: this code and the packages below it, of which each may change pixels."""
    versions = [f"ssliqa {_VERSION}"]
    for package in ("pillow", "simplejpeg", "pillow-heif", "rawpy"):
        with suppress(metadata.PackageNotFoundError):  # the last two are extras
            versions.append(f"{package} {metadata.version(package)}")
    return ", ".join(versions)


def open_photo(path: Path) -> io.BufferedReader:
    """Open a photo file for :func:`decode_stream`.

    Raises:
        ImageReadError: it cannot be opened, or is too large. The message does not name the file:
            callers do.
    """
    try:
        state = path.stat()
        if stat.S_ISDIR(state.st_mode):
            raise ImageReadError("is a folder, not a photo.", "Name a file.")
        if not stat.S_ISREG(state.st_mode):  # opening a pipe may wait forever
            raise ImageReadError("is a pipe or a device, not a photo.", "Name a file.")
        check_bytes(state.st_size)
        return path.open("rb")
    except FileNotFoundError:
        raise ImageReadError("no such file.", "Check the name and the folder.") from None
    except PermissionError:
        raise ImageReadError("permission to read it is denied.") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise ImageReadError(f"cannot be opened ({error}).") from error


def decode_stream(
    stream: BinaryIO, protocol: Protocol | None = None, orientation: int | None = None
) -> Photo:
    """Decode an open photo file, as :func:`read_photo` does.

    Args:
        stream: can be sought.
        protocol: as for :func:`read_photo`.
        orientation: EXIF orientation to apply instead of the file's own.

    Raises:
        ImageReadError: it cannot be decoded. The message does not name the file: callers do.
    """
    # On damaged files Pillow's format plugins raise nearly every kind of exception.
    try:
        check_bytes(stream.seek(0, io.SEEK_END))
        if is_raw(stream):
            raw = read_raw(stream)
            if raw.preview is not None:
                return decode_stream(io.BytesIO(raw.preview), protocol, raw.orientation)
            assert raw.developed is not None
            return _finish(raw.developed, (), protocol)
        with open_image(stream) as image:
            return _decode(image, stream, protocol, orientation)
    except ImageReadError:
        raise
    except Exception as error:
        raise _unreadable(error) from error


def _decode(
    image: Image.Image,
    stream: BinaryIO | None,
    protocol: Protocol | None,
    orientation: int | None = None,
) -> Photo:
    try:
        check_pixels(*image.size)
        size = image.size
        scale = 1
        if stream is not None and image.format in ("JPEG", "MPO"):
            turned = orientation_of(image) if orientation is None else orientation
            scale = _scale(size, turned, protocol)
            stream.seek(0)
            try:
                loaded = decode_jpeg(stream.read(), scale)
                loaded.info = image.info
            except UnusualJpegError:
                scale = 1
                image.load()
                loaded = image
        else:
            image.load()
            # Only now are EXIF blocks known that follow the pixels, and TIFF, which Pillow turns
            # upright itself, has lost its tag.
            size = image.size
            turned = orientation_of(image) if orientation is None else orientation
            loaded = image
        rgb, note = to_rgb(loaded)
        # Of a Pillow image it is the caller who has chosen the frame.
        several = several_pictures(image) if stream is not None else ""
        notes = tuple(filter(None, (several, note)))
        # A reduced picture is rounded up to whole pixels: what lies beyond this is no picture.
        box = upright_box((0, 0, size[0] / scale, size[1] / scale), rgb.size, turned)
        return _finish(upright(rgb, turned), notes, protocol, upright_size(size, turned), box)
    except ImageReadError:
        raise
    except Exception as error:
        raise _unreadable(error) from error


def _scale(size: tuple[int, int], orientation: int, protocol: Protocol | None) -> int:
    """By how much a JPEG of ``size`` (width, height) is reduced: 1, 2, 4 or 8."""
    if protocol is None:
        return 1
    width, height = upright_size(size, orientation)
    needed_height, needed_width = protocol.target_size(height, width)
    for scale in (8, 4, 2):
        if (
            width >= scale * _REDUCED_BUT * needed_width
            and height >= scale * _REDUCED_BUT * needed_height
        ):
            return scale
    return 1


def _finish(
    image: Image.Image,
    notes: tuple[str, ...],
    protocol: Protocol | None,
    size: tuple[int, int] | None = None,
    box: Box | None = None,
) -> Photo:
    """Resize an upright RGB picture, whose full ``size`` is given where it was reduced."""
    if protocol is not None:
        width, height = size or image.size
        target = protocol.target_size(height, width)
        if (times := target[0] / height) > _ENLARGED:
            small = f"{width} x {height} pixels are few: enlarged {times:.0f} times, it looks soft."
            notes = (*notes, small)
        return Photo(resize_to(image, target, box), notes)
    return Photo(np.asarray(image if image.mode == "RGB" else image.convert("RGB")), notes)


def _unreadable(error: Exception) -> ImageReadError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return ImageReadError(
        f"is damaged or incomplete ({reason}).", "Copy or export the photo again."
    )


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
    eight = sixteen_to_eight(layered) if array.dtype == np.uint16 else layered
    if eight.shape[2] == 3:
        return np.ascontiguousarray(eight)
    if eight.shape[2] == 1:
        return np.repeat(eight, 3, axis=2)
    mode = "LA" if eight.shape[2] == 2 else "RGBA"
    size = eight.shape[1], eight.shape[0]
    rgb, _ = to_rgb(Image.frombytes(mode, size, np.ascontiguousarray(eight).tobytes()))
    return np.asarray(rgb)
