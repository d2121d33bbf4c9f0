"""Read the files of a saved model, and never leave a parameter random."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from ssliqa.errors import ConfigError, ModelError, first_few

Model = TypeVar("Model", bound=nn.Module)

WHAT_TO_NAME = (
    "Name a run folder, a model folder, the model that comes with ssliqa (default), or a model on "
    "the hub (org/name)."
)
_COPY = "Copy the model folder again, or train anew."
# What a config.json raises whose values are of the wrong kind or out of range.
_UNUSABLE = (AttributeError, ConfigError, KeyError, RuntimeError, TypeError, ValueError)


def weights_file(model_id: str, **options: Any) -> Path:
    """The file of a model's weights.

    Args:
        model_id: a model folder, or a name on the hub.
        options: of ``hf_hub_download``.

    Raises:
        ModelError: the hub has no such model, or cannot be reached.
    """
    if Path(model_id).is_dir():
        return Path(model_id) / constants.SAFETENSORS_SINGLE_FILE
    try:
        name = constants.SAFETENSORS_SINGLE_FILE
        return Path(hf_hub_download(repo_id=model_id, filename=name, **options))
    except (EntryNotFoundError, HFValidationError, HfHubHTTPError, OSError) as error:
        raise no_such_model(model_id, error) from error


def restored(
    build: Callable[..., Model],
    model_id: str,
    config: dict[str, Any] | None,
    file: Path,
    device: str,
) -> Model:
    """The model that a configuration describes, with the weights of a file, at rest.

    Weights are used in 32 bits, in whatever precision they are kept.

    Args:
        build: makes a model with random weights from the values of ``config``.
        model_id: what the user named, for messages.
        config: the values of config.json; None where there is none.
        file: safetensors.
        device: where to put the model.

    Raises:
        ModelError: a file is missing, damaged or belongs to another model.
    """
    if config is None or "backbone" not in config:
        raise ModelError(
            f"'{model_id}' has no config.json of a quality model.",
            "A model folder holds config.json and model.safetensors.",
        )
    try:
        state = load_file(str(file), device=device)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"The weights '{file}' cannot be read ({error}).", _COPY) from error
    try:
        model = build(**config)
    except _UNUSABLE as error:
        raise ModelError(
            f"The config.json of '{model_id}' cannot be used ({error!r}).", _COPY
        ) from error
    wanted = model.state_dict()
    wrong = list(wanted.keys() ^ state.keys())
    wrong += [key for key in wanted.keys() & state.keys() if wanted[key].shape != state[key].shape]
    if wrong:
        raise ModelError(
            f"'{file}' does not fit its config.json: {first_few(sorted(wrong), 3)}.", _COPY
        )
    model.load_state_dict(state)
    return model.to(device).eval()


def no_such_model(model_id: str, error: Exception) -> ModelError:
    """The error for a name that leads to no model, neither here nor on the hub."""
    return ModelError(
        f"There is no model folder '{model_id}', and the hub has no such model or cannot be "
        f"reached ({type(error).__name__}).",
        WHAT_TO_NAME,
    )
