"""A branch's moving average: a steadier target than the weights of the moment.

    a_1 = w_1,   a_n = d_n a_(n-1) + (1 - d_n) w_n,   d_n = min(decay, n / (9 + n))

The weights w_n after one step follow that step's few labels; their average has seen many. The
smaller decay at the beginning lets the average leave the start weights, which know nothing of
quality. Before the first step it is these.

Source: Tarvainen, Valpola, "Mean teachers are better role models", NeurIPS 2017; there the average
is of the student, and the shorter memory at the start is a separate, smaller decay.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from ssliqa.methods.branch import Branch


def moving_average(branch: Branch, decay: float) -> AveragedModel:
    """A copy of ``branch`` that follows it with each ``update_parameters(branch)``.

    Batch-norm statistics and other buffers are those of the branch itself.

    Args:
        branch: what is averaged; ``.module`` of the result is its averaged twin, not trainable.
        decay: how much of the average stays at each update, 0 <= decay < 1, once there have been
            many; its memory is about 1 / (1 - decay) steps.
    """

    @torch.no_grad()
    def follow(average: list[Tensor], weights: list[Tensor], updates: Tensor | int) -> None:
        count = int(updates)
        torch._foreach_lerp_(average, weights, max(1 - decay, 9 / (10 + count)))

    average = AveragedModel(branch, multi_avg_fn=follow)  # type: ignore[arg-type]
    average.requires_grad_(False)
    return average


def begin_again(average: AveragedModel, branch: Branch) -> None:
    """Let an average that has not been updated start from what ``branch`` has become since."""
    average.module.load_state_dict(branch.state_dict())
