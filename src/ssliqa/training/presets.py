"""Configurations that ship with the package."""

from __future__ import annotations

from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from ssliqa.errors import ConfigError
from ssliqa.methods import find_method


def preset_names() -> list[str]:
    """Their names."""
    return sorted(
        Path(entry.name).stem
        for entry in files("ssliqa.presets").iterdir()
        if entry.name.endswith(".yaml")
    )


def read_preset(name: str, method: str | None = None) -> dict[str, Any]:
    """The settings of a preset, as nested plain values.

    Args:
        name: the preset.
        method: another method than the preset's. The settings that both have remain: the published
            protocol also serves its single-branch baselines.

    Raises:
        ConfigError: there is no such preset or method.
    """
    if name not in preset_names():
        raise ConfigError(
            f"There is no preset '{name}'.", f"The presets are: {', '.join(preset_names())}."
        )
    settings: dict[str, Any] = yaml.safe_load(
        files("ssliqa.presets").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    )
    if method is not None:
        known = {field.name for field in fields(find_method(method).Config)}
        kept = {key: value for key, value in settings["method"].items() if key in known}
        settings["method"] = {**kept, "name": method}
    return settings
