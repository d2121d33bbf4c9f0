"""Local weights: safetensors state dicts, and how the images they were trained on were prepared."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from ssliqa.errors import ModelError, first_few
from ssliqa.models.backbones.contract import Backbone, Triple


@dataclass(frozen=True)
class Convention:
    """What must be known of a weights file beyond its numbers; None or empty where unknown."""

    mean: Triple | None = None
    std: Triple | None = None
    options: dict[str, Any] = field(default_factory=dict)


def known_convention(file: Path, name: str) -> Convention:
    """How the weights in ``file`` want their input, from its metadata or the list of known files.

    Args:
        file: a safetensors file.
        name: the backbone that the user wants to fill with it.

    The metadata of a safetensors file may hold ``mean`` and ``std`` (three numbers joined by
    spaces) and ``options`` (a JSON object of builder arguments).

    Raises:
        ModelError: no such file, not safetensors, metadata of another form, or a known file that
            holds another backbone.
    """
    try:
        with safe_open(str(file), framework="pt") as opened:
            metadata = opened.metadata() or {}
    except FileNotFoundError as error:
        raise ModelError(
            f"There is no weights file '{file}'.",
            "--weights takes hub, none, a safetensors file, or a folder with "
            "<backbone>.safetensors in it.",
        ) from error
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"'{file}' is not a safetensors file ({error}).",
            "Convert the weights to safetensors; pickled checkpoints are never read.",
        ) from error
    if "mean" in metadata or "std" in metadata or "options" in metadata:
        try:
            return Convention(
                mean=_triple(metadata["mean"]) if "mean" in metadata else None,
                std=_triple(metadata["std"]) if "std" in metadata else None,
                options=dict(json.loads(metadata.get("options", "{}"))),
            )
        except (ValueError, TypeError) as error:
            raise ModelError(
                f"The metadata of '{file}' cannot be read ({error}).",
                "'mean' and 'std' are three numbers joined by spaces, 'options' a JSON object.",
            ) from error
    known = json.loads(files("ssliqa.models.backbones").joinpath("known_weights.json").read_text())
    entry = known.get(hashlib.sha256(file.read_bytes()).hexdigest())
    if entry is None:
        return Convention()
    if entry["backbone"] != name:
        raise ModelError(
            f"'{file}' holds weights of '{entry['backbone']}', not of '{name}'.",
            "Name the backbone these weights were made for, or use other weights.",
        )
    return Convention(tuple(entry["mean"]), tuple(entry["std"]), entry["options"])


def load_weights(backbone: Backbone, file: Path, name: str) -> None:
    """Fill ``backbone`` from a state dict; every parameter must be there and fit.

    Raises:
        ModelError: weights of another architecture.
    """
    state = load_file(str(file))
    wanted = backbone.net.state_dict()
    # Batch-norm's counters, which older checkpoints lack, take no part in any computation.
    state = {key: wanted[key] for key in wanted if key.endswith("num_batches_tracked")} | state
    missing = [key for key in wanted if key not in state]
    misfits = [key for key in wanted if key in state and state[key].shape != wanted[key].shape]
    surplus = [
        key
        for key in state
        if key not in wanted and not key.startswith(backbone.classifier_prefixes)
    ]
    for problem, keys in (("lacks", missing), ("misfits", misfits), ("has besides", surplus)):
        if keys:
            raise ModelError(
                f"'{file}' does not hold weights of '{name}': it {problem} {first_few(keys, 3)}.",
                "Name the backbone these weights were made for, or use other weights.",
            )
    backbone.net.load_state_dict({key: state[key] for key in wanted})


def _triple(text: str) -> Triple:
    red, green, blue = (float(part) for part in text.split())
    return red, green, blue
