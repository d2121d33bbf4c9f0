"""The batch of a step as all processes together see it.

A loss that is a mean over images needs no such thing: the mean of the processes' gradients is the
gradient of the joined batch. A loss over *pairs or triplets* of images does, or else images on
different processes would never be related.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, distributed


def joined_batch(rows: Tensor) -> Tensor:
    """The rows (B, F) of all processes, in their order: (processes * B, F).

    Gradients flow back to the process that a row came from, summed over the processes; after the
    usual averaging over processes they are those of one process with the joined batch.
    """
    if not distributed.is_available() or not distributed.is_initialized():
        return rows
    return cast(Tensor, _Gather.apply(rows.contiguous()))


class _Gather(torch.autograd.Function):
    """``all_gather`` whose backward pass returns to each process the gradient of its own rows."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.own = len(rows)
        parts = [torch.empty_like(rows) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, rows)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        # A copy: autograd may use the same gradient elsewhere.
        gradient = gradients[0].clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(gradient)
        return gradient[distributed.get_rank() * ctx.own :][: ctx.own]
