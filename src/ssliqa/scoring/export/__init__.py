"""Exporting: a model as one file for ONNX Runtime or OpenVINO, verified against PyTorch."""

from ssliqa.scoring.export.verify import INT8_TOLERANCE, TOLERANCE, Differences
from ssliqa.scoring.export.write import Export, check_destination, export_model

__all__ = [
    "INT8_TOLERANCE",
    "TOLERANCE",
    "Differences",
    "Export",
    "check_destination",
    "export_model",
]
