"""What the card of a trained model says of its training."""

from __future__ import annotations

from pathlib import Path

from ssliqa.models.shipped import shipped
from ssliqa.training.build import taught_branches
from ssliqa.training.config import TrainConfig
from ssliqa.training.photographs import Photographs


def card_facts(config: TrainConfig, photographs: Photographs, *, has_steps: bool) -> str:
    """A section for the card, in Markdown: method, networks, photographs and origin.

    Args:
        config: the training's settings.
        photographs: what it learned from.
        has_steps: whether it took any.
    """
    taught = taught_branches(config, has_steps=has_steps)
    networks = f"student {config.student.name}"
    if "teacher" in taught:
        networks += f", teacher {config.teacher.name}"
    if not has_steps:
        length = "a fitted head and no steps" if taught else "no steps"
    elif config.steps is None:
        length = f"{config.epochs} epochs"
    else:
        length = f"{config.steps} steps"
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
