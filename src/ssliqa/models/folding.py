"""Batch-norm at rest, folded into the convolution before it.

With fixed statistics batch-norm is an affine map of each channel, and a convolution followed by
one is a convolution with other weights:

    gamma (w * x + b - mean) / sigma + beta  =  (k w) * x + (b - mean) k + beta,   k = gamma / sigma

Computing the right-hand side saves a pass over every feature map in both directions, and the
memory that the pass back needs. Weights, gamma and beta stay parameters and get the same
gradients (up to rounding), because k w is computed in the graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, conv2d
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

Pairs = dict[int, tuple[Tensor, _BatchNorm]]
"""Convolution weights, each with the batch-norm that follows, by the ``id`` of the weight.

Holding the weight keeps its id from passing to another tensor.
"""


def conv_norm_pairs(module: nn.Module, run: Callable[[], object]) -> Pairs:
    """Which batch-norm layers can be folded.

    Args:
        module: holds the layers.
        run: a forward pass through them, with batch-norm at rest.

    Returns:
        Pairs in which the batch-norm reads what the convolution writes, and nothing else does.
    """
    norms = {
        id(part.weight): part
        for part in module.modules()
        if isinstance(part, _BatchNorm) and part.affine and part.track_running_stats
    }
    watch = _Watch()
    with torch.no_grad(), watch:
        run()
    uses = Counter(id(written.weight) for written in watch.written.values())
    pairs: Pairs = {}
    for written in watch.written.values():
        key = id(written.weight)
        if uses[key] == 1 and len(written.readers) == 1 and written.readers[0] in norms:
            pairs[key] = (written.weight, norms[written.readers[0]])
    return pairs


@contextmanager
def folded(pairs: Pairs) -> Iterator[None]:
    """Compute the layers of ``pairs`` folded inside the block, where batch-norm is at rest."""
    if not pairs:
        yield
        return
    fold = _Fold(pairs)
    with fold:
        yield
    if fold.waiting:
        # Something came between that was not there when the pairs were found.
        raise RuntimeError("A folded convolution was not followed by its batch-norm.")


@dataclass
class _Written:
    """What a convolution wrote, and the weights of those who read it (None: no batch-norm)."""

    output: Tensor
    weight: Tensor
    readers: list[int | None] = field(default_factory=list)


class _Watch(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        # By the id of the output, which is kept alive, so that the id stays its own.
        self.written: dict[int, _Written] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if next(_tensors(result), None) is not None:  # who asks for a shape reads no values
            reader = id(kwargs["weight"]) if func is batch_norm and "weight" in kwargs else None
            for value in _tensors(*args, *kwargs.values()):
                if id(value) in self.written:
                    self.written[id(value)].readers.append(reader)
        if func is conv2d and len(args) > 1:
            self.written[id(result)] = _Written(result, args[1])
        return result


class _Fold(TorchFunctionMode):
    def __init__(self, pairs: Pairs) -> None:
        super().__init__()
        self.pairs = pairs
        # What folded convolutions wrote and their batch-norm has not yet read, by its id.
        self.waiting: dict[int, Tensor] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is conv2d and len(args) > 1 and id(args[1]) in self.pairs:
            norm = self.pairs[id(args[1])][1]
            if not norm.training:
                written = _convolve(norm, *args, **kwargs)
                self.waiting[id(written)] = written
                return written
        if func is batch_norm and self.waiting.pop(id(args[0]), None) is not None:
            return args[0]
        return func(*args, **kwargs)


def _convolve(
    norm: _BatchNorm, images: Tensor, weight: Tensor, bias: Tensor | None, *rest: Any, **more: Any
) -> Tensor:
    mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    gain = norm.weight * (variance + norm.eps).rsqrt()
    shift = norm.bias - mean * gain if bias is None else norm.bias + (bias - mean) * gain
    return conv2d(images, weight * gain.view(-1, 1, 1, 1), shift, *rest, **more)


def _tensors(*values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(*value)
