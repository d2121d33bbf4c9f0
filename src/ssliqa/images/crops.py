"""Square crops: at positions the caller draws in training, on a fixed grid in tests.

No random generator lives here. A training crop is a pure function of the uniforms handed in, so
a resumed run repeats its crops; a test crop depends on nothing but the image's size, so the same
photograph gives the same score.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import ConfigError
from ssliqa.images.protocol import SCATTERED, Protocol


def random_crop(
    image: NDArray[np.uint8],
    crop: int,
    u: float,
    v: float,
    flip: bool,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Cut the crop whose position is given by ``u`` and ``v``, uniform in [0, 1).

    All positions inside the image are equally likely.

    Args:
        image: (H, W, C) with H and W of at least ``crop``.
        crop: side of the crop in pixels.
        u: vertical position; 0 is the top.
        v: horizontal position; 0 is the left.
        flip: mirror the crop left to right.
        out: (crop, crop, C) to write into, such as one row of a batch.

    Returns:
        ``out``, or where none is given a view of ``image``: (crop, crop, C).

    Raises:
        ConfigError: the image is smaller than the crop.
    """
    rows, columns = _room(image, crop)
    # min: the product may round up to the number of positions when u is just below 1.
    top = min(int(u * (rows + 1)), rows)
    left = min(int(v * (columns + 1)), columns)
    window = image[top : top + crop, left : left + crop]
    if out is None:
        return window[:, ::-1] if flip else window
    if flip:
        for channel in range(window.shape[2]):  # four times as fast as all channels in one copy
            out[..., channel] = window[:, ::-1, channel]
    else:
        out[...] = window
    return out


def crop_views(count: int) -> NDArray[np.float64]:
    """``count`` fixed crops, spread evenly over any image, every second one mirrored.

    Returns:
        (count, 3): ``u`` and ``v`` for :func:`random_crop`, and 1 for a mirrored crop, 0 else.

    Source: the two-dimensional golden-ratio sequence, M. Roberts, "The Unreasonable Effectiveness
    of Quasirandom Sequences" (2018).
    """
    ratio = 1.3247179572447460  # the real root of x^3 = x + 1
    numbers = np.arange(count)
    u, v = ((0.5 + numbers * ratio**-power) % 1 for power in (1, 2))
    return np.stack([u, v, numbers % 2], axis=1)


def grid_crops(image: NDArray[np.uint8], crop: int, grid: int) -> NDArray[np.uint8]:
    """Cut ``grid`` x ``grid`` crops, evenly spread so that the outer ones touch the borders.

    Args:
        image: (H, W, C) with H and W of at least ``crop``.
        crop: side of the crops in pixels.
        grid: crops per side; 1 gives the center crop.

    Returns:
        (grid * grid, crop, crop, C), row by row from the top left.

    Raises:
        ConfigError: the image is smaller than the crop.
    """
    rows, columns = _room(image, crop)
    crops = np.empty((grid * grid, crop, crop, image.shape[2]), dtype=np.uint8)
    positions = [(y, x) for y in _spread(rows, grid) for x in _spread(columns, grid)]
    for cut, (y, x) in zip(crops, positions, strict=True):
        cut[...] = image[y : y + crop, x : x + crop]
    return crops


def scattered_crops(
    image: NDArray[np.uint8], crop: int, count: int = SCATTERED
) -> NDArray[np.uint8]:
    """Cut crops at positions that look random but are the same for every photo and every run.

    Args:
        image: (H, W, C) with H and W of at least ``crop``.
        crop: side of the crops in pixels.
        count: number of crops.

    Returns:
        (count, crop, crop, C).

    Raises:
        ConfigError: the image is smaller than the crop.
    """
    positions = np.random.default_rng(0).random((count, 2))
    return np.stack([random_crop(image, crop, u, v, flip=False) for u, v in positions])


def fixed_crops(image: NDArray[np.uint8], protocol: Protocol) -> NDArray[np.uint8]:
    """The crops (K, crop, crop, C) on which a photo resized by ``protocol`` is scored."""
    if protocol.test_crops == "scattered":
        return scattered_crops(image, protocol.crop)
    return grid_crops(image, protocol.crop, protocol.grid)


def _room(image: NDArray[np.uint8], crop: int) -> tuple[int, int]:
    """How far a crop can move down and to the right."""
    height, width = image.shape[:2]
    if min(height, width) < crop:
        raise ConfigError(
            f"A crop of {crop} does not fit into an image of {height} x {width} (height x width).",
            "Resize the image with its protocol first.",
        )
    return height - crop, width - crop


def _spread(room: int, grid: int) -> list[int]:
    if grid == 1:
        return [room // 2]
    # In integers, rounded half up: no platform can disagree on a crop's position.
    return [(2 * i * room + grid - 1) // (2 * (grid - 1)) for i in range(grid)]
