"""Look at all of a photograph in crops as in training, and put what was found together again.

Crops overlap by half of their side or more, from border to border. Where they do, their maps are
blended with weights that are highest in the middle of a crop, since its padded borders know least.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

Corner = tuple[int, int]


def cut_tiles(pixels: NDArray[np.uint8], crop: int) -> tuple[Tensor, list[Corner]]:
    """Cut the overlapping crops of a photograph.

    Args:
        pixels: (H, W, 3) uint8, each side at least ``crop``.
        crop: side of the crops in pixels.

    Returns:
        Crops (T, 3, crop, crop) uint8, and the top left corner (row, column) of each.
    """
    height, width = pixels.shape[:2]
    corners = [(y, x) for y in _starts(height, crop) for x in _starts(width, crop)]
    crops = np.stack([pixels[y : y + crop, x : x + crop] for y, x in corners])
    return torch.from_numpy(crops).permute(0, 3, 1, 2), corners


def blend_tiles(
    cells: Tensor, corners: list[Corner], crop: int, size: tuple[int, int]
) -> NDArray[np.float64]:
    """One map of a photograph from the maps of its crops.

    Args:
        cells: (T, h, w), a coarse map of each crop, with h x w even cells.
        corners: where the crops were cut.
        crop: side of the crops in pixels.
        size: (H, W) of the photograph.

    Returns:
        Shape (H, W).
    """
    maps = interpolate(cells[:, None], size=(crop, crop), mode="bilinear")[:, 0].double().numpy()
    tent = 1 - np.abs(np.linspace(-1, 1, crop + 2)[1:-1])
    window = np.outer(tent, tent)
    total, weight = np.zeros(size), np.zeros(size)
    for (y, x), values in zip(corners, maps, strict=True):
        total[y : y + crop, x : x + crop] += window * values
        weight[y : y + crop, x : x + crop] += window
    blended: NDArray[np.float64] = total / weight
    return blended


def _starts(length: int, crop: int) -> list[int]:
    """Where crops begin along one side, from border to border."""
    room = length - crop
    count = 1 + -(-2 * room // crop)
    return [round(room * k / max(1, count - 1)) for k in range(count)]
