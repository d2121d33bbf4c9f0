"""A network in 8-bit integers, by ONNX Runtime's static quantization.

Weights are rounded channel by channel; the ranges of activations come from photographs. The result
holds pairs of quantize and dequantize operators around float ones, which engines turn into 8-bit
arithmetic where the processor has it.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ssliqa.errors import ExportError, MissingExtraError

if TYPE_CHECKING:
    from onnx import ModelProto


def quantize(graph: ModelProto, crops: Iterator[NDArray[np.uint8]]) -> ModelProto:
    """Round a network to 8 bits.

    Args:
        graph: from :func:`ssliqa.scoring.export.graph.onnx_graph`.
        crops: (K, S, S, 3) of each calibration photograph.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        ExportError: the quantization fails.
    """
    try:
        import onnx
        from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "onnx") from error

    class Photographs(CalibrationDataReader):  # type: ignore[misc]  # untyped
        def get_next(self) -> dict[str, Any] | None:
            return next(({"crops": one} for one in crops), None)

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            plain, rounded = Path(scratch) / "plain.onnx", Path(scratch) / "rounded.onnx"
            onnx.save(graph, plain)
            quant_pre_process(plain, plain)
            quantize_static(
                plain,
                rounded,
                Photographs(),
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
            result = onnx.load(rounded)
    except ExportError:  # none of the photographs can be read
        raise
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise ExportError(
            f"The network cannot be rounded to 8 bits ({reason}).", "Export it without --int8."
        ) from error
    finally:
        logging.disable(before)
    for field in ("producer_name", "producer_version", "doc_string"):
        setattr(result, field, getattr(graph, field))
    del result.metadata_props[:]
    result.metadata_props.extend(graph.metadata_props)
    return result
