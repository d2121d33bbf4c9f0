"""ONNX Runtime (Microsoft, MIT): scores with an exported ``.onnx`` file, on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import MissingExtraError, ModelError
from ssliqa.images import fixed_crops
from ssliqa.models.prediction import mean_distribution
from ssliqa.scoring.engines.facts import KEY, Facts


class OnnxRuntimeEngine:
    """Scores with ONNX Runtime.

    Args:
        file: an ``.onnx`` file that ``ssliqa export`` wrote.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        ModelError: the file is missing, damaged, or was not written by ``ssliqa export``.
    """

    name = "onnxruntime"

    def __init__(self, file: Path) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtraError("onnxruntime", "onnx") from error
        onnxruntime.disable_telemetry_events()  # of the builds for Windows
        settings = onnxruntime.SessionOptions()
        # Photographs are computed side by side, each on one core: with several threads a photograph
        # sums could be rounded differently, and cores would wait for one another.
        settings.intra_op_num_threads = 1
        settings.inter_op_num_threads = 1
        settings.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(file), settings, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions have no common base
            raise ModelError(
                f"ONNX Runtime cannot read '{file}' ({str(error).splitlines()[0]}).",
                "Export the model again.",
            ) from error
        written = self._session.get_modelmeta().custom_metadata_map.get(KEY)
        self.facts = Facts.from_json(written, file)
        self.protocol = self.facts.protocol
        self.scale = self.facts.scale
        self.calibration = self.facts.calibration

    def predict(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """See :meth:`ssliqa.scoring.engines.contract.Engine.predict`."""
        crops = fixed_crops(pixels, self.protocol)
        (shares,) = self._session.run(["distribution"], {"crops": crops})
        return mean_distribution(shares, self.facts.config["backbone"])
