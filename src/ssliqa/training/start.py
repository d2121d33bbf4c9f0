"""Starting from a trained model: what its training settings are, unless a user says otherwise."""

from __future__ import annotations

from typing import Any

from ssliqa.models import load_model


def settings_from(model: str, *, with_method: bool) -> dict[str, Any]:
    """The settings of a training that starts from a model, as nested plain values.

    Network, head and image protocol are the model's own.

    Args:
        model: run folder, model folder or name.
        with_method: also choose the method: the head is fitted to the new labels near the one it
            is, and nothing is trained. With few labels this is safest.

    Raises:
        ModelError: there is no such model.
    """
    config = load_model(model).config
    settings: dict[str, Any] = {
        "student": {"name": config["backbone"], "start": model},
        "protocol": config["protocol"],
    }
    if with_method:
        settings |= {"method": {"name": "supervised"}, "fit_head": True, "steps": 0}
    return settings
