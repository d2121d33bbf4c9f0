"""How far an unlabeled photograph is to be trusted, by how far networks agree on it."""

from __future__ import annotations

from torch import Tensor


def agreement(apart: Tensor, usual: Tensor) -> Tensor:
    """Weights in 0..1: 1 where predictions differ no more than usual, else by inverse variance.

    Args:
        apart: how far predictions on a photograph are from each other, 0 or more, any shape.
        usual: how far they are from each other on labeled photographs, a scalar.
    """
    return (usual / apart.clamp_min(1e-6)).square().clamp_max(1)
