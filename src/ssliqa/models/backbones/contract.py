"""What every backbone is: a module from normalized images to one pooled activation an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from ssliqa.errors import ModelError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Triple = tuple[float, float, float]

_Found = TypeVar("_Found")

# With 3 to 5 levels of MobileNets a fitted head is about equally good, with 1 or 2 worse.
_SOME = 4

# What the forward pass under way keeps of the outputs of earlier stages. A context variable, so
# that several threads can use one network, and copies of it work.
_looking: ContextVar[_Look | None] = ContextVar("looking", default=None)


class Backbone(nn.Module):
    """A feature extractor with global average pooling.

    Args:
        net: the network.
        features: size F of the pooled activation.
        mean, std: per RGB channel on [0, 1] images, as the weights were trained with.
        extract: from the network and normalized images (B, 3, H, W) to activations (B, F).
        classifier_prefixes: beginnings of parameter names that a classification checkpoint holds
            beyond the feature extractor; they are passed over when weights are loaded.
        places: like ``extract``, but to the activation of each place, (B, F, h, w); None for a
            network whose places cannot be told apart.
        stages: names of the network's parameters, grouped from input to output; by default one
            group for each child, those of a child called ``features`` one by one.

    ``level_sizes`` are the sizes of the parts of the activation, one for each stage that is read:
    (F,) unless :meth:`read_levels` was called.
    """

    def __init__(
        self,
        net: nn.Module,
        features: int,
        mean: Triple,
        std: Triple,
        extract: Callable[[nn.Module, Tensor], Tensor],
        classifier_prefixes: tuple[str, ...] = (),
        places: Callable[[nn.Module, Tensor], Tensor | None] | None = None,
        stages: Sequence[Sequence[str]] | None = None,
    ) -> None:
        super().__init__()
        self.net = net
        self.features = features
        self.mean = mean
        self.std = std
        self.classifier_prefixes = classifier_prefixes
        self.stages = _by_child(net) if stages is None else [list(names) for names in stages]
        self.options: dict[str, Any] = {}  # the builder arguments that made it
        self.level_sizes: tuple[int, ...] = (features,)
        self._earlier = 0
        self._extract = extract
        self._places = places

    def read_levels(self, count: int) -> None:
        """Pool the feature maps of the last ``count`` stages, one beside the other.

        The last layers of a network made for classification forget what tells a sharp photograph
        from a soft one; the stages before them still know.

        Raises:
            ModelError: the network has not so many stages, or their outputs are no feature maps.
        """
        modules = self._earlier_modules()
        if not 1 <= count <= 1 + len(modules):
            raise ModelError(
                f"levels is {count}; of this network the last {1 + len(modules)} stages can be "
                "read.",
                f"Give 1 to {1 + len(modules)}.",
            )
        earlier = modules[len(modules) - (count - 1) :]
        hooks = [
            self.net.get_submodule(name).register_forward_hook(partial(_see, number))
            for number, name in enumerate(earlier)
        ]
        self._earlier = len(earlier)
        try:
            sizes = self._map_sizes()
        except ModelError:
            self._earlier = 0
            for hook in hooks:
                hook.remove()
            raise
        self.level_sizes = (*sizes, self.features)
        self.features = sum(self.level_sizes)

    def read_some_levels(self) -> None:
        """Read the last four stages, or as many as there are; of some networks only the last."""
        for count in range(min(_SOME, 1 + len(self._earlier_modules())), 1, -1):
            try:
                return self.read_levels(count)
            except ModelError:
                continue
        return None

    def _earlier_modules(self) -> list[str]:
        """The modules of the stages before the last that are modules of their own, in a row."""
        modules = [_module_of(stage, self.net) for stage in self.stages[:-1]]
        alone = next((k for k, name in enumerate(reversed(modules)) if not name), len(modules))
        return modules[len(modules) - alone :]

    def _map_sizes(self) -> list[int]:
        """Channels of the earlier stages that are read, as seen in a forward pass."""
        if not self._earlier:
            return []
        training, device = self.net.training, next(self.net.parameters()).device
        self.net.eval()
        side = _side(self.net, self.options)
        try:
            with torch.no_grad():
                image = torch.zeros(1, 3, side, side, device=device)
                _, maps = self._looking_at(Tensor.clone, self._extract, image)
        except (AssertionError, RuntimeError, ValueError):  # no image of that size
            maps = []
        self.net.train(training)
        # timm says so of Swin-like networks, whose maps are (B, h, w, F).
        channels_last = getattr(self.net, "output_fmt", "NCHW") == "NHWC"
        if channels_last or len(maps) < self._earlier or any(found.ndim != 4 for found in maps):
            raise ModelError(
                "The earlier stages of this network give no feature maps that can be read.",
                "Use levels 1, or a convolutional network of timm.",
            )
        return [found.shape[1] for found in maps]

    def forward(self, images: Tensor) -> Tensor:
        """Activations (B, F) of normalized images (B, 3, H, W)."""
        last, earlier = self._looking_at(_pooled, self._extract, images)
        return torch.cat([*earlier, last], dim=1) if earlier else last

    def places(self, images: Tensor) -> Tensor:
        """Activations (B, F, h, w) of the places of normalized images (B, 3, H, W).

        It is the activation that an image would have, all of which looked like that place. With
        plain average pooling their mean is the activation of the image; of several levels nearly
        so where the grid of an earlier level is no multiple of the last one's.

        Raises:
            ModelError: the network pools in another way, such as by a class token.
        """
        found, earlier = None, list[Tensor]()
        if self._places:
            # A copy, since the next layer may write into what it reads.
            found, earlier = self._looking_at(Tensor.clone, self._places, images)
        if found is None:
            raise ModelError(
                "This network averages no feature map, so the places of a photograph cannot be "
                "told apart.",
                "Use a model with a convolutional or a Swin-like network.",
            )
        grid = (found.shape[2], found.shape[3])
        return torch.cat([*(adaptive_avg_pool2d(level, grid) for level in earlier), found], dim=1)

    def _looking_at(
        self,
        keep: Callable[[Tensor], Tensor],
        read: Callable[[nn.Module, Tensor], _Found],
        images: Tensor,
    ) -> tuple[_Found, list[Tensor]]:
        """What ``read`` gives, and what ``keep`` makes of the earlier stages' outputs."""
        if not self._earlier:
            return read(self.net, images), []
        look = _Look(keep, {})
        token = _looking.set(look)
        try:
            found = read(self.net, images)
        finally:
            _looking.reset(token)
        return found, [look.kept[number] for number in sorted(look.kept)]


