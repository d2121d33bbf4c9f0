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
    height, width = protocol.target_size(image.shape[0], image.shape[1])
    resized = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized)
