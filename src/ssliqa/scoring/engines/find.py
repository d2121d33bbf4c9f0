"""From what a user names to an engine that is ready to score."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from ssliqa.errors import ConfigError, ExportError, MissingExtraError, ModelError
from ssliqa.images import default_cache_folder
from ssliqa.models import QualityModel, load_model
from ssliqa.scoring.engines.contract import Engine
from ssliqa.scoring.engines.facts import digest_of
from ssliqa.scoring.engines.onnxruntime import OnnxRuntimeEngine
from ssliqa.scoring.engines.openvino import OpenVinoEngine
from ssliqa.scoring.engines.torch import TorchEngine

ENGINES = ("auto", "torch", "onnxruntime", "openvino")
PRECISIONS = ("f32", "bf16")

Exported = type[OnnxRuntimeEngine | OpenVinoEngine]

# Fastest first. What each can read, by a file's ending, and needs beside itself to convert a model.
_EXPORTED: tuple[Exported, ...] = (OpenVinoEngine, OnnxRuntimeEngine)
_READS: dict[str, tuple[Exported, ...]] = {".onnx": _EXPORTED, ".xml": (OpenVinoEngine,)}
_CONVERTING = ("onnx", "onnxscript")

# Conversions in the cache folder. Each is as large as its model, and made again in seconds.
_KEPT = 20


def open_engine(
    model: str | Path,
    engine: str = "auto",
    device: str = "cpu",
    say: Callable[[str], None] = lambda _: None,
    precision: str = "f32",
) -> Engine:
    """Make a trained model ready to score.

    ``auto`` takes the fastest engine that is installed: OpenVINO, ONNX Runtime, then PyTorch. A
    PyTorch model is converted for the first two once and verified; the result is kept in the user's
    cache folder, by the digest of the model. Off the CPU there is PyTorch alone.

    Args:
        model: a run folder, a model folder, a name on the hub, or a file of ``ssliqa export``.
        engine: one of ``ENGINES``.
        device: ``cpu``, or a device of PyTorch.
        say: is told what takes time, or why it is another engine than one might expect.
        precision: ``f32``, or ``bf16`` with OpenVINO: less time, coarser scores.

    Raises:
        ConfigError: no such engine, device or precision, or one that does not fit the others, the
            model or the processor.
        ExportError: the model cannot be converted for the engine named.
        MissingExtraError: the engine named is not installed.
        ModelError: nothing there, or not a trained model.
    """
    if engine not in ENGINES:
        raise ConfigError(
            f"There is no engine '{engine}'.", f"The engines are: {', '.join(ENGINES)}."
        )
    if device != "cpu" and engine not in ("auto", "torch"):
        raise ConfigError(
            f"The engine {engine} computes on the CPU, not on '{device}'.",
            "Use --engine torch, or leave out --device.",
        )
    if precision not in PRECISIONS:
        raise ConfigError(
            f"There is no precision '{precision}'.", f"There are: {', '.join(PRECISIONS)}."
        )
    if precision != "f32":
        if engine not in ("auto", OpenVinoEngine.name) or device != "cpu":
            raise ConfigError(
                f"Scoring in {precision} is for OpenVINO on the CPU.", "Use --engine openvino."
            )
        engine = OpenVinoEngine.name
    file = Path(model).expanduser()
    if file.suffix.lower() in _READS and not file.is_dir():
        return _open(_reader(file, engine, device), file, precision)
    loaded = load_model(model, device)
    if engine == "torch" or device != "cpu":
        return TorchEngine(loaded)
    if engine != "auto":
        return _converted(loaded, _named(engine), say, precision)
    for exported in _EXPORTED:
        if all(map(find_spec, (exported.name, *_CONVERTING))):
            try:
                return _converted(loaded, exported, say)
            except ExportError as error:
                say(f"Not with {exported.name}: {error.found}")
    return TorchEngine(loaded)


def _named(engine: str) -> Exported:
    return next(exported for exported in _EXPORTED if exported.name == engine)


def _open(engine: Exported, file: Path, precision: str) -> Engine:
    return OpenVinoEngine(file, precision) if engine is OpenVinoEngine else engine(file)


def _reader(file: Path, engine: str, device: str) -> Exported:
    if not file.is_file():
        raise ModelError(f"There is no file '{file}'.", "Write it with ssliqa export.")
    readers = _READS[file.suffix.lower()]
    names = [reader.name for reader in readers]
    if device != "cpu" or engine not in ("auto", *names):
        raise ConfigError(
            f"'{file}' cannot be used with --engine {engine} --device {device}.",
            f"It is for the CPU and for: {', '.join(names)}.",
        )
    if engine != "auto":
        return _named(engine)
    installed = [reader for reader in readers if find_spec(reader.name)]
    return (installed or list(readers))[0]


def _converted(
    model: QualityModel, engine: Exported, say: Callable[[str], None], precision: str = "f32"
) -> Engine:
    """The model in ``engine``, from the cache folder or converted now.

    A cache folder that cannot be written costs the conversion each time. It keeps those that were
    used last.
    """
    file = default_cache_folder() / "engines" / f"{_key(model, engine)}.onnx"
    for package in (engine.name, *_CONVERTING):
        if find_spec(package) is None:
            raise MissingExtraError(package, "openvino" if engine is OpenVinoEngine else "onnx")
    if file.is_file():
        with suppress(ModelError):  # damaged: converted anew
            opened = _open(engine, file, precision)
            with suppress(OSError):
                os.utime(file)
            return opened
    from ssliqa.scoring.export import export_model

    say(f"Converting the model for {engine.name}, once.")
    try:
        export_model(model, file, engine=engine)
    except OSError:
        with tempfile.TemporaryDirectory() as folder:
            file = export_model(model, Path(folder) / "model.onnx", engine=engine).file
            return _open(engine, file, precision)
    _forget_oldest(file.parent)
    return _open(engine, file, precision)


def _forget_oldest(folder: Path) -> None:
    with suppress(OSError):  # another process may do the same at this moment
        by_use = sorted(folder.glob("*.onnx"), key=lambda file: file.stat().st_mtime)
        for file in by_use[:-_KEPT]:
            file.unlink()


def _key(model: QualityModel, engine: Exported) -> str:
    """Another model, or another version of what converts, never finds an older conversion."""
    packages = ("ssliqa", "torch", "onnx", "onnxscript", engine.name)
    versions = [f"{package} {_version(package)}" for package in packages]
    tools = hashlib.sha256("\n".join(versions).encode()).hexdigest()
    return f"{digest_of(model)[:32]}-{engine.name}-{tools[:8]}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
