"""Configurations that ship with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from ssliqa.errors import ConfigError


def preset_names() -> list[str]:
    """Their names."""
    return sorted(
        Path(entry.name).stem
        for entry in files("ssliqa.presets").iterdir()
        if entry.name.endswith(".yaml")
    )


def read_preset(name: str) -> dict[str, Any]:
    """The settings of a preset, as nested plain values.

    Raises:
        ConfigError: there is no such preset.
    """
    if name not in preset_names():
        raise ConfigError(
            f"There is no preset '{name}'.", f"The presets are: {', '.join(preset_names())}."
        )
    settings: dict[str, Any] = yaml.safe_load(
        files("ssliqa.presets").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    )
    return settings
