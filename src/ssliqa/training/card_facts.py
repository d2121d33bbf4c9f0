"""What the card of a trained model says of its training."""

from __future__ import annotations

from pathlib import Path

from ssliqa.methods import find_method
from ssliqa.models.shipped import shipped
from ssliqa.training.config import TrainConfig
from ssliqa.training.photographs import Photographs


def card_facts(config: TrainConfig, photographs: Photographs) -> str:
    """A section for the card, in Markdown: method, networks, photographs and origin."""
    networks = f"student {config.student.name}"
    if "teacher" in find_method(str(config.method["name"])).branch_names:
        networks += f", teacher {config.teacher.name}"
    length = f"{config.epochs} epochs" if config.steps is None else f"{config.steps} steps"
    start = config.student.start
    before = "" if start is None else f"\n{_origin(start)}\n"
    return (
        "## Training\n\n"
        f"Method `{config.method['name']}` ({networks}), {length}, seed "
        f"{config.seed}; {len(photographs.labeled)} labeled, {len(photographs.unlabeled)} "
        f"unlabeled and {len(photographs.validation)} validation photographs.\n{before}"
    )


def _origin(start: str) -> str:
    """Where a network comes from that was trained before; its terms go on to hold."""
    if shipped(start):
        return (
            f"It started from the model `{start}` that comes with ssliqa (Apache-2.0): that "
            "one's card says what it was made from, and ssliqa's NOTICE whose rights are in it."
        )
    return (
        f"It started from the model `{Path(start).name}`, whose card says what that was made from."
    )
