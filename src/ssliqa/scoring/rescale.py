"""Scores on a scale that the user asks for."""

from __future__ import annotations

from dataclasses import replace

from ssliqa.models import Score
from ssliqa.opinion import ACR, Scale
from ssliqa.scoring.photos import ScoredPhoto

SCALES: dict[str, Scale | None] = {
    "native": None,
    "0-1": Scale(0, 1),
    "0-100": Scale(0, 100),
    "1-5": ACR,
}
"""What ``--scale`` takes; None keeps the scale of the ratings the model learned from."""


def rescale(score: Score, native: Scale, wanted: Scale) -> Score:
    """Map a score linearly, worst end on worst end and best on best; nothing is clipped.

    Args:
        score: a score with its standard deviation and bounds, on ``native``.
        native: the scale it is on. Where lower is better there, it is turned around.
        wanted: the scale to bring it to.

    Example:
        >>> rescale(Score(20, 5, 10, 40, ()), Scale(0, 100, False), Scale(0, 1))
        Score(score=0.8, std=0.05, lower=0.6, upper=0.9, distribution=())
    """
    if native == wanted:
        return score

    def mapped(value: float) -> float:
        return float(wanted.from_levels(native.to_levels(value)))

    bounds = [None if bound is None else mapped(bound) for bound in (score.lower, score.upper)]
    if native.higher_is_better != wanted.higher_is_better:
        bounds.reverse()
    return replace(
        score,
        score=mapped(score.score),
        std=float(wanted.std_from_levels(native.std_to_levels(score.std))),
        lower=bounds[0],
        upper=bounds[1],
    )


def rescaled(photo: ScoredPhoto, native: Scale, wanted: Scale) -> ScoredPhoto:
    """The photograph with its score, if it has one, on another scale."""
    if photo.score is None or native == wanted:
        return photo
    return replace(photo, score=rescale(photo.score, native, wanted))
