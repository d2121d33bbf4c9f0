"""Save a model as a whole folder, and find it again from whatever a user names."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

import torch

from ssliqa.errors import ConfigError, ModelError
from ssliqa.models.quality_model import QualityModel

HUB_NAME = r"[\w.-]+/[\w.-]+"


def load_model(model: str | Path, device: str = "cpu") -> QualityModel:
    """Load a trained model.

    Args:
        model: a run folder (its ``model/`` is taken), a model folder, or a name on the hub.
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
    folder = Path(model).expanduser()
    if (folder / "model").is_dir():
        folder = folder / "model"
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
        name = str(folder)
    elif folder.exists() or not re.fullmatch(HUB_NAME, str(model)):
        raise ModelError(
            f"There is no model folder '{model}'.",
            "Name a run folder, a model folder or a model on the hub (org/name).",
        )
    else:
        name = str(model)
    return QualityModel.from_pretrained(name, map_location=device)


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