class _Look(NamedTuple):
    keep: Callable[[Tensor], Tensor]
    kept: dict[int, Tensor]


def _see(number: int, _: nn.Module, __: object, output: object) -> None:
    look = _looking.get()
    if look is not None and isinstance(output, Tensor):
        look.kept[number] = look.keep(output)


def _pooled(output: Tensor) -> Tensor:
    return output.mean((2, 3))


def _by_child(net: nn.Module) -> list[list[str]]:
    stages: dict[str, list[str]] = {}
    for name, _ in net.named_parameters():
        parts = name.split(".")
        stages.setdefault(".".join(parts[: 2 if parts[0] == "features" else 1]), []).append(name)
    return list(stages.values())


def _module_of(stage: Sequence[str], net: nn.Module) -> str:
    """The module that holds the parameters of a stage and no others; empty where there is none."""
    for name, part in net.named_modules():
        if {f"{name}.{key}" for key, _ in part.named_parameters()} == set(stage):
            return str(name)
    return ""


def _side(net: nn.Module, options: dict[str, Any]) -> int:
    """Side of images that the network takes, as it was told or as timm states it."""
    stated = getattr(net, "pretrained_cfg", None) or {}
    side = options.get("img_size") or stated.get("input_size", (3, 224, 224))[-1]
    return int(side[0] if isinstance(side, (list, tuple)) else side)
