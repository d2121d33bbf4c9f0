"""What every backbone is: a module from normalized images to one pooled activation an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from ssliqa.errors import ModelError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Triple = tuple[float, float, float]


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
        self._extract = extract
        self._places = places

    def forward(self, images: Tensor) -> Tensor:
        """Activations (B, F) of normalized images (B, 3, H, W)."""
        return self._extract(self.net, images)

    def places(self, images: Tensor) -> Tensor:
        """Activations (B, F, h, w) of the places of normalized images (B, 3, H, W).

        It is the activation that an image would have, all of which looked like that place. With
        plain average pooling their mean is the activation of the image.

        Raises:
            ModelError: the network pools in another way, such as by a class token.
        """
        found = self._places(self.net, images) if self._places else None
        if found is None:
            raise ModelError(
                "This network averages no feature map, so the places of a photograph cannot be "
                "told apart.",
                "Use a model with a convolutional or a Swin-like network.",
            )
        return found


def _by_child(net: nn.Module) -> list[list[str]]:
    stages: dict[str, list[str]] = {}
    for name, _ in net.named_parameters():
        parts = name.split(".")
        stages.setdefault(".".join(parts[: 2 if parts[0] == "features" else 1]), []).append(name)
    return list(stages.values())
