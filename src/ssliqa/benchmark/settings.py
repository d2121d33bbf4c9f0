"""Settings of a training as a plan writes them: short, dotted, and laid over each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssliqa.errors import ConfigError
from ssliqa.training.forms import NAMED, well_formed


def filled(
    values: Mapping[str, Any], networks: Mapping[str, str], pair: Mapping[str, Any]
) -> dict[str, Any]:
    """``{student}`` and ``{teacher}`` replaced by the networks of the pair.

    Args:
        values: settings of trainings, nested.
        networks: the names of the two networks.
        pair: what the plan says of the pair's networks. A network that is called ``{teacher}``
            brings it along, such as a head that suits it.
    """

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            whole = [role for role in networks if value.get("name") == f"{{{role}}}"]
            brought = pair.get(whole[0], {}) if whole else {}
            return {**brought, **{name: fill(entry) for name, entry in value.items()}}
        if isinstance(value, str):
            for role, network in networks.items():
                value = value.replace(f"{{{role}}}", network)
        return value

    return {name: fill(value) for name, value in values.items()}


def in_full(values: Any, where: str) -> dict[str, Any]:
    """Settings as a person writes them, nested and checked for their form.

    Args:
        values: the settings.
        where: begins the message, such as ``In the plan's settings``.

    Raises:
        ConfigError: no mapping, or see :func:`ssliqa.training.forms.well_formed`.
    """
    if not isinstance(values, dict):
        raise ConfigError(
            f"{where}, {values!r} stands instead of settings.",
            "Write lines  SETTING: value,  such as  steps: 400.",
        )
    # Once before, since a dotted name would hide what it is laid over, and once with dots resolved.
    return well_formed(nested(well_formed(values, where)), where)


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as nested mappings, and networks and methods named alone in full."""
    result: dict[str, Any] = {}
    for dotted, value in values.items():
        if dotted in NAMED and isinstance(value, str):
            value = {"name": value}
        *outer, last = str(dotted).replace("-", "_").split(".")
        entry: Any = nested(value) if isinstance(value, dict) else value
        for name in reversed([*outer, last]):
            entry = {name: entry}
        result = merged(result, entry)
    return result


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``above`` over ``below``, mapping by mapping; another method brings its own settings.

    Settings of a method that no one has named are meant for whichever is named above.
    """
    result = dict(below)
    for name, value in above.items():
        old = result.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            named = old.get("name") if name == "method" else None
            changed = named is not None and value.get("name", named) != named
            result[name] = dict(value) if changed else merged(old, value)
        else:
            result[name] = value
    return result
