"""The forms in which a person may write settings, checked before anything is made of them.

The parser of settings takes a value that is neither a name nor a mapping for an error of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssliqa.errors import ConfigError

NAMED = ("method", "student", "teacher")
"""Groups of settings that may be given by their name alone."""

GROUPS = (*NAMED, "optimizer", "protocol")


def well_formed(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The settings, with one source of unlabeled photographs as a list, and yes and no as words.

    Args:
        values: settings by name.
        where: begins the message, such as ``In the configuration``.

    Raises:
        ConfigError: a method, network or other group that is neither a name nor settings, or
            unlabeled photographs that are no list.
    """
    for group in GROUPS:
        if group not in values:
            continue
        value = values[group]
        if not isinstance(value, (str, dict)):
            raise ConfigError(
                f"{where}, {group} is {value!r}.",
                f"Give its name, or its settings as  {group}: {{name: ..., ...}}."
                if group in NAMED
                else f"Give its settings as  {group}: {{setting: value, ...}}.",
            )
        if (
            group in NAMED
            and isinstance(value, dict)
            and not isinstance(value.get("name", ""), str)
        ):
            raise ConfigError(
                f"{where}, {group}.name is {value['name']!r}.", "Give a name, in quotes if needed."
            )
        if isinstance(value, dict) and isinstance(value.get("bf16"), bool):
            # So YAML reads the word without quotes.
            values = {**values, group: {**value, "bf16": "yes" if value["bf16"] else "no"}}
    if "unlabeled" not in values:
        return dict(values)
    unlabeled = values["unlabeled"]
    if isinstance(unlabeled, str):
        unlabeled = [unlabeled]
    if not isinstance(unlabeled, list):
        raise ConfigError(
            f"{where}, unlabeled is {unlabeled!r}.",
            "Give a list of folders, files or patterns, such as  unlabeled: [photos/].",
        )
    return {**values, "unlabeled": unlabeled}
