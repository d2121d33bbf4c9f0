"""What a user should know of a training before it begins, though nothing is wrong."""

from __future__ import annotations

from ssliqa.methods import Method
from ssliqa.training.config import TrainConfig
from ssliqa.training.photographs import Photographs

FEW_LABELS = 20
"""With fewer nothing was ever measured (docs/default-model.md)."""


def remarks(config: TrainConfig, photographs: Photographs, method: Method) -> list[str]:
    """Remarks on the photographs of a training and on its method, a line each.

    Args:
        config: the training's settings.
        photographs: of the training.
        method: the one of ``config``.
    """
    name, found = config.method["name"], []
    if (count := len(photographs.labeled)) < FEW_LABELS:
        found.append(
            f"Only {count} rated photographs to learn from: with fewer than {FEW_LABELS} nothing "
            "was measured, so compare the scores with ratings of other photographs."
        )
    if why := method.why_no_unlabeled(method.config, count):
        found.append(why)
    elif method.draws_unlabeled() and not len(photographs.unlabeled):
        found.append(
            f"There are no unlabeled photographs, so method {name} learns from the rated ones "
            "alone: give it some by --unlabeled, or take ratings away by --label-budget."
        )
    elif method.compares_crops and config.unlabeled_crops == 1:
        found.append(
            f"Method {name} learns from how crops of a photograph differ, and sees one at a time: "
            "use --unlabeled-crops 2."
        )
    if config.unlabeled and not method.uses_unlabeled:
        found.append(
            f"Method {name} does not look at unlabeled photographs, so it learns nothing from "
            "those of --unlabeled; --method committee does."
        )
    return found
