"""A batch of crops as the branches take it: pixels, or what frozen layers have made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Crops:
    """Crops whose way through frozen layers is known.

    Args:
        pixels: (B, 3, H, W) uint8; None where no branch needs them.
        activations: (B, ...) by the ``trunk_key`` of the branches that go on from them.
    """

    pixels: Tensor | None
    activations: Mapping[str, Tensor]

    def to(self, device: torch.device, non_blocking: bool = False) -> Crops:
        """The same crops on ``device``."""

        def moved(values: Tensor) -> Tensor:
            return values.to(device, non_blocking=non_blocking)

        return Crops(
            None if self.pixels is None else moved(self.pixels),
            {key: moved(values) for key, values in self.activations.items()},
        )


Images = Tensor | Crops
"""What a branch predicts on: pixels (B, 3, H, W) uint8, or :class:`Crops`."""


def channels_first(values: NDArray[Any]) -> Tensor:
    """(B, H, W, C) as a tensor (B, C, H, W); arrays of other kinds keep their axes."""
    # A permuted view keeps the values where they are: this *is* the channels-last memory format.
    tensor = torch.from_numpy(values)
    return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor


def first(images: Images, count: int) -> Images:
    """The first ``count`` crops of a batch."""
    if not isinstance(images, Crops):
        return images[:count]
    return Crops(
        None if images.pixels is None else images.pixels[:count],
        {key: values[:count] for key, values in images.activations.items()},
    )
