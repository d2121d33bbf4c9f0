"""Synthetic scenes with the statistics of natural ones, for content that no photograph shows.

Natural pictures have an amplitude spectrum of about 1/f (Field, 1987) and objects that occlude one
another at all scales; the *dead leaves* model has both, and the scale invariance of natural scenes
where the radius follows r^-3 (Lee, Mumford & Huang, 2001). Each family is a function
``(rng, (height, width)) -> linear light (H, W, 3) in 0..1``; :data:`FAMILIES` lists them.
Scenes are drawn without anti-aliasing: a view reduces them, which smooths their edges.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Light = NDArray[np.float32]
Shape = tuple[int, int]
Family = Callable[[np.random.Generator, Shape], Light]


def power_noise(rng: np.random.Generator, shape: Shape, slope: float = 1.0) -> Light:
    """Gaussian noise with amplitude spectrum 1/f^slope: (H, W), mean 0, standard deviation 1."""
    rows = np.fft.fftfreq(shape[0])[:, None]
    columns = np.fft.rfftfreq(shape[1])[None, :]
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal(shape)) / frequency**slope
    field = np.fft.irfft2(spectrum, s=shape)
    unit: Light = ((field - field.mean()) / field.std()).astype(np.float32)
    return unit


def dead_leaves(rng: np.random.Generator, shape: Shape) -> Light:
    """Overlapping textured shapes of all sizes, lit from one side."""
    height, width = shape
    texture = power_noise(rng, shape, rng.uniform(0.8, 1.2))
    palette = _palette(rng, 12)
    picture = palette[0] * np.ones((height, width, 1), np.float32)
    smallest, largest = 7.0, 0.5 * height
    # Inverse of the cumulative distribution of a density r^-3 between the two radii.
    share = rng.random(600)
    radii = (smallest**-2 + share * (largest**-2 - smallest**-2)) ** -0.5
    light_angle = rng.uniform(0, 2 * np.pi)
    for radius in np.sort(radii)[::-1]:
        center = rng.uniform((0, 0), (height, width))
        angle, ratio = rng.uniform(0, np.pi), rng.uniform(0.35, 1.0)
        top, left = (int(max(0, c - radius)) for c in center)
        bottom, right = int(center[0] + radius) + 1, int(center[1] + radius) + 1
        patch = picture[top:bottom, left:right]
        rows, columns = np.mgrid[top : top + patch.shape[0], left : left + patch.shape[1]]
        dy, dx = (rows - center[0]) / radius, (columns - center[1]) / radius
        along = dx * np.cos(angle) + dy * np.sin(angle)
        across = (dy * np.cos(angle) - dx * np.sin(angle)) / ratio
        inside = along**2 + across**2 < 1
        shade = 1 + 0.35 * (dx * np.cos(light_angle) + dy * np.sin(light_angle))
        shift = rng.integers(0, min(height, width), 2)
        grain = np.take(texture, (rows + shift[0]) % height * width + (columns + shift[1]) % width)
        color = palette[rng.integers(len(palette))] * rng.uniform(0.6, 1.3)
        leaf = color * (shade * np.exp(rng.uniform(0.05, 0.35) * grain))[..., None]
        patch[inside] = leaf[inside]
    return _displayable(picture)


def landscape(rng: np.random.Generator, shape: Shape) -> Light:
    """Clouds, hazy ridges one behind another, and textured ground."""
    height, width = shape
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    zenith = np.array([0.10, 0.25, 0.62]) * rng.uniform(0.7, 1.3)
    horizon = np.array([0.75, 0.72, 0.68]) * rng.uniform(0.7, 1.1) * _warmth(rng)
    sky = zenith + (horizon - zenith) * rows**0.7
    clouds = 1 / (1 + np.exp(-2.2 * (power_noise(rng, shape, 1.5) - rng.uniform(-0.3, 1.0))))
    picture = (sky + (0.92 - sky) * (0.85 * clouds)[..., None]).astype(np.float32)
    layers = int(rng.integers(3, 6))
    earth = _palette(rng, layers) * np.array([0.3, 0.36, 0.2]) + 0.01
    line_of_horizon = rng.uniform(0.3, 0.6)
    for layer in range(layers):
        nearness = (layer + 1) / layers
        profile = power_noise(rng, (1, width), rng.uniform(1.0, 1.5))[0]
        base = line_of_horizon + 0.55 * nearness**1.5 - 0.35 / layers
        crest = height * (base + 0.05 * (1.2 - nearness) * profile)
        below = np.arange(height)[:, None] > crest[None, :]
        detail = power_noise(rng, shape, 1.3 - 0.6 * nearness)
        ground = earth[layer] * np.exp(0.6 * detail)[..., None]
        distant = horizon * 0.8
        ground = distant + (ground - distant) * (0.35 + 0.65 * nearness)
        picture[below] = ground[below]
    return _displayable(picture)


def still_life(rng: np.random.Generator, shape: Shape) -> Light:
    """Shaded balls on a patterned cloth before a soft wall, with shadows and highlights."""
    height, width = shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    palette = _palette(rng, 10)
    edge = height * rng.uniform(0.25, 0.5)
    falloff = 1.1 - 0.7 * np.hypot(columns - rng.uniform(0, width), rows) / width
    wall = palette[0] * falloff[..., None] * np.exp(0.05 * power_noise(rng, shape))[..., None]
    depth = height / (rows - edge + 0.25 * height)
    stripe = np.sin((columns - width / 2) * depth / rng.uniform(5, 16))
    cross = np.sin(depth * rng.uniform(30, 80))
    pattern = (
        1 + rng.uniform(0.1, 0.45) * np.sign(stripe * cross) + 0.1 * power_noise(rng, shape, 0.6)
    )
    picture = np.where((rows > edge)[..., None], palette[1] * pattern[..., None], wall)
    picture = picture.astype(np.float32)
    light = np.array([rng.uniform(-0.7, 0.7), -0.6, 0.6])
    light /= np.linalg.norm(light)
    for feet in np.sort(rng.uniform(edge + 0.1 * height, height, int(rng.integers(3, 8)))):
        radius = height * rng.uniform(0.07, 0.2) * (0.5 + 0.5 * feet / height)
        x, y = rng.uniform(0, width), feet - radius
        shadow = ((columns - x + light[0] * radius) / 1.3) ** 2 + ((rows - feet) / 0.3) ** 2
        picture *= (1 - 0.65 * np.exp(-shadow / radius**2 * 0.9))[..., None].astype(np.float32)
        dx, dy = (columns - x) / radius, (rows - y) / radius
        dz = np.sqrt(np.maximum(0.0, 1 - dx**2 - dy**2))
        facing = dx * light[0] + dy * light[1] + dz * light[2]
        grain = np.exp(rng.uniform(0.03, 0.3) * power_noise(rng, shape, 1.0))
        gloss = rng.uniform(0.0, 0.8) * np.maximum(0, facing) ** rng.uniform(15, 60)
        ball = palette[rng.integers(2, 10)] * ((0.15 + np.maximum(0, facing)) * grain)[..., None]
        ball = ball + gloss[..., None]
        inside = dx**2 + dy**2 < 1
        picture[inside] = ball[inside]
    return _displayable(picture)


def fabric(rng: np.random.Generator, shape: Shape) -> Light:
    """Woven cloth in soft folds: a repeated pattern under slowly changing light."""
    height, width = shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    folds = power_noise(rng, shape, 2.2)
    angle = rng.uniform(0, np.pi)
    bend = 0.03 * width * folds
    u = columns * np.cos(angle) + rows * np.sin(angle) + bend
    v = rows * np.cos(angle) - columns * np.sin(angle) + 0.6 * bend
    palette = _palette(rng, 4)
    pitch = rng.uniform(24, 80)
    first = ((u / pitch) % 1 < rng.uniform(0.2, 0.7))[..., None]
    second = ((v / (pitch * rng.uniform(0.6, 1.6))) % 1 < rng.uniform(0.2, 0.7))[..., None]
    cloth = 0.5 * np.where(first, palette[0], palette[1]) + 0.5 * np.where(
        second, palette[2], palette[3]
    )
    thread = rng.uniform(5, 9)
    weave = 1 + 0.25 * np.sin(2 * np.pi * u / thread) * np.sin(2 * np.pi * v / thread)
    slope = np.gradient(ndimage.gaussian_filter(folds, 0.04 * height))[int(rng.integers(2))]
    shade = 0.9 + 0.4 * np.tanh(slope / (slope.std() + 1e-6))
    grain = np.exp(0.12 * power_noise(rng, shape, 0.5))
    return _displayable(cloth * (weave * shade * grain)[..., None])


def facade(rng: np.random.Generator, shape: Shape) -> Light:
    """House fronts with rows of windows under a sky: straight edges and repetition."""
    height, width = shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    sky = np.array([0.35, 0.5, 0.8]) * rng.uniform(0.6, 1.1) * _warmth(rng)
    clouds = 0.15 * power_noise(rng, shape, 1.6)
    picture = (sky * (0.8 + 0.4 * rows / height)[..., None] + clouds[..., None]).astype(np.float32)
    left = -rng.uniform(0, 0.2) * width
    while left < width:
        right = left + width * rng.uniform(0.18, 0.4)
        roof = height * rng.uniform(0.02, 0.45)
        paint = _palette(rng, 1)[0]
        paint = 0.6 * paint.mean() * _warmth(rng) + 0.4 * paint
        wall = paint * np.exp(0.12 * power_noise(rng, shape, 0.9))[..., None]
        across, down = rng.uniform(22, 50), rng.uniform(30, 60)
        u, v = ((columns - left) / across) % 1, ((rows - roof) / down) % 1
        pane = (np.abs(u - 0.5) < 0.28) & (np.abs(v - 0.5) < 0.32)
        frame = (np.abs(u - 0.5) < 0.35) & (np.abs(v - 0.5) < 0.38) & ~pane
        bar = pane & ((np.abs(u - 0.5) < 0.03) | (np.abs(v - 0.5) < 0.025))
        cell = ((columns - left) // across * 31 + (rows - roof) // down * 17) % 23
        glass = (0.04 + 0.5 * (cell / 23) ** 3)[..., None] * np.array([0.8, 0.9, 1.1])
        house = np.where(pane[..., None], glass * (1.3 - v)[..., None], wall)
        house = np.where((frame | bar)[..., None], 0.75 * np.sqrt(wall), house)
        house = house * (0.75 + 0.35 * np.sin(3 * (columns - left) / (right - left)))[..., None]
        inside = (columns >= left) & (columns < right) & (rows > roof)
        picture[inside] = house[inside]
        left = right
    return _displayable(picture)


FAMILIES: dict[str, Family] = {
    "cloth": fabric,
    "houses": facade,
    "landscape": landscape,
    "leaves": dead_leaves,
    "still-life": still_life,
}
"""Each family of synthetic scenes by the name that its content groups bear."""


def _palette(rng: np.random.Generator, n: int) -> Light:
    """``n`` related linear-light colors, (n, 3): one dominant hue, mostly muted, few vivid."""
    hue = rng.uniform() + rng.normal(0, 0.13, n)
    saturation = rng.beta(2, 3, n)
    value = rng.beta(2.2, 3.0, n) * 0.8 + 0.04
    phase = (hue[:, None] + np.array([0.0, 1 / 3, 2 / 3])) * 2 * np.pi
    chroma = 0.5 + 0.5 * np.cos(phase)
    colors: Light = (value[:, None] * (1 - saturation[:, None] * (1 - chroma))).astype(np.float32)
    return colors


def _displayable(picture: Light) -> Light:
    light: Light = np.clip(picture, 0, 1).astype(np.float32)
    return light


def _warmth(rng: np.random.Generator) -> NDArray[np.float64]:
    """A gain per channel between cool and warm daylight."""
    warmth = rng.uniform(-0.15, 0.25)
    return np.array([1 + warmth, 1.0, 1 - warmth])
