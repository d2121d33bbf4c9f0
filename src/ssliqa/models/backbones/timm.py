"""Backbones of timm (Wightman, Apache-2.0), about a thousand architectures by name."""

from __future__ import annotations

from typing import Any

import timm
from timm.models import group_parameters
from torch import Tensor, nn

from ssliqa.errors import ConfigError, ModelError
from ssliqa.models.backbones.contract import IMAGENET_MEAN, IMAGENET_STD, Backbone, Triple

# Parts between the pooled feature and the classifier of a few families (VGG, MobileNetV3). They
# come after the activation, so they would only be dead weight here.
_AFTER_POOLING = ("pre_logits", "conv_head", "norm_head")


def has(name: str) -> bool:
    """Whether timm knows this name (a weight tag after the dot is allowed)."""
    return bool(timm.is_model(name))


def license_of(name: str) -> str:
    """License of the weights that ``hub`` fetches, as timm states it."""
    config = timm.get_pretrained_cfg(name)
    if config is None or not config.has_weights:
        return "no weights"
    return str(config.license or "unknown")


def build(name: str, options: dict[str, Any], pretrained: bool) -> Backbone:
    """Build a timm network without its classifier.

    Args:
        name: timm's model name, with or without a weight tag.
        options: further keyword arguments of ``timm.create_model``, such as ``pad_type``.
        pretrained: fetch timm's weights from the hub (needs a network the first time).

    Raises:
        ConfigError: an option that this architecture does not take.
        ModelError: the weights cannot be fetched.
    """
    try:
        net: Any = timm.create_model(name, pretrained=pretrained, num_classes=0, **options)
    except TypeError as error:
        raise _unknown_options(name, options, error) from error
    except (OSError, RuntimeError) as error:
        if not pretrained:
            raise
        raise ModelError(
            f"The weights of timm's '{name}' could not be fetched ({error}).".replace("\n", " "),
            "Without a network use --weights FILE or DIR with safetensors weights, "
            "or --weights none to start from random numbers.",
        ) from error
    return wrap(net)


def narrow_mobilenetv1(
    width: float, name: str, options: dict[str, Any], pretrained: bool
) -> Backbone:
    """MobileNetV1 with ``width`` times its channels.

    Raises:
        ConfigError: an unknown option, or the hub's weights, of which there are none.
    """
    if pretrained:
        raise ConfigError(
            f"The hub has no weights of '{name}'.", "Use --weights FILE, DIR or none."
        )
    # Private in timm: if it ever goes, these two networks go, and all others stay.
    from timm.models.efficientnet import _gen_mobilenet_v1

    try:
        net = _gen_mobilenet_v1(  # type: ignore[no-untyped-call]
            "mobilenetv1_100", width, num_classes=0, **options
        )
    except TypeError as error:
        raise _unknown_options(name, options, error) from error
    return wrap(net)


def _unknown_options(name: str, options: dict[str, Any], error: TypeError) -> ConfigError:
    return ConfigError(
        f"timm's '{name}' does not take these options: {options} ({error}).",
        "Remove the option, or look up the architecture's arguments in timm.",
    )


def wrap(net: Any) -> Backbone:
    """A timm network that was built with ``num_classes=0`` as a backbone."""
    config = net.pretrained_cfg
    # Some networks call a part of their trunk the head; this one holds the classifier.
    head = net.head if str(config.get("classifier")).startswith("head.") else None
    # EfficientNet-like networks use their conv_head before pooling; those of MobileNetV3 kind
    # after it, which shows as a hidden size of the head that differs from the feature size.
    if getattr(net, "head_hidden_size", net.num_features) != net.num_features:
        for owner in (net, head):
            for part in _AFTER_POOLING:
                if hasattr(owner, part):
                    setattr(owner, part, nn.Identity())
    # ConvNeXt-like networks normalize the pooled feature in their head.
    learned = {name.split(".")[0] for name, _ in head.named_parameters()} if head else set()
    normalizes = "norm" in learned and learned <= {"norm", "pre_logits"}
    if learned and not normalizes:
        net.head = nn.Identity()
    return Backbone(
        net=net,
        features=int(net.num_features),
        mean=_triple(config.get("mean", IMAGENET_MEAN)),
        std=_triple(config.get("std", IMAGENET_STD)),
        extract=_pooled_by_head if normalizes else _pooled,
        classifier_prefixes=("classifier", "fc", "head", "last_linear", *_AFTER_POOLING),
        places=_places_by_head if normalizes else _feature_map,
        stages=_stages(net),
    )


def _stages(net: Any) -> list[list[str]] | None:
    """Parameters as timm groups them for layer-wise learning rates; None where it does not."""
    if not hasattr(net, "group_matcher"):
        return None
    return list(group_parameters(net, net.group_matcher(coarse=True)).values())


def _triple(values: tuple[float, ...]) -> Triple:
    red, green, blue = values
    return float(red), float(green), float(blue)


def _pooled(net: nn.Module, images: Tensor) -> Tensor:
    features: Tensor = net.forward_features(images)  # type: ignore[operator]
    # Token networks pool in their own way (class token or average).
    return (
        _channels_first(net, features).mean((2, 3)) if features.ndim == 4 else _head(net, features)
    )


def _feature_map(net: nn.Module, images: Tensor) -> Tensor | None:
    features: Tensor = net.forward_features(images)  # type: ignore[operator]
    return _channels_first(net, features) if features.ndim == 4 else None


def _channels_first(net: nn.Module, features: Tensor) -> Tensor:
    """Feature maps are (B, F, h, w), those of Swin-like networks (B, h, w, F)."""
    return features if features.shape[1] == net.num_features else features.permute(0, 3, 1, 2)


def _pooled_by_head(net: nn.Module, images: Tensor) -> Tensor:
    return _head(net, net.forward_features(images))  # type: ignore[operator]


def _places_by_head(net: nn.Module, images: Tensor) -> Tensor | None:
    features = _feature_map(net, images)
    if features is None:
        return None
    batch, _, height, width = features.shape
    single = features.permute(0, 2, 3, 1).flatten(0, 2)[..., None, None]  # a place, an image
    return _head(net, single).view(batch, height, width, -1).permute(0, 3, 1, 2)


def _head(net: nn.Module, features: Tensor) -> Tensor:
    pooled: Tensor = net.forward_head(features, pre_logits=True)  # type: ignore[operator]
    return pooled
