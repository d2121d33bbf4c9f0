"""MobileNetV1 at half its width (Howard et al., 2017); timm builds but does not list it."""

from __future__ import annotations

from typing import Any

from ssliqa.models.backbones.contract import Backbone
from ssliqa.models.backbones.timm import narrow_mobilenetv1


def build(name: str, options: dict[str, Any], pretrained: bool) -> Backbone:
    """Build the backbone; see :func:`ssliqa.models.backbones.timm.build`."""
    return narrow_mobilenetv1(0.5, name, options, pretrained)
