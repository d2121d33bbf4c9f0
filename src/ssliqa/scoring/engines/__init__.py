"""Engines: what computes scores, one file each."""

from ssliqa.scoring.engines.contract import Engine
from ssliqa.scoring.engines.find import ENGINES, open_engine
from ssliqa.scoring.engines.onnxruntime import OnnxRuntimeEngine
from ssliqa.scoring.engines.openvino import OpenVinoEngine
from ssliqa.scoring.engines.torch import TorchEngine

__all__ = [
    "ENGINES",
    "Engine",
    "OnnxRuntimeEngine",
    "OpenVinoEngine",
    "TorchEngine",
    "open_engine",
]
