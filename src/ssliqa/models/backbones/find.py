"""Find a backbone by its name and give it weights."""

from __future__ import annotations

import importlib
import importlib.util
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from ssliqa.errors import ConfigError
from ssliqa.models.backbones import timm as timm_library
from ssliqa.models.backbones import torchvision as torchvision_library
from ssliqa.models.backbones.contract import Backbone, Triple
from ssliqa.models.backbones.weights import known_convention, load_weights

_LIBRARIES = {"timm": timm_library, "torchvision": torchvision_library}
_NOT_BACKBONES = {"contract", "find", "timm", "torchvision", "weights"}


def build_backbone(
    name: str,
    *,
    weights: str = "none",
    options: dict[str, Any] | None = None,
    mean: Triple | None = None,
    std: Triple | None = None,
    levels: int | None = 1,
) -> Backbone:
    """Build a backbone by name.

    Args:
        name: ``resnet18`` (this package's own, then timm's, then torchvision's), ``timm:resnet18``
            or ``torchvision:resnet18``.
        weights: ``"hub"`` (the library's ImageNet weights), ``"none"`` (random numbers), a
            safetensors file, or a folder that holds ``<name>.safetensors``.
        options: further arguments of the architecture's builder.
        mean, std: normalization per RGB channel on [0, 1] images; by default what the weights
            were trained with, as far as known: the file's metadata, then the list of known files,
            then the library's entry.
        levels: how many of the last stages the activation is pooled from; None for the last four,
            or as many of these as can be read.

    Raises:
        ConfigError: unknown name or option.
        ModelError: weights that are missing, damaged or of another architecture, or stages that
            cannot be read.
    """
    library, bare = _library_of(name)
    options = dict(options or {})
    file: Path | None = None
    if weights not in ("hub", "none"):
        file = _weights_file(weights, bare)
        convention = known_convention(file, bare)
        options = {**convention.options, **options}
        mean = mean or convention.mean
        std = std or convention.std
    backbone: Backbone = library.build(bare, options, pretrained=weights == "hub")
    if file is not None:
        load_weights(backbone, file, name)
    backbone.options = options
    if levels is None:
        backbone.read_some_levels()
    else:
        backbone.read_levels(levels)
    backbone.mean = mean or backbone.mean
    backbone.std = std or backbone.std
    return backbone


def library_of(name: str) -> tuple[str, str]:
    """Where a backbone comes from, without building it.

    Returns:
        ``timm``, ``torchvision`` or ``ssliqa``; and the license of its usual ImageNet weights as
        that library states it, or ``unknown``.

    Raises:
        ConfigError: unknown name.
    """
    library, bare = _library_of(name)
    for key, known in _LIBRARIES.items():
        if library is known:
            return key, known.license_of(bare)
    entries = {entry["name"]: entry for entry in listed_backbones()}
    return "ssliqa", entries.get(bare, {}).get("license", "unknown")


def listed_backbones() -> list[dict[str, str]]:
    """The backbones known to work here: ``name``, ``role``, and ``license`` where no library says.

    Any other name of timm or torchvision may do as well; these are tested.
    """
    text = files("ssliqa.models.backbones").joinpath("listed.json").read_text(encoding="utf-8")
    entries: list[dict[str, str]] = json.loads(text)
    return entries


def _library_of(name: str) -> tuple[Any, str]:
    prefix, _, rest = name.partition(":")
    if rest and prefix in _LIBRARIES:
        if not _LIBRARIES[prefix].has(rest):
            raise ConfigError(f"{prefix} has no network called '{rest}'.", _where_to_look())
        return _LIBRARIES[prefix], rest
    own = f"ssliqa.models.backbones.{name}"
    if name.isidentifier() and name not in _NOT_BACKBONES and importlib.util.find_spec(own):
        return importlib.import_module(own), name
    for library in _LIBRARIES.values():
        if library.has(name):
            return library, name
    raise ConfigError(f"There is no backbone called '{name}'.", _where_to_look())


def _where_to_look() -> str:
    return (
        "Any classification network of timm (timm.list_models()) or torchvision "
        "(torchvision.models.list_models()) will do, such as mobilenetv2_100 or resnet50."
    )


def _weights_file(weights: str, bare: str) -> Path:
    path = Path(weights).expanduser()
    return path / f"{bare}.safetensors" if path.is_dir() else path
