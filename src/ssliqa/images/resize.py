"""Resize a decoded photograph to the protocol's size.

Bilinear with antialiasing (the kernel widens with the reduction), as Pillow computes it and as
torchvision's ``Resize`` on Pillow images does, so that figures compare with the field's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ssliqa.images.protocol import Protocol


def resize_image(image: NDArray[np.uint8], protocol: Protocol) -> NDArray[np.uint8]:
    """Resize ``image`` (H, W, 3), 0..255, to ``protocol.target_size(H, W)``.

    Deterministic: the same pixels and protocol give the same result. The array returned may be
    read-only.
    """
    target = protocol.target_size(image.shape[0], image.shape[1])
    return resize_to(Image.fromarray(image), target)


def resize_to(
    image: Image.Image,
    target: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
) -> NDArray[np.uint8]:
    """Resize an RGB or RGBX image to ``target`` (height, width).

    Args:
        image: to be resized.
        target: size of the result.
        box: left, top, right and bottom of what is taken, in pixels of ``image``; all of it where
            none is given.
    """
    height, width = target
    resized = image.resize((width, height), Image.Resampling.BILINEAR, box)
    return np.asarray(resized if resized.mode == "RGB" else resized.convert("RGB"))
