"""ShuffleNetV2 x0.5 (Ma et al., ECCV 2018) without its last convolution, F = 192.

The network's last convolution widens the feature map of its last stage from 192 to 1024 channels
before pooling. The branch of the SSLIQA paper pools the last stage itself.
"""

from __future__ import annotations

from typing import Any

from ssliqa.models.backbones import torchvision
from ssliqa.models.backbones.contract import Backbone


def build(name: str, options: dict[str, Any], pretrained: bool) -> Backbone:  # noqa: ARG001
    """Build the backbone; see :func:`ssliqa.models.backbones.torchvision.build`."""
    return torchvision.build("shufflenet_v2_x0_5", options, pretrained, before="conv5")
