"""A scorer in a few lines, and photographs for it, so that what is around a network can be tested.

The brighter, the better. No network runs in it, so a process that uses it may be copied with
``fork``, which is much faster than starting Python anew.
"""

import os
import time
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from ssliqa.images import Protocol
from ssliqa.models.calibration import Calibration
from ssliqa.opinion import Scale


@dataclass
class Brightness:
    """Puts all shares on the two levels around the mean brightness."""

    scale: Scale = Scale(0, 100)  # noqa: RUF009 - it is frozen
    protocol: Protocol = Protocol(short=16, crop=16, grid=1)  # noqa: RUF009
    name: str = "brightness"
    bias: float = 0.0
    calibration: Calibration | None = None
    seconds: float = 0.0
    asked: list[float] = field(default_factory=list)

    def predict(self, pixels):
        time.sleep(self.seconds)
        level = pixels.mean() / 255 * 4 + self.bias
        self.asked.append(float(level))
        return np.clip(1 - abs(np.arange(5) - level), 0, 1)


def grey(path, brightness):
    """A photograph of one brightness, 0..255, without losses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 20), (brightness,) * 3).save(path, "PNG")
    return path


def expected(brightness):
    """Its score on 0..100, computed by hand."""
    return 100 * brightness / 255


def in_child(work):
    """Start ``work`` in a process of its own; gives its number. It ends as a killed one would."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child
