"""PyTorch: the model itself, which is always there and by which the others are judged."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from ssliqa.models import QualityModel


class TorchEngine:
    """Scores with PyTorch, on the device where the model is.

    Args:
        model: copied, so that its training may go on.
    """

    name = "torch"

    def __init__(self, model: QualityModel) -> None:
        self._model = copy.deepcopy(model).eval()
        self._on_cpu = model.mean.device.type == "cpu"
        self.protocol = model.protocol
        self.scale = model.scale

    def predict(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """See :meth:`ssliqa.scoring.engines.contract.Engine.predict`."""
        if not self._on_cpu:
            return self._model.predict(pixels)
        with _one_core():
            return self._model.predict(pixels)


@contextmanager
def _one_core() -> Iterator[None]:
    # Sums that are shared out among threads are rounded differently for each number of them.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
