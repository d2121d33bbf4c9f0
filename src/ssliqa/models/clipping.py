"""Clipped activations (ReLU6) that keep what they wrote.

For the pass back PyTorch's in-place hardtanh copies its input first, since it overwrites it. The
result says as much: the gradient passes where it lies strictly between the limits, and the next
layer keeps it anyway. So neither the copy nor its memory is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import hardtanh
from torch.overrides import TorchFunctionMode


@contextmanager
def clipping_without_copies(enabled: bool) -> Iterator[None]:
    """Inside the block, in-place hardtanh copies nothing; values and gradients are the same."""
    if not enabled:
        yield
        return
    with _Clipping():
        yield


class _Clipping(TorchFunctionMode):
    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is hardtanh and kwargs["inplace"] and args[0].grad_fn is not None:
            return _Clip.apply(args[0], kwargs["min_val"], kwargs["max_val"])
        return func(*args, **kwargs)


class _Clip(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, low: float, high: float) -> Tensor:
        values.clamp_(low, high)
        ctx.mark_dirty(values)
        ctx.save_for_backward(values)
        ctx.limits = low, high
        return values

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (written,) = ctx.saved_tensors
        back = torch.ops.aten.hardtanh_backward(gradients[0], written, *ctx.limits)
        return back, None, None
