"""Models that come with the package, found by their name."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

DEFAULT = "default"


def shipped(name: str) -> Path | None:
    """The folder of a model that comes with the package; None where no such model does.

    ``./default`` is always a folder of the user's own.
    """
    folder = Path(str(files("ssliqa.models").joinpath("pretrained"))) / name
    plain = Path(name).name == name and name not in (".", "..")
    return folder if plain and (folder / "config.json").is_file() else None
