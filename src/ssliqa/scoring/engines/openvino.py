"""OpenVINO (Intel, Apache-2.0): scores with an exported ``.xml`` or ``.onnx`` file, on the CPU."""

from __future__ import annotations

import os
import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import ConfigError, MissingExtraError, ModelError
from ssliqa.images import fixed_crops
from ssliqa.models.prediction import mean_distribution
from ssliqa.scoring.engines.facts import KEY, Facts

# The first inference fills tables of OpenVINO's Python layer. Two threads that begin it together
# can each wait for what the other holds (a table's guard, the interpreter's lock) forever, deaf to
# Ctrl-C. So each thread's first inference is made alone.
_first_inference = threading.Lock()


class OpenVinoEngine:
    """Scores with OpenVINO.

    Args:
        file: an ``.xml`` file (with the ``.bin`` beside it) or an ``.onnx`` file that ``ssliqa
            export`` wrote.
        precision: ``f32``, or ``bf16`` for less time and coarser scores.

    Raises:
        ConfigError: ``bf16`` on a processor without it.
        MissingExtraError: OpenVINO is not installed.
        ModelError: the file is missing, damaged, or was not written by ``ssliqa export``.
    """

    name = "openvino"

    def __init__(self, file: Path, precision: str = "f32") -> None:
        core = openvino_core()
        if precision == "bf16" and "BF16" not in core.get_property(
            "CPU", "OPTIMIZATION_CAPABILITIES"
        ):
            raise ConfigError(
                "This processor does not compute in bfloat16.", "Leave out --precision bf16."
            )
        cores = _cores()
        try:
            network = core.read_model(file)
            self._compiled = core.compile_model(
                network,
                "CPU",
                {
                    # Left to itself OpenVINO takes bfloat16 where there is any.
                    "INFERENCE_PRECISION_HINT": precision,
                    # One core a photograph, as many photographs at once as there are cores.
                    "NUM_STREAMS": cores,
                    "INFERENCE_NUM_THREADS": cores,
                    "ENABLE_CPU_PINNING": False,
                },
            )
        except Exception as error:  # RuntimeErrors of any kind, over several lines
            raise ModelError(
                f"OpenVINO cannot read '{file}' ({' '.join(str(error).split())[:200]}).",
                "Export the model again; an .xml file needs the .bin file beside it.",
            ) from error
        self.facts = Facts.from_json(_metadata(network), file)
        self.protocol = self.facts.protocol
        self.scale = self.facts.scale
        self.calibration = self.facts.calibration
        self._requests = threading.local()

    def predict(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """See :meth:`ssliqa.scoring.engines.contract.Engine.predict`."""
        crops = {"crops": fixed_crops(pixels, self.protocol)}
        request = getattr(self._requests, "own", None)
        if request is None:  # a request computes for one thread at a time
            with _first_inference:
                request = self._requests.own = self._compiled.create_infer_request()
                shares = request.infer(crops, share_inputs=True)[0]
        else:
            shares = request.infer(crops, share_inputs=True)[0]
        return mean_distribution(shares, self.facts.config["backbone"])


@cache
def openvino_core() -> Any:
    """The one ``openvino.Core`` of this process, which is never let go.

    Its CPU plugin gives the process another stack for signals, and takes it back when the core
    ends. With two cores that end in the order they were made, the second puts back the stack of the
    first, which is gone: the next Ctrl-C would be a segmentation fault.

    Raises:
        MissingExtraError: OpenVINO is not installed.
    """
    try:
        import openvino
    except ImportError as error:
        raise MissingExtraError("openvino", "openvino") from error
    return openvino.Core()


def _cores() -> int:
    """Those that this process may use: each costs memory for a network of its own."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _metadata(network: Any) -> str | None:
    # OpenVINO's own files hold it at the top, ONNX files below 'framework'.
    for path in ([KEY], ["framework", KEY]):
        if network.has_rt_info(path):
            return str(network.get_rt_info(path).astype(str))
    return None
