"""What an engine is: something that computes a model's distribution for one photograph.

The crops of one photograph are computed together and with nothing else, on one core. So a score
depends neither on what else is scored nor on how many cores or threads are at work, to the last
bit; several photographs are computed at once by calling :meth:`Engine.predict` from several
threads.
"""

from __future__ import annotations

import typing

import numpy as np
from numpy.typing import NDArray

from ssliqa.images import Protocol
from ssliqa.models.calibration import Calibration
from ssliqa.opinion import Scale


class Engine(typing.Protocol):
    """A model, ready to score.

    On a CPU :meth:`predict` occupies the core of the thread that calls it and no other, and may be
    called from any number of threads at once.
    """

    @property
    def name(self) -> str:
        """What computes: ``torch``, ``onnxruntime`` or ``openvino``."""

    @property
    def protocol(self) -> Protocol:
        """How photographs become the pixels that :meth:`predict` takes."""

    @property
    def scale(self) -> Scale:
        """The scale of the ratings the model learned from."""

    @property
    def calibration(self) -> Calibration | None:
        """What turns a distribution into an interval; None for a model that is not calibrated."""

    def predict(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Mean distribution (5,) over the fixed crops of one photograph.

        Args:
            pixels: (H, W, 3) uint8, resized by :attr:`protocol`.

        Raises:
            ModelError: the result is not a number.
        """
