"""PyTorch: the model itself, which is always there and by which the others are judged."""

from __future__ import annotations

import copy
import threading

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
        self.calibration = model.calibration

    def predict(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """See :meth:`ssliqa.scoring.engines.contract.Engine.predict`."""
        if not self._on_cpu:
            return self._model.predict(pixels)
        with _ONE_CORE:
            return self._model.predict(pixels)


class _OneCore:
    """Inside, the thread that enters computes on one core.

    Sums that are shared out among threads are rounded differently for each number of them.
    PyTorch keeps that number for each thread, and gives new threads the one that was set last; so
    what was set before the first thread entered is what every thread leaves behind.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 1

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._before = torch.get_num_threads()
            self._inside += 1
            torch.set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            torch.set_num_threads(self._before)


_ONE_CORE = _OneCore()
