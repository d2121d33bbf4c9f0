"""The license that a model's card states."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import ModelCard

UNSTATED = "not stated"


def license_of(folder: Path) -> str:
    """License in the head of a model folder's card; ``not stated`` where there is none.

    Args:
        folder: a run folder, a model folder, or anything else, of which nothing is known.
    """
    for card in (folder / "model" / "README.md", folder / "README.md"):
        if card.is_file():
            try:
                return str(ModelCard.load(card).data.license or UNSTATED)
            except Exception:  # a head that is no YAML, or not the hub's
                return UNSTATED
    return UNSTATED
