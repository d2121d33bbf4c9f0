"""A model as an ONNX graph: from the crops of a photograph to the shares of the five levels.

    crops (K, S, S, 3) uint8  ->  distribution (K, 5) float32

K and S are the model's own number and size of crops. Decoding, resizing and cutting crops stay
outside, since every library does them a little differently; normalization is inside.
"""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ssliqa.errors import ExportError, MissingExtraError
from ssliqa.models import QualityModel
from ssliqa.scoring.engines.facts import KEY, Facts

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

_OPSET = 18
"""The newest operators that the exporter writes without converting."""

_ABOUT = (
    "Image quality model. 'crops' are the model's fixed crops of one photograph, RGB, 0..255, cut "
    "from it after the resize that 'protocol' describes; 'distribution' holds, for each crop, the "
    "predicted shares of the opinions 1 (bad) .. 5 (excellent). The mean over the crops gives the "
    f"score. All facts are in the metadata, key '{KEY}'."
)


def onnx_graph(model: QualityModel, facts: Facts) -> ModelProto:
    """The model as ONNX, with ``facts`` in its metadata.

    Raises:
        MissingExtraError: the packages for ONNX are not installed.
        ExportError: the network does something that ONNX cannot express.
    """
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("onnx", "onnx") from error
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("onnxscript", "onnx") from error
    count, size = model.protocol.test_count, model.protocol.crop
    example = torch.zeros(count, size, size, 3, dtype=torch.uint8)
    try:
        with _quiet():
            program: Any = torch.onnx.export(
                _FromCrops(copy.deepcopy(model).cpu()).eval(),
                (example,),
                dynamo=True,
                opset_version=_OPSET,
                input_names=["crops"],
                output_names=["distribution"],
                verbose=False,
            )
            graph: ModelProto = program.model_proto
    except Exception as error:  # the exporter lets through whatever happens inside
        raise ExportError(
            f"The network '{model.name}' cannot be exported ({_first_line(error)}).",
            "Score with --engine torch, or train a student of another architecture.",
        ) from error
    _forget_sources(graph)
    graph.producer_name, graph.producer_version = "ssliqa", version("ssliqa")
    graph.doc_string = _ABOUT
    entry = graph.metadata_props.add()
    entry.key, entry.value = KEY, facts.to_json()
    return graph


class _FromCrops(nn.Module):
    def __init__(self, model: QualityModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, crops: Tensor) -> Tensor:
        distribution: Tensor = self.model(crops.permute(0, 3, 1, 2)).distribution
        return distribution


def _forget_sources(graph: ModelProto) -> None:
    """Take out where each node comes from: stack traces, with the paths of this machine."""
    del graph.metadata_props[:]
    parts: list[GraphProto | Any] = [graph.graph, *graph.functions]
    while parts:
        part = parts.pop()
        part.doc_string = ""
        del part.metadata_props[:]
        for value in part.value_info:
            value.doc_string = ""
            del value.metadata_props[:]
        for node in part.node:
            node.doc_string = ""
            del node.metadata_props[:]
            for attribute in node.attribute:
                parts += [attribute.g] if attribute.HasField("g") else attribute.graphs


@contextmanager
def _quiet() -> Iterator[None]:
    """Neither the exporter's advice to programmers nor its log."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
