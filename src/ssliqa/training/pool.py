"""All photographs of a training at once, as methods see them that label or rank the whole pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ssliqa.images import crop_views, random_crop
from ssliqa.methods import Crops, Images, Method, Pool
from ssliqa.methods.crops import channels_first
from ssliqa.training.activations import KeptActivations, needs_pixels
from ssliqa.training.config import TrainConfig
from ssliqa.training.photographs import Photographs

T = TypeVar("T")

CROPS = 4
"""Fixed crops of a photograph where training draws any crop."""


def open_pool(
    config: TrainConfig,
    photographs: Photographs,
    method: Method,
    kept: Mapping[str, KeptActivations],
    device: torch.device,
    look: Callable[[], None] = lambda: None,
) -> Pool:
    """The photographs of a training, each as the views it is trained with, or four fixed crops.

    Args:
        config: the training's settings.
        photographs: labeled and unlabeled ones.
        method: says what it needs.
        kept: from :func:`ssliqa.training.activations.keep_activations`.
        device: where crops go.
        look: called for each photograph that is looked at. A pass over all of them takes minutes,
            and may be ended by an exception from here.
    """
    views = crop_views(config.views or CROPS)
    with_pixels = needs_pixels(method, kept, method.branch_names)

    def pixels_of(index: int) -> Tensor:
        image, side = photographs.prepared.image(index), config.protocol.crop
        cut = [random_crop(image, side, u, v, bool(mirror)) for u, v, mirror in views]
        return channels_first(np.stack(cut))

    def crops(index: int) -> Images:
        pixels = pixels_of(index).to(device) if with_pixels else None
        if pixels is not None and not kept:
            return pixels
        # A copy, since what is on disk cannot be written to, of which PyTorch warns.
        activations = {key: channels_first(np.array(of(index))) for key, of in kept.items()}
        return Crops(pixels, activations).to(device)

    def of_places(places: NDArray[np.int64], give: Callable[[int], T]) -> Callable[[int], T]:
        def of(place: int) -> T:
            look()
            return give(int(places[place]))

        return of

    labeled = photographs.labeled
    unlabeled = photographs.unlabeled if method.uses_unlabeled else photographs.unlabeled[:0]
    return Pool(
        labeled=len(labeled),
        unlabeled=len(unlabeled),
        labeled_crops=of_places(labeled, crops),
        unlabeled_crops=of_places(unlabeled, crops),
        labeled_pixels=of_places(labeled, pixels_of),
        unlabeled_pixels=of_places(unlabeled, pixels_of),
        distribution=torch.from_numpy(photographs.distribution[labeled]).float().to(device),
    )
