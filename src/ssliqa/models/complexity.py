"""How large a network is, how much it computes, and how long that takes here.

Work is counted in MACs, multiply-accumulate operations: those of convolutions, linear layers and
attention, as ``torch.utils.flop_counter`` counts them on a real forward pass (for it a MAC is two
operations). Elementwise work (activations, batch-norm, pooling) is left out, as in the literature.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ssliqa.errors import ModelError
from ssliqa.models.backbones import Backbone, build_backbone, library_of
from ssliqa.models.backbones.contract import IMAGENET_MEAN, IMAGENET_STD, Triple
from ssliqa.models.quality_model import evaluating

_WARM_UP = 2
_FEWEST_RUNS = 5
_SECONDS = 1.0


def parameter_count(module: nn.Module) -> int:
    """Number of learned values; buffers such as batch-norm's statistics do not count."""
    return sum(values.numel() for values in module.parameters())


def mac_count(module: nn.Module, size: int = 224) -> int:
    """MACs of one image of ``size`` x ``size`` pixels, in evaluation mode.

    Args:
        module: from normalized images (B, 3, H, W) to anything.
        size: side of the square image in pixels.

    Raises:
        ModelError: the network does not take images of that size.
    """
    with evaluating(module), torch.no_grad(), FlopCounterMode(display=False) as counter:
        _forward(module, torch.zeros(1, 3, size, size))
    return int(counter.get_total_flops()) // 2


@dataclass(frozen=True)
class Latency:
    """Time of a forward pass of one image.

    Attributes:
        seconds: median over the runs.
        runs: how many were timed, after a few that were not.
        threads: threads that PyTorch may use.
    """

    seconds: float
    runs: int
    threads: int


def latency(module: nn.Module, size: int = 224) -> Latency:
    """Time forward passes of a single image of ``size`` x ``size`` pixels on the CPU.

    It repeats for about a second, and five times at least. Decoding and resizing a photograph are
    not part of it, nor are its other crops.

    Raises:
        ModelError: the network does not take images of that size.
    """
    image = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    times: list[float] = []
    with evaluating(module), torch.inference_mode():
        for _ in range(_WARM_UP):
            _forward(module, image)
        end = time.perf_counter() + _SECONDS
        while len(times) < _FEWEST_RUNS or time.perf_counter() < end:
            started = time.perf_counter()
            module(image)
            times.append(time.perf_counter() - started)
    return Latency(statistics.median(times), len(times), torch.get_num_threads())


@dataclass(frozen=True)
class BackboneFacts:
    """What there is to know of a backbone before choosing it.

    Attributes:
        name: as ``--student`` takes it.
        library: where it comes from: timm, torchvision or ssliqa.
        license: of the library's ImageNet weights.
        parameters: number of learned values, without a head.
        macs: multiply-accumulate operations of one image, without a head.
        size: side of that image in pixels.
        features: size F of the activation.
        mean: per RGB channel, what images are normalized with.
        std: likewise.
        stages: number of parameters in each stage, from input to output; these are what
            ``--student.frozen_stages`` counts.
        latency: time of a forward pass on this machine; None if it was not measured.
    """

    name: str
    library: str
    license: str
    parameters: int
    macs: int
    size: int
    features: int
    mean: Triple
    std: Triple
    stages: tuple[int, ...]
    latency: Latency | None = None

    @property
    def normalization(self) -> str:
        """``imagenet``, ``half`` (0.5, 0.5) or the numbers themselves."""
        if (self.mean, self.std) == (IMAGENET_MEAN, IMAGENET_STD):
            return "imagenet"
        if set(self.mean) == set(self.std) == {0.5}:
            return "half"
        return f"{self.mean} {self.std}"


def backbone_facts(name: str, size: int = 224, *, timed: bool = False) -> BackboneFacts:
    """Build a backbone with random weights and look at it.

    Args:
        name: any name that :func:`ssliqa.models.backbones.build_backbone` takes.
        size: side of the square image in pixels.
        timed: measure the latency, too.

    Raises:
        ConfigError: unknown name.
        ModelError: the network does not take images of that size.
    """
    library, license = library_of(name)
    backbone = build_backbone(name)
    return BackboneFacts(
        name=name,
        library=library,
        license=license,
        parameters=parameter_count(backbone),
        macs=mac_count(backbone, size),
        size=size,
        features=backbone.features,
        mean=backbone.mean,
        std=backbone.std,
        stages=_stage_sizes(backbone),
        latency=latency(backbone, size) if timed else None,
    )


def _stage_sizes(backbone: Backbone) -> tuple[int, ...]:
    counts = {key: values.numel() for key, values in backbone.net.named_parameters()}
    return tuple(sum(counts[key] for key in stage) for stage in backbone.stages)


def _forward(module: nn.Module, images: torch.Tensor) -> None:
    try:
        module(images)
    except (RuntimeError, AssertionError, ValueError) as error:
        size = images.shape[-1]
        reason = " ".join(str(error).split()).rstrip(".")
        raise ModelError(
            f"The network does not take images of {size}x{size} pixels ({reason}).",
            "Use another size, such as 224.",
        ) from error
