"""A faulty camera: what goes wrong between a scene and the file, in the order light meets it.

    scene -> haze -> defocus -> motion -> exposure -> sensor noise -> display encoding -> JPEG

All but the last two act on linear light, as in a camera: a blurred highlight stays bright, and
noise grows with the square root of the light (shot noise) above a floor (read noise), the affine
variance model of Foi et al., "Practical Poissonian-Gaussian noise modeling and fitting for
single-image raw-data", IEEE TIP 2008. Every fault has a severity in 0..1, spaced so that equal
steps look about equally large.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, signal

from ssliqa.demo.scenes import Pixels, encode_display
from ssliqa.errors import ConfigError

Light = NDArray[np.float32]
"""A picture in linear light, (H, W, 3), 1 is the brightest that a screen can show."""


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How bad each fault is, 0 absent .. 1 worst."""

    haze: float = 0.0
    """A veil of scattered light; contrast falls, more so toward the top of the picture."""
    defocus: float = 0.0
    """Out of focus: a disc as point-spread function."""
    motion: float = 0.0
    """The hand shook: a streak as point-spread function."""
    under: float = 0.0
    """Too little exposure."""
    over: float = 0.0
    """Too much exposure; highlights burn out."""
    low_light: float = 0.0
    """Night: little and warm light, part of it made up by gain, which lifts the noise as well."""
    noise: float = 0.0
    """Sensor noise."""
    compression: float = 0.0
    """Coarse JPEG quantization."""

    def __post_init__(self) -> None:
        for name, severity in self.severities().items():
            if not 0.0 <= severity <= 1.0:
                raise ConfigError(
                    f"The severity of '{name}' is {severity}; it must lie in 0..1.",
                    "Give 0 for an absent fault and 1 for its worst.",
                )

    def severities(self) -> dict[str, float]:
        """The severity of every kind of fault by its name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def capture(scene: Light, faults: Faults, rng: np.random.Generator) -> Pixels:
    """Take the picture: everything up to, not including, compression.

    Args:
        scene: (H, W, 3) linear light in 0..1.
        faults: what goes wrong.
        rng: direction of shake, noise.

    Returns:
        (H, W, 3) display-encoded sRGB.
    """
    light = scene
    if faults.haze > 0:
        light = hazy(light, faults.haze)
    if faults.defocus > 0:
        light = convolve(light, disc(0.4 + 4.6 * faults.defocus**1.3))
    if faults.motion > 0:
        light = convolve(light, streak(1.5 + 18.0 * faults.motion**1.3, rng.uniform(0, np.pi)))
    stops = 2.6 * faults.over - 4.8 * faults.under - 4.6 * faults.low_light
    light = light * np.float32(2.0**stops)
    gain = 1.0
    if faults.low_light > 0:
        tungsten = 1 + faults.low_light * np.array([0.15, 0.0, -0.3], np.float32)
        light = light * tungsten
        gain = 2.0 ** (2.4 * faults.low_light)
    noise = max(faults.noise, 0.35 * faults.low_light)
    if noise > 0:
        light = noisy(light, noise, rng)
    return encode_display(gain * light)


def photograph(scene: Light, faults: Faults, rng: np.random.Generator) -> bytes:
    """Take the picture and return it as the bytes of a JPEG file."""
    quality = jpeg_quality(faults.compression)
    buffer = io.BytesIO()
    Image.fromarray(capture(scene, faults, rng)).save(
        buffer, "JPEG", quality=quality, subsampling="4:4:4" if quality > 85 else "4:2:0"
    )
    return buffer.getvalue()


def jpeg_quality(severity: float) -> int:
    """The quality setting for a severity: 96 at 0, 24 in the middle, 6 at 1."""
    return round(96.0 * float((6 / 96) ** severity))


def hazy(light: Light, severity: float) -> Light:
    """Mix in air-light by Koschmieder's law, ``J t + A (1 - t)``, with t from 1 to about 0.15."""
    far = np.linspace(1.1, 0.8, light.shape[0], dtype=np.float32)[:, None, None]
    transmission = np.exp(-2.0 * severity * far)
    air = np.array([0.58, 0.61, 0.65], np.float32)
    veiled: Light = light * transmission + air * (1 - transmission)
    return veiled


def noisy(light: Light, severity: float, rng: np.random.Generator) -> Light:
    """Add shot and read noise, blotchy in color as demosaicing leaves it.

    The variance is affine in the light; a part common to the channels is slightly, a part of each
    channel's own more widely correlated between pixels.
    """
    strength = 0.26 * severity**1.4
    deviation = strength * np.sqrt(0.5 * np.maximum(light, 0.0) + 0.005)
    gray = _unit(ndimage.gaussian_filter(rng.standard_normal(light.shape[:2]), 0.5))
    color = _unit(ndimage.gaussian_filter(rng.standard_normal(light.shape), (0.9, 0.9, 0)))
    noise = deviation * (0.85 * gray[..., None] + 0.45 * color)
    grainy: Light = (light + noise).astype(np.float32)
    return grainy


def disc(radius: float) -> Light:
    """A uniform disc of ``radius`` pixels with a soft edge, sum 1."""
    reach = int(np.ceil(radius)) + 1
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return _sum_to_one(np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1))


def streak(length: float, angle: float) -> Light:
    """A slightly bent line of ``length`` pixels at ``angle`` (radians), sum 1."""
    reach = int(np.ceil(length / 2)) + 1
    along = np.linspace(-length / 2, length / 2, 8 * reach)
    across = 0.15 * length * ((2 * along / length) ** 2 - 1 / 3)
    x = along * np.cos(angle) - across * np.sin(angle)
    y = along * np.sin(angle) + across * np.cos(angle)
    edges = np.arange(-reach, reach + 2) - 0.5
    weights, _, _ = np.histogram2d(y, x, bins=(edges, edges))
    return _sum_to_one(ndimage.gaussian_filter(weights, 0.4))


def convolve(light: Light, point_spread: Light) -> Light:
    """Blur every channel with a point-spread function; the border is mirrored."""
    reach = point_spread.shape[0] // 2
    padded = np.pad(light, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    blurred: Light = signal.fftconvolve(padded, point_spread[..., None], mode="valid", axes=(0, 1))
    return np.maximum(blurred, np.float32(0))


def _unit(noise: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = noise / noise.std()
    return unit


def _sum_to_one(weights: NDArray[np.float64]) -> Light:
    kernel: Light = (weights / weights.sum()).astype(np.float32)
    return kernel
