"""The trunk: what a network computes before its first layer that learns.

Frozen layers give the same activation for the same crop at every step. With a :class:`Trunk` this
activation is computed once, and a forward pass goes on from it.

It is found by watching one forward pass, operation by operation, so it works for any architecture:
an operation belongs to the trunk if nothing it depends on is trained. Where exactly one tensor
leads from the trunk to the rest, the rest can be computed from that tensor alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ssliqa.models.prediction import Prediction
from ssliqa.models.quality_model import QualityModel, evaluating


@dataclass(frozen=True)
class Trunk:
    """Where a network's forward pass can be left and entered; see :func:`find_trunk`.

    Args:
        outputs: what each operation up to the activation returns for one image, as (shape, type);
            None for operations that return no tensor, such as asking for a shape.
    """

    outputs: tuple[tuple[torch.Size, torch.dtype] | None, ...]

    @property
    def shape(self) -> torch.Size:
        """Shape of one image's activation, without the batch."""
        assert self.outputs[-1] is not None
        return self.outputs[-1][0][1:]

    @torch.no_grad()
    def activation(self, model: QualityModel, images: Tensor) -> Tensor:
        """Compute the trunk on a batch (B, 3, H, W) uint8 and nothing after it.

        Returns:
            (B, *shape), the only tensor that the rest of the network reads.
        """
        until = _Until(len(self.outputs))
        try:
            with until:
                model(images)
        except _Reached:
            assert until.reached is not None
            return until.reached
        raise RuntimeError("The network ended before its trunk did.")

    @contextmanager
    def entered(self, activation: Tensor) -> Iterator[Tensor]:
        """Inside the block a forward pass of the images yielded goes on from ``activation``.

        The images yielded have no content: nothing reads them.
        """
        empty = torch.empty((), dtype=torch.uint8, device=activation.device)
        empty = empty.expand(len(activation), 3, 1, 1)
        with _Onward(self.outputs, activation):
            yield empty


def find_trunk(model: QualityModel, side: int) -> Trunk | None:
    """Find the trunk of a network whose parameters' ``requires_grad`` tells what is trained.

    Args:
        model: in the mode in which it will be trained.
        side: side of the crops in pixels.

    Returns:
        None where no layer is frozen, where more than one tensor leads to the layers that learn, or
        where the frozen layers are not deterministic (batch-norm in training mode, dropout).
    """
    if all(values.requires_grad for values in model.backbone.parameters()):
        return None
    device = model.mean.device
    drawn = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2, 3, side, side), generator=drawn, dtype=torch.uint8)
    images = images.to(device).contiguous(memory_format=torch.channels_last)
    one = images[:1]
    watch = _Watch()
    with torch.random.fork_rng():  # dropout draws, and must not change what is drawn later
        with torch.enable_grad(), watch:
            model(one)
        count = watch.trunk_length()
        if count is None:
            return None
        trunk = Trunk(tuple(_output(value) for value in watch.returned[:count]))
        last = trunk.outputs[-1]
        if last is None or last[0][:1] != (1,):
            return None
        return trunk if _repeats(trunk, model, images) else None


@torch.no_grad()
def _repeats(trunk: Trunk, model: QualityModel, images: Tensor) -> bool:
    """Whether entering the network behind the trunk gives what the whole network gives."""
    try:
        activation = trunk.activation(model, images)
        if not torch.equal(activation, trunk.activation(model, images)):
            return False
        with evaluating(model):
            whole: Prediction = model(images)
            with trunk.entered(activation) as empty:
                entered: Prediction = model(empty)
    except Exception:  # whatever a network says that takes other steps at rest than in training
        return False
    return torch.allclose(whole.distribution, entered.distribution, atol=1e-4) and torch.allclose(
        whole.activation, entered.activation, rtol=1e-3, atol=1e-4
    )


def _output(value: object) -> tuple[torch.Size, torch.dtype] | None:
    return (value.shape, value.dtype) if isinstance(value, Tensor) else None


class _Watch(TorchFunctionMode):
    """Keeps what every operation returned, and which results of frozen operations others read."""

    def __init__(self) -> None:
        super().__init__()
        self.returned: list[object] = []  # kept alive, so that an id stays its tensor's own
        self._frozen: dict[int, int] = {}  # id of a tensor -> the operation that last wrote it
        self._read: dict[int, int] = {}  # the same of those that layers which learn have read

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if any(value.requires_grad for value in _tensors(result)):
            for value in _tensors(*args, *kwargs.values()):
                if id(value) in self._frozen:
                    self._read.setdefault(id(value), self._frozen[id(value)])
        else:
            for value in _tensors(result):
                self._frozen[id(value)] = len(self.returned)
        self.returned.append(result)
        return result

    def trunk_length(self) -> int | None:
        """Operations up to the tensor that layers which learn read first.

        None where nothing is read, or where something older is read, too. What frozen operations
        make later (a pooling in a branch of its own, a table of positions) is computed anew.
        """
        writers = list(self._read.values())
        return writers[0] + 1 if writers and min(writers) == writers[0] else None


class _Reached(BaseException):
    """Ends a forward pass behind the trunk. No error, so that no network catches it."""


class _Until(TorchFunctionMode):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.left = count
        self.reached: Tensor | None = None

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.left -= 1
        if self.left == 0:
            self.reached = result
            raise _Reached
        return result


class _Onward(TorchFunctionMode):
    """Answers the trunk's operations without computing them, the last one with the activation."""

    def __init__(
        self, outputs: tuple[tuple[torch.Size, torch.dtype] | None, ...], activation: Tensor
    ) -> None:
        super().__init__()
        self.outputs = outputs
        self.activation = activation
        self.done = 0

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        number = self.done
        self.done += 1
        if number + 1 == len(self.outputs):
            return self.activation
        if number >= len(self.outputs) or (output := self.outputs[number]) is None:
            return func(*args, **(kwargs or {}))
        shape, dtype = output
        if shape[:1] == (1,):  # one image when the trunk was found
            shape = torch.Size([len(self.activation), *shape[1:]])
        return torch.empty((), dtype=dtype, device=self.activation.device).expand(shape)


def _tensors(*values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(*value)
