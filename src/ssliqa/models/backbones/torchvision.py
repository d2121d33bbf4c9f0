"""Backbones of torchvision (BSD-3), among them those timm lacks: AlexNet, GoogLeNet, ShuffleNet."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx, nn
from torchvision import models

from ssliqa.errors import ConfigError, ModelError
from ssliqa.models.backbones.contract import IMAGENET_MEAN, IMAGENET_STD, Backbone

# Their weights come from TensorFlow and want images in -1..1. torchvision keeps its usual interface
# by a conversion inside the network, which it switches on along with its weights only.
_CONVERTING = ("googlenet", "inception_v3")
_HALF = (0.5, 0.5, 0.5)


_CLASSIFIERS = ("classifier", "fc", "head", "heads", "aux1", "aux2", "AuxLogits")


def has(name: str) -> bool:
    """Whether torchvision has a classification network of this name."""
    return name in models.list_models(module=models)


def license_of(name: str) -> str:  # noqa: ARG001
    """License of torchvision's weights: the library's own, since its files name no other."""
    return "bsd-3-clause"


def build(
    name: str, options: dict[str, Any], pretrained: bool, *, before: str | None = None
) -> Backbone:
    """Build a torchvision classification network up to its last feature map.

    Args:
        name: torchvision's model name, such as ``alexnet``.
        options: further keyword arguments of the builder.
        pretrained: fetch torchvision's default weights (needs a network the first time).
        before: a child of the network; the feature map that it reads is taken instead.

    Raises:
        ConfigError: an option the builder does not take, or a network without a final feature map.
        ModelError: the weights cannot be fetched.
    """
    if name in _CONVERTING:
        # Their own random initialization takes minutes and warns of its end.
        options = {"init_weights": False, **options}
    try:
        net = models.get_model(name, weights="DEFAULT" if pretrained else None, **options)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"torchvision's '{name}' does not take these options: {options} ({error}).",
            "Remove the option, or look up the builder's arguments in torchvision.",
        ) from error
    except OSError as error:
        raise ModelError(
            f"The weights of torchvision's '{name}' could not be fetched ({error}).",
            "Without a network use --weights FILE or DIR with safetensors weights, "
            "or --weights none to start from random numbers.",
        ) from error
    mean, std = IMAGENET_MEAN, IMAGENET_STD
    if name in _CONVERTING and not options.get("transform_input"):
        # Normalized as the weights want it from the start, a saved network needs no such switch.
        net.transform_input = False
        mean, std = _HALF, _HALF
    # The auxiliary classifiers of GoogLeNet and Inception are training aids of ImageNet.
    for auxiliary in ("aux1", "aux2", "AuxLogits"):
        if hasattr(net, auxiliary):
            setattr(net, auxiliary, None)
    if hasattr(net, "aux_logits"):
        net.aux_logits = False
    extractor = _up_to_feature_map(net.eval(), name, before).train()
    with torch.no_grad():
        was_training = extractor.training
        features = int(extractor.eval()(torch.zeros(1, 3, 224, 224)).shape[1])
        extractor.train(was_training)
    return Backbone(
        net=extractor,
        features=features,
        mean=mean,
        std=std,
        extract=_pooled,
        places=lambda net, images: net(images),
        classifier_prefixes=(*_CLASSIFIERS, *((before,) if before else ())),
    )


def _up_to_feature_map(net: nn.Module, name: str, before: str | None) -> fx.GraphModule:
    """The network cut at what its final global pooling reads, or its child ``before``.

    The trace is taken in evaluation mode, which leaves out stochastic depth; batch-norm and dropout
    stay modules and follow ``train()`` and ``eval()`` as usual.
    """
    modules = dict(net.named_modules())
    try:
        graph = fx.Tracer().trace(net)
    except Exception as error:  # fx raises what the traced code raises
        raise ConfigError(
            f"torchvision's '{name}' cannot be taken apart ({error}).".replace("\n", " "),
            "Use the architecture's timm version.",
        ) from error
    nodes = list(graph.nodes)
    first_of_child = next((n for n in nodes if before and _belongs_to(n, before)), None)
    for node in reversed(nodes):
        found = node is first_of_child if before else _is_global_pooling(node, modules)
        feature_map = node.args[:1]
        graph.erase_node(node)
        if found:
            graph.output(feature_map[0])
            extractor = fx.GraphModule(net, graph)
            extractor.delete_all_unused_submodules()
            return extractor
    raise ConfigError(
        f"torchvision's '{name}' has no final feature map to pool.",
        "Use a convolutional network of torchvision, or the architecture's timm version.",
    )


def _belongs_to(node: fx.Node, child: str) -> bool:
    return node.op == "call_module" and f"{node.target}.".startswith(f"{child}.")


def _is_global_pooling(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    if node.op == "call_module":
        return isinstance(modules[str(node.target)], nn.AdaptiveAvgPool2d)
    if node.op == "call_function":
        return node.target is nn.functional.adaptive_avg_pool2d
    return node.op == "call_method" and node.target == "mean"


def _pooled(net: nn.Module, images: Tensor) -> Tensor:
    feature_map: Tensor = net(images)
    return feature_map.mean((2, 3))
