"""The batch of a step as all processes together see it.

A loss that is a mean over images needs no such thing: the mean of the processes' gradients is the
gradient of the joined batch. A loss over *pairs or triplets* of images does, or else images on
different processes would never be related.
"""

from __future__ import annotations

import torch
from torch import Tensor, distributed
from torch.distributed.nn.functional import all_gather


def joined_batch(rows: Tensor) -> Tensor:
    """The rows (B, F) of all processes, in their order: (processes * B, F).

    Gradients flow back to the process that a row came from, summed over the processes; after the
    usual averaging over processes they are those of one process with the joined batch.
    """
    if not distributed.is_available() or not distributed.is_initialized():
        return rows
    return torch.cat(all_gather(rows.contiguous()))  # type: ignore[no-untyped-call]
