"""Engines: what computes scores, one file each."""

from ssliqa.scoring.engines.contract import Engine
from ssliqa.scoring.engines.find import ENGINES, PRECISIONS, open_engine
from ssliqa.scoring.engines.onnxruntime import OnnxRuntimeEngine
from ssliqa.scoring.engines.openvino import OpenVinoEngine
from ssliqa.scoring.engines.torch import TorchEngine

__all__ = [
    "ENGINES",
    "PRECISIONS",
    "Engine",
    "OnnxRuntimeEngine",
    "OpenVinoEngine",
    "TorchEngine",
    "open_engine",
]
