"""Quality maps: the score of each place of a photograph, by the network that scores all of it.

A network averages its last feature map A over the places x and hands the average to its head,

    logits = head(mean_x A(x)),

so head(A(x)) is what it would say of a photograph all of which looked like x. With a linear head
the mean of these logits over the places of a crop is exactly the logits of the crop; the softmax
behind it makes the mean of the scores an approximation (docs/quality-maps.md measures how near).

Source: dense prediction by 1x1 convolution, Long, Shelhamer, Darrell, "Fully Convolutional Networks
for Semantic Segmentation", CVPR 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ssliqa.models.prediction import Score
from ssliqa.models.tiles import blend_tiles, cut_tiles
from ssliqa.opinion import LEVELS, Scale

if TYPE_CHECKING:
    from ssliqa.models.quality_model import QualityModel

_BATCH = 8


@dataclass(frozen=True, eq=False)
class QualityMap:
    """Where a photograph is good or bad.

    Attributes:
        values: (H, W), in the scale of the ratings, of the resized photograph; about as coarse as
            the network's feature map, whose cells are usually 32 pixels wide.
        pixels: (H, W, 3) uint8, the photograph as the network saw it.
        score: of the whole photograph.
        scale: what values and score count in.
    """

    values: NDArray[np.float64]
    pixels: NDArray[np.uint8]
    score: Score
    scale: Scale


def map_quality(model: QualityModel, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The score of each place of a photograph, on the model's scale.

    Args:
        model: in evaluation mode.
        pixels: (H, W, 3) uint8, resized by the model's protocol.

    Returns:
        Shape (H, W).

    Raises:
        ModelError: the network averages no feature map, as those with class tokens.
    """
    crop = model.protocol.crop
    images, corners = cut_tiles(pixels, crop)
    with torch.inference_mode():
        cells = torch.cat([_levels(model, part) for part in torch.split(images, _BATCH)])
    levels = blend_tiles(cells.float().cpu(), corners, crop, (pixels.shape[0], pixels.shape[1]))
    return model.scale.from_levels(levels)


def place_logits(model: QualityModel, images: Tensor) -> Tensor:
    """The head's output for each place of crops (T, 3, H, W) uint8: (T, 5, h, w)."""
    normalized = (images.to(model.mean.device).float() / 255 - model.mean) / model.std
    places = model.backbone.places(normalized)
    count, _, height, width = places.shape
    logits: Tensor = model.head(places.permute(0, 2, 3, 1).flatten(0, 2))
    return logits.view(count, height, width, LEVELS).permute(0, 3, 1, 2)


def _levels(model: QualityModel, images: Tensor) -> Tensor:
    shares = place_logits(model, images).float().softmax(dim=1)
    levels = torch.arange(1.0, LEVELS + 1, device=shares.device)
    return torch.einsum("tlhw,l->thw", shares, levels)
