"""Save a model as a whole folder, and find it again from whatever a user names."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path

import torch
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url, try_to_load_from_cache

from ssliqa.errors import ConfigError, ModelError
from ssliqa.files import write_text
from ssliqa.models.calibration import Calibration
from ssliqa.models.quality_model import QualityModel
from ssliqa.models.saved import WHAT_TO_NAME, no_such_model
from ssliqa.models.shipped import shipped

_PATIENCE = 10.0
"""Seconds to wait for the hub's answer."""

HUB_NAME = r"[\w.-]+/[\w.-]+"


def load_model(model: str | Path, device: str = "cpu") -> QualityModel:
    """Load a trained model.

    Args:
        model: a run folder (its ``model/`` is taken), a model folder, the name of a model that
            comes with the package (``default``), or a name on the hub.
        device: where to put it, such as ``cpu`` or ``cuda``.

    Raises:
        ModelError: nothing there, or not a trained model.
        ConfigError: no such device.
    """
    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as error:
        raise ConfigError(
            f"The device '{device}' cannot be used ({str(error).splitlines()[0]}).",
            "Use cpu, or cuda where PyTorch sees a GPU.",
        ) from error
    folder = shipped(str(model)) or _model_folder(Path(model).expanduser())
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            unfinished = (folder / "checkpoints").is_dir() or (folder / "config.yaml").is_file()
            raise ModelError(
                f"The folder '{folder}' holds no model"
                + (": its training has not finished." if unfinished else "."),
                "Finish it with ssliqa train --resume, or name another folder."
                if unfinished
                else "Name a run folder, or a folder with config.json and model.safetensors.",
            )
        name = str(folder.absolute())  # a folder here, never a name
    elif folder.exists() or not re.fullmatch(HUB_NAME, str(model)):
        raise ModelError(f"There is no model folder '{model}'.", WHAT_TO_NAME)
    else:
        return _from_hub(str(model), device)
    return QualityModel.from_pretrained(name, map_location=device)


def _model_folder(folder: Path) -> Path:
    """The model's own folder, of a run folder or of itself."""
    return folder / "model" if (folder / "model").is_dir() else folder


def _from_hub(name: str, device: str) -> QualityModel:
    """A model by its name on the hub, or as it was fetched before.

    The hub's library tries a name that it does not know again and again, for half a minute without
    a network. A mistyped folder looks like such a name, so the hub is asked once beforehand.
    """
    fetched, reached = False, False
    try:
        fetched = isinstance(try_to_load_from_cache(name, constants.CONFIG_NAME), str)
        get_hf_file_metadata(hf_hub_url(name, constants.CONFIG_NAME), timeout=_PATIENCE)
        reached = True
    except Exception as error:  # whatever the library's own HTTP library raises
        if not fetched:
            raise no_such_model(name, error) from error
    return QualityModel.from_pretrained(name, map_location=device, local_files_only=not reached)


def save_calibration(folder: Path, calibration: Calibration | None) -> Path:
    """Give the model in a folder intervals, or take them away; all else of it stays as it is.

    Args:
        folder: a run folder (its ``model/`` is taken) or a model folder.
        calibration: what to keep; None for none.

    Returns:
        The config.json that was written, as a whole.

    Raises:
        ModelError: the folder holds no model, or its config.json cannot be read.
    """
    config = _model_folder(folder) / constants.CONFIG_NAME
    try:
        values = json.loads(config.read_text(encoding="utf-8"))
        values["calibration"] = None if calibration is None else calibration.as_dict()
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"'{config}' cannot be read ({error}).", "Copy the model folder again, or train anew."
        ) from error
    write_text(config, json.dumps(values, indent=2, sort_keys=True, allow_nan=False))
    return config


def save_model(model: QualityModel, folder: Path, facts: str = "") -> None:
    """Write config.json, model.safetensors and the card; the folder is whole or untouched.

    Args:
        model: the model to keep.
        folder: the model folder; one that is there is replaced.
        facts: what its card says beyond the generic, in Markdown.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    old = new.with_name(f"{new.name}-old")
    try:
        model.save_pretrained(new, model_card_kwargs={"facts": facts})
        # The folder and the weights were made for the owner alone; a result has ordinary rights.
        rights = (new / "config.json").stat().st_mode
        (new / "model.safetensors").chmod(rights)
        new.chmod(rights | 0o111)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
