"""Photographs made worse in one way, by a known amount: blur, noise, JPEG, exposure, size, shake.

Nobody has to rate these: whatever a photograph is like, more of one of them makes it no better. So
they teach a network an order, and show whether scores keep it. Sizes are in pixels of the
photograph as given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ssliqa.errors import ConfigError

Pixels = NDArray[np.uint8]
"""(H, W, 3) RGB."""


def degrade(pixels: Pixels, kind: str, severity: float, rng: np.random.Generator) -> Pixels:
    """A degraded copy.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        kind: one of :data:`DEGRADATIONS`.
        severity: 0 (as it is) to 1 (hardly usable), spaced so that equal steps look about equal.
        rng: noise and the direction of shake. The same state gives degradations of one photograph
            that differ by severity alone.

    Raises:
        ConfigError: an unknown kind, or a severity outside 0..1.
    """
    if kind not in DEGRADATIONS:
        raise ConfigError(
            f"There is no degradation '{kind}'.", f"There are: {', '.join(DEGRADATIONS)}."
        )
    if not 0 <= severity <= 1:
        raise ConfigError(f"The severity is {severity}.", "Use 0 to 1.")
    return pixels.copy() if severity == 0 else DEGRADATIONS[kind](pixels, severity, rng)


def _blur(pixels: Pixels, severity: float, _: np.random.Generator) -> Pixels:
    radius = float(0.3 + 5.0 * severity**1.5)  # standard deviation in pixels
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _noise(pixels: Pixels, severity: float, rng: np.random.Generator) -> Pixels:
    deviation = np.float32(2 + 58 * severity**1.5)  # of 255
    grain = rng.standard_normal(pixels.shape, np.float32)
    return _rounded(pixels + deviation * grain)


def _jpeg(pixels: Pixels, severity: float, _: np.random.Generator) -> Pixels:
    quality = round(90 * (4 / 90) ** severity)
    encoded = simplejpeg.encode_jpeg(
        np.ascontiguousarray(pixels), quality=quality, colorsubsampling="420"
    )
    decoded: Pixels = simplejpeg.decode_jpeg(encoded)
    return decoded


def _under(pixels: Pixels, severity: float, _: np.random.Generator) -> Pixels:
    return _exposed(pixels, -0.3 - 4.2 * severity)


def _over(pixels: Pixels, severity: float, _: np.random.Generator) -> Pixels:
    return _exposed(pixels, 0.2 + 2.8 * severity)


def _small(pixels: Pixels, severity: float, _: np.random.Generator) -> Pixels:
    height, width = pixels.shape[:2]
    factor = 1.15 * 7.0**severity
    small = (max(1, round(width / factor)), max(1, round(height / factor)))
    shrunk = Image.fromarray(pixels).resize(small, Image.Resampling.BOX)
    return np.asarray(shrunk.resize((width, height), Image.Resampling.BICUBIC))


def _shake(pixels: Pixels, severity: float, rng: np.random.Generator) -> Pixels:
    """A straight streak: the mean of copies along it, half of them on either side."""
    length = 1.5 + 24 * severity**1.5
    angle = rng.uniform(0, np.pi)
    count = int(np.ceil(length)) + 1
    along = np.linspace(-length / 2, length / 2, count)
    rows, columns = along * np.sin(angle), along * np.cos(angle)
    reach = int(np.ceil(length / 2)) + 1
    padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    height, width = pixels.shape[:2]
    total = np.zeros(pixels.shape, np.float32)
    for row, column in zip(rows, columns, strict=True):
        top, left = int(np.floor(row)), int(np.floor(column))
        down, right = row - top, column - left
        for y, share_y in ((top, 1 - down), (top + 1, down)):
            for x, share_x in ((left, 1 - right), (left + 1, right)):
                if share := share_y * share_x:
                    part = padded[reach + y :, reach + x :][:height, :width]
                    total += np.float32(share) * part
    return _rounded(total / np.float32(count))


def _exposed(pixels: Pixels, stops: float) -> Pixels:
    """Light times 2^stops, where values are light to the power 1/2.2."""
    values = np.arange(256) * 2.0 ** (stops / 2.2)
    table: Pixels = np.round(values).clip(0, 255).astype(np.uint8)
    return table[pixels]


def _rounded(values: NDArray[np.float32]) -> Pixels:
    whole: Pixels = np.round(values).clip(0, 255).astype(np.uint8)
    return whole


DEGRADATIONS: Mapping[str, Callable[[Pixels, float, np.random.Generator], Pixels]] = (
    MappingProxyType(
        {
            "blur": _blur,
            "noise": _noise,
            "jpeg": _jpeg,
            "under": _under,
            "over": _over,
            "small": _small,
            "shake": _shake,
        }
    )
)
"""By name: Gaussian blur, Gaussian noise, JPEG compression, too little and too much exposure, a
size reduced and enlarged again, and motion blur."""
