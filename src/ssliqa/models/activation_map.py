"""Activation maps: which places of a photograph move its predicted score, and which way.

A network that averages its last feature map A over the places x, as in f = mean_x A(x), scores each
place with the same weights. To first order, its score would change by

    c(x) = sum_k g_k (A_k(x) - mean_x A_k),  g_k = d score / d f_k

if the whole photograph had the features of the place x. This is the class activation map (Zhou,
Khosla, Lapedriza, Oliva, Torralba, "Learning Deep Features for Discriminative Localization", CVPR
2016) with the weights of Grad-CAM (Selvaraju et al., "Grad-CAM: Visual Explanations from Deep
Networks via Gradient-based Localization", ICCV 2017), so that any head will do. Unlike there both
signs are kept, as a place can lower a score, and the photograph's mean is taken off.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ssliqa.errors import ModelError
from ssliqa.models.quality_model import QualityModel, evaluating
from ssliqa.models.tiles import blend_tiles, cut_tiles
from ssliqa.opinion import LEVELS

_BATCH = 8


def activation_map(model: QualityModel, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How much each place of a photograph raises or lowers its score.

    The network sees crops as in training, at least half overlapping, over all of the photograph;
    where crops overlap, their maps are blended.

    Args:
        model: any network that averages a last feature map, which is found by running it once.
        pixels: (H, W, 3) uint8, resized by the model's protocol.

    Returns:
        Shape (H, W), in levels of 1..5 (so within -4..4 but for the linear approximation), above 0
        where the features speak for a better score than those of the photograph as a whole; its
        mean is 0. As coarse as the feature map: one cell is usually 32 pixels wide.

    Raises:
        ModelError: the network averages no feature map, as with class tokens or fixed statistics.

    Example:
        >>> from ssliqa.images import read_resized
        >>> pixels = read_resized("a.jpg", model.protocol)  # doctest: +SKIP
        >>> activation_map(model, pixels).shape == pixels.shape[:2]  # doctest: +SKIP
        True
    """
    images, corners = cut_tiles(pixels, model.protocol.crop)
    with evaluating(model):
        parts = [_features(model, part) for part in torch.split(images, _BATCH)]
    features, gradient = (torch.cat(values) for values in zip(*parts, strict=True))
    cells = torch.einsum("tkhw,k->thw", features, gradient.mean(dim=0))
    height, width = pixels.shape[:2]
    blended = blend_tiles(cells, corners, model.protocol.crop, (height, width))
    centered: NDArray[np.float64] = blended - blended.mean()
    return centered


def _features(model: QualityModel, images: Tensor) -> tuple[Tensor, Tensor]:
    """The feature map (T, F, h, w) of T crops, and d score / d activation (T, F), on the CPU."""
    if len(model.backbone.level_sizes) > 1:
        return _features_of_levels(model, images)
    found: list[Tensor] = []

    def keep(_module: Any, _inputs: Any, output: Any) -> None:
        # After the pooling there is one place only, which holds no more than the activation.
        is_map = isinstance(output, Tensor) and output.ndim == 4
        if is_map and output[0].numel() > model.backbone.features:
            found[:] = [output]

    hooks = [part.register_forward_hook(keep) for part in model.backbone.modules()]
    try:
        with torch.enable_grad():
            # A frozen network has a gradient all the same, if its input asks for one.
            asking = (images.to(model.mean.device).float() / 255).requires_grad_()
            levels = torch.arange(1.0, LEVELS + 1, device=asking.device)
            score = (model(asking).distribution @ levels).sum()
    finally:
        for hook in hooks:
            hook.remove()
    gradient = None
    if found and found[0].requires_grad:
        (gradient,) = torch.autograd.grad(score, found[0], allow_unused=True)
    if gradient is not None:
        # Feature maps are (T, F, h, w), those of Swin-like networks (T, h, w, F).
        for order in ((0, 1, 2, 3), (0, 3, 1, 2)):
            of_places = gradient.permute(order)
            # Averaging hands the same gradient to all places; anything else is no average.
            difference = (of_places - of_places[..., :1, :1]).abs().max()
            if difference <= 1e-3 * gradient.abs().max():
                features = found[0].detach().permute(order).float().cpu()
                return features, of_places.sum((2, 3)).float().cpu()
    raise ModelError(
        f"'{model.name}' averages no feature map, so the places of a photograph cannot be told "
        "apart.",
        "Activation maps are of convolutional and Swin-like networks.",
    )


def _features_of_levels(model: QualityModel, images: Tensor) -> tuple[Tensor, Tensor]:
    """The same where several maps are pooled, each averaged to the grid of the last."""
    pixels = images.to(model.mean.device).float() / 255
    with torch.inference_mode(False), torch.no_grad():
        activation = model(pixels).activation
        features = model.backbone.places((pixels - model.mean) / model.std)
    with torch.enable_grad():
        asking = activation.requires_grad_()
        levels = torch.arange(1.0, LEVELS + 1, device=asking.device)
        score = (model.head(asking).softmax(dim=1) @ levels).sum()
    (gradient,) = torch.autograd.grad(score, asking)
    return features.float().cpu(), gradient.float().cpu()
