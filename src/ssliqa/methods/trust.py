"""How far an unlabeled photograph is to be trusted: by agreement on it, or by its likeness."""

from __future__ import annotations

import torch
from torch import Tensor

from ssliqa.metrics.likeness import FEWEST, likeness

# One in ten photographs of the labeled kind is below it, and these weigh half on average.
_LIKE = 0.1
_NO_DIFFERENCE = 1e-6


def agreement(apart: Tensor, usual: Tensor) -> Tensor:
    """Weights in 0..1: 1 where predictions differ no more than usual, else by inverse variance.

    Args:
        apart: how far predictions on a photograph are from each other, 0 or more, any shape.
        usual: how far they are from each other on labeled photographs, a scalar.
    """
    # Where all predictions are equal none differs by more than usual.
    return (usual.clamp_min(_NO_DIFFERENCE) / apart.clamp_min(_NO_DIFFERENCE)).square().clamp_max(1)


def alike(labeled: Tensor, unlabeled: Tensor) -> Tensor:
    """Weights w (U,) in 0..1: how much unlabeled photographs look like labeled ones.

    w = min(1, l / 0.1), where l is the share of the labeled photographs that look less like labeled
    ones than this one does; see :mod:`ssliqa.metrics.likeness`. All weigh 1 where there are too few
    of either to tell.

    Args:
        labeled, unlabeled: activations (L, F) and (U, F).
    """
    if min(len(labeled), len(unlabeled)) < FEWEST:
        return torch.ones(len(unlabeled))
    found = likeness(labeled.cpu().numpy(), unlabeled.cpu().numpy())
    # From (1 + k) / (L + 1) to k / L, so that what is unlike all labeled ones weighs nothing.
    share = (found * (len(labeled) + 1) - 1) / len(labeled)
    return torch.from_numpy(share / _LIKE).clamp(0, 1)
