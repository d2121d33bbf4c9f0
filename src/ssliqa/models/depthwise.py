"""Depthwise convolutions in float32, beside others in bfloat16.

A depthwise convolution has few products for each number that it reads, so the units that multiply
bfloat16 matrices do not help it, and PyTorch's pass back through one takes several times as long in
bfloat16 as in float32 on a CPU. Without a pass back bfloat16 is the faster one. What is written is
bfloat16 either way, as autocast would have it: the activation that follows is half as large then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d
from torch.overrides import TorchFunctionMode


@contextmanager
def depthwise_in_float32(enabled: bool) -> Iterator[None]:
    """Inside the block, leave depthwise convolutions with a graph out of CPU autocast."""
    if not enabled:
        yield
        return
    with _Float32():
        yield


class _Float32(TorchFunctionMode):
    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        # PyTorch's own layers give everything by position, the groups last.
        if func is conv2d and len(args) == 7 and torch.is_grad_enabled():
            images, weight, bias, *rest = args
            depthwise = args[6] > 1 and weight.shape[1] == 1
            if depthwise and (images.requires_grad or weight.requires_grad):
                bias = None if bias is None else bias.float()
                with torch.autocast("cpu", enabled=False):
                    written: Tensor = func(images.float(), weight.float(), bias, *rest)
                    return written.to(torch.get_autocast_dtype("cpu"))
        return func(*args, **kwargs)
