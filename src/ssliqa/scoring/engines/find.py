"""From what a user names to an engine that is ready to score."""

from __future__ import annotations

from pathlib import Path

from ssliqa.errors import ConfigError
from ssliqa.models import load_model
from ssliqa.scoring.engines.contract import Engine
from ssliqa.scoring.engines.torch import TorchEngine

ENGINES = ("auto", "torch")


def open_engine(model: str | Path, engine: str = "auto", device: str = "cpu") -> Engine:
    """Make a trained model ready to score.

    Args:
        model: a run folder, a model folder, or a name on the hub.
        engine: what computes; ``auto`` takes the fastest there is.
        device: ``cpu``, or a device of PyTorch.

    Raises:
        ConfigError: no such engine or device.
        ModelError: nothing there, or not a trained model.
    """
    if engine not in ENGINES:
        raise ConfigError(
            f"There is no engine '{engine}'.", f"The engines are: {', '.join(ENGINES)}."
        )
    return TorchEngine(load_model(model, device))
