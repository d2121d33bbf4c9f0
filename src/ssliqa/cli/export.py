"""``ssliqa export``"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser

from ssliqa.cli.parsing import parse
from ssliqa.data import list_photographs
from ssliqa.errors import ConfigError, SsliqaError
from ssliqa.models import load_model
from ssliqa.models.shipped import shipped
from ssliqa.scoring.export import (
    INT8_TOLERANCE,
    TOLERANCE,
    Export,
    check_destination,
    export_model,
)
from ssliqa.scoring.export.license import license_of
from ssliqa.training.own_parts import own_labeled_part

_ENDING = {"onnx": ".onnx", "openvino": ".xml"}

# Photographs to calibrate on, and as many others between them to tell what it costs.
_CALIBRATION = 64


def parser() -> ArgumentParser:
    """The options of ``ssliqa export``."""
    options = ArgumentParser(
        prog="ssliqa export",
        description="Write a model as a file for ONNX Runtime or OpenVINO. Every export is "
        "compared with the PyTorch model on real photographs, and refused if it differs.",
        exit_on_error=False,
    )
    options.add_argument(
        "model",
        type=str,
        metavar="MODEL",
        help="run folder, model folder, default, or name on the hub",
    )
    options.add_argument("--to", choices=tuple(_ENDING), required=True, help="what to write it for")
    options.add_argument(
        "--out", type=str, help="file or folder to write (default: beside the model)"
    )
    options.add_argument(
        "--int8", action="store_true", help="round the network to 8 bits; tells what that costs"
    )
    options.add_argument(
        "--calibrate_on",
        nargs="+",
        type=str,
        metavar="PATH",
        help="photographs to round on (default: those of the run's own training)",
    )
    options.add_argument(
        "--verify_on",
        nargs="+",
        type=str,
        metavar="PATH",
        help="photographs to compare on, beyond the four that come with ssliqa",
    )
    options.add_argument(
        "--tolerance",
        type=float,
        help="most that a score may differ, as a share of the scale "
        f"(default: {TOLERANCE:g}, with --int8 {INT8_TOLERANCE:g})",
    )
    options.add_argument(
        "--license", type=str, help="license of the weights (default: that of the model's card)"
    )
    return options


def run(arguments: list[str]) -> int:
    """Export a model; nothing is written unless it scores as the model does."""
    # Named as for score, the model is understood, too.
    named = [part.removeprefix("--model=") for part in arguments if part != "--model"]
    options = parse(parser(), named)
    if options.calibrate_on and not options.int8:
        raise ConfigError("--calibrate-on is for networks of 8 bits.", "Add --int8.")
    if options.tolerance is not None and not 0 < options.tolerance <= 1:
        raise ConfigError(f"--tolerance is {options.tolerance}.", "Give a share between 0 and 1.")
    source = Path(options.model).expanduser()
    file = _destination(options.out, source, options.to, options.int8)
    check_destination(file)
    model = load_model(options.model)
    calibrate_on: Sequence[Path] = []
    verify_on: Sequence[Path] = []
    if options.verify_on:
        verify_on = list_photographs(options.verify_on)
    if options.int8:
        photographs = (
            list_photographs(options.calibrate_on)
            if options.calibrate_on
            else _own_photographs(source)
        )
        calibrate_on, others = _alternate(photographs)
        verify_on = verify_on or others
    export = export_model(
        model,
        file,
        calibrate_on=calibrate_on,
        verify_on=verify_on,
        tolerance=options.tolerance,
        license=options.license or license_of(shipped(options.model) or source),
    )
    print(_told(export))
    print(f"Next: ssliqa score PHOTOS --model {file}")
    return 0


def _destination(out: str | None, source: Path, to: str, int8: bool) -> Path:
    name = f"model{'-int8' if int8 else ''}{_ENDING[to]}"
    if out is None:
        return (source if source.is_dir() else Path()) / name
    file = Path(out).expanduser()
    if file.is_dir() or not file.suffix:
        return file / name
    if file.suffix.lower() != _ENDING[to]:
        raise ConfigError(
            f"'{file}' is no name for --to {to}.", f"Name a folder or a file in {_ENDING[to]}."
        )
    return file


def _own_photographs(source: Path) -> list[Path]:
    try:
        return list(own_labeled_part(source).paths)
    except SsliqaError as error:
        raise ConfigError(
            f"The photographs that '{source}' has learned from cannot be used: {error.found}",
            "Name some with --calibrate-on FOLDER.",
        ) from error


def _alternate(photographs: Sequence[Path]) -> tuple[Sequence[Path], Sequence[Path]]:
    """Photographs spread over all of them: some to calibrate on, the ones between for the cost."""
    count = min(2 * _CALIBRATION, len(photographs))
    spread = [photographs[k * len(photographs) // count] for k in range(count)]
    return spread[::2], spread[1::2] or spread


def _told(export: Export) -> str:
    found = export.differences
    agreement = "" if found.srcc is None else f", SRCC with the float model {found.srcc:.4f}"
    return (
        f"{export.file}: {export.facts.numbers}. On {found.count} photographs scores differ from "
        f"PyTorch's by at most {found.largest:.2g} of the scale, {found.mean:.2g} on average"
        f"{agreement}."
    )
