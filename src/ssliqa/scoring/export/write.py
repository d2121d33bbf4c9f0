"""Write a model for ONNX Runtime or OpenVINO: a file appears only if it scores as the model."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ssliqa.errors import ConfigError, ExportError
from ssliqa.files import whole_file
from ssliqa.images import fixed_crops
from ssliqa.models import QualityModel
from ssliqa.scoring.destination import existing_folder_for
from ssliqa.scoring.engines.contract import Engine
from ssliqa.scoring.engines.facts import Facts, digest_of
from ssliqa.scoring.engines.onnxruntime import OnnxRuntimeEngine
from ssliqa.scoring.engines.openvino import OpenVinoEngine, openvino_core
from ssliqa.scoring.engines.torch import TorchEngine
from ssliqa.scoring.export.graph import onnx_graph
from ssliqa.scoring.export.int8 import quantize
from ssliqa.scoring.export.license import UNSTATED
from ssliqa.scoring.export.verify import (
    INT8_TOLERANCE,
    TOLERANCE,
    Differences,
    differences,
    own_photographs,
    photographs_of,
)

if TYPE_CHECKING:
    from onnx import ModelProto

ENGINE_OF = {".onnx": OnnxRuntimeEngine, ".xml": OpenVinoEngine}
"""Who scores a file in the verification, by its ending."""


@dataclass(frozen=True)
class Export:
    """An export that was verified: where it lies, what it says of itself, how far it is off."""

    file: Path
    facts: Facts
    differences: Differences


def export_model(
    model: QualityModel,
    file: Path,
    *,
    calibrate_on: Sequence[Path] = (),
    verify_on: Sequence[Path] = (),
    tolerance: float | None = None,
    license: str = UNSTATED,
    engine: type[OnnxRuntimeEngine | OpenVinoEngine] | None = None,
) -> Export:
    """Export a model, compare it with the PyTorch model on photographs, and keep it if it agrees.

    Args:
        model: a trained model.
        file: ends in ``.onnx``, or in ``.xml`` for OpenVINO, which gets a ``.bin`` file beside it.
        calibrate_on: photographs to round the network to 8 bits on; none leaves it in float32.
        verify_on: photographs to compare on, beyond those that come with ssliqa.
        tolerance: most that a score may differ, as a share of the rating scale; by default
            ``TOLERANCE``, with 8 bits ``INT8_TOLERANCE``.
        license: license of the weights, kept in the file.
        engine: who scores the file in the comparison; by default the one of its ending.

    Returns:
        What was written, with the differences on ``verify_on`` or else on ssliqa's photographs.

    Raises:
        ConfigError: ``file`` has another ending, or the tolerance is not above 0.
        ExportError: the network cannot be exported, or the export is not the same model; then
            nothing has been written.
        MissingExtraError: a package for exporting is not installed.
    """
    check_destination(file)
    numbers = "int8" if calibrate_on else "float32"
    if tolerance is None:
        tolerance = INT8_TOLERANCE if calibrate_on else TOLERANCE
    if not tolerance > 0:
        raise ConfigError(f"The tolerance is {tolerance}.", "Give a share of the scale above 0.")
    facts = Facts(model.config, digest_of(model), numbers, license, version("ssliqa"))
    graph = onnx_graph(model, facts)
    if calibrate_on:
        pixels = photographs_of(calibrate_on, model.protocol)
        graph = quantize(graph, (fixed_crops(one, model.protocol) for one in pixels))
    with tempfile.TemporaryDirectory() as scratch:
        written = Path(scratch) / file.name
        _write(graph, facts, written)
        exported = (engine or ENGINE_OF[file.suffix.lower()])(written)
        found = _verified(model, exported, verify_on, tolerance)
        _keep(written, file)
    return Export(file, facts, found)


def check_destination(file: Path) -> None:
    """Refuse a file that could not be written, before anything is computed.

    Raises:
        ConfigError: it is a folder, lies below a file, or has an ending of no known format.
    """
    if file.suffix.lower() not in ENGINE_OF:
        raise ConfigError(
            f"'{file}' is no name for an export.", f"Use an ending of: {', '.join(ENGINE_OF)}."
        )
    existing_folder_for(file)


def _write(graph: ModelProto, facts: Facts, file: Path) -> None:
    if file.suffix.lower() == ".onnx":
        file.write_bytes(graph.SerializeToString())
        return
    # By way of ONNX: OpenVINO's own converter of PyTorch models reports its use to its makers.
    network = openvino_core().read_model(graph.SerializeToString())
    network.set_rt_info(facts.to_json(), ["ssliqa"])
    from openvino import save_model

    save_model(network, file, compress_to_fp16=False)


def _verified(
    model: QualityModel, exported: Engine, verify_on: Sequence[Path], tolerance: float
) -> Differences:
    judge = TorchEngine(model)
    photographs = [own_photographs(model.protocol)]
    if verify_on:
        photographs.append(photographs_of(verify_on, model.protocol))
    for some in photographs:
        found = differences(exported, judge, some)
        if not found.largest <= tolerance:
            raise ExportError(
                f"The export is not the same model: on {found.count} photographs scores differ by "
                f"up to {found.largest:.3%} of the scale, where {tolerance:.3%} is allowed.",
                "Nothing was written. Score with --engine torch, or allow more with --tolerance.",
            )
    return found


def _keep(written: Path, file: Path) -> None:
    """Move a verified export to its place. An ``.xml`` never stands beside another's ``.bin``."""
    if file.suffix.lower() == ".xml":
        file.unlink(missing_ok=True)
        _copy(written.with_suffix(".bin"), file.with_suffix(".bin"))
    _copy(written, file)


def _copy(written: Path, file: Path) -> None:
    with whole_file(file) as temporary:
        shutil.copyfile(written, temporary)
