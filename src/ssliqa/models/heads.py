"""Heads: from the pooled activation to logits over the five rating levels.

The default is a single linear layer. The published MLP heads (Yue et al., IEEE TMM 2023; sizes as
in the authors' code) are kept for comparison: stacked linear layers with one ReLU before the last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from torch import nn

from ssliqa.errors import ConfigError

LEVELS = 5


@dataclass(frozen=True)
class HeadSpec:
    """Shape of a head.

    Args:
        hidden: sizes of the hidden layers, first to last; empty for a single linear layer.
        batch_norm: batch-norm after the last hidden layer.
        dropout: probability with which entries of the activation are dropped, 0 <= p < 1.
    """

    hidden: tuple[int, ...] = ()
    batch_norm: bool = False
    dropout: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, as kept in a model's config.json."""
        return {
            "hidden": list(self.hidden),
            "batch_norm": self.batch_norm,
            "dropout": self.dropout,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> HeadSpec:
        """Inverse of :meth:`as_dict`."""
        return cls(
            hidden=tuple(int(size) for size in values["hidden"]),
            batch_norm=bool(values["batch_norm"]),
            dropout=float(values["dropout"]),
        )


_DEEP = HeadSpec((1024, 512, 256))
_WIDE = HeadSpec((512, 256))
_SMALL = HeadSpec((256,))

# Keyed by the beginning of the backbone's name, so that timm's and torchvision's spellings and
# weight tags ("resnet101.a1_in1k") find the same head. Longer keys are tried first.
PUBLISHED_HEADS: dict[str, HeadSpec] = {
    "alexnet": HeadSpec((128,)),
    "vgg11": _SMALL,
    "resnet18": HeadSpec((256,), batch_norm=True),
    "resnet50": _DEEP,
    "resnet101": _DEEP,
    "googlenet": _WIDE,
    "densenet121": _WIDE,
    "mobilenetv2": HeadSpec((512, 256), batch_norm=True),
    "mobilenet_v2": HeadSpec((512, 256), batch_norm=True),
    "mobilenetv3_small": _SMALL,
    "mobilenet_v3_small": _SMALL,
    "mnasnet": _WIDE,
    # The published network pools what comes before ShuffleNetV2's last convolution.
    "shufflenet_v2_x0_5_stage4": HeadSpec((128,)),
    "inception_resnet_v2": HeadSpec((512, 256), dropout=0.5),
}


def head_spec(text: str, backbone: str) -> HeadSpec:
    """Read a head as a user writes it.

    Args:
        text: ``"linear"``, ``"published"`` (the authors' head for this backbone) or hidden sizes
            joined by dashes, such as ``"512-256"``.
        backbone: name of the backbone, with or without a library prefix.

    Raises:
        ConfigError: no such form, or no published head for this backbone.
    """
    if text == "linear":
        return HeadSpec()
    if text == "published":
        bare = backbone.split(":")[-1]
        for name in sorted(PUBLISHED_HEADS, key=len, reverse=True):
            if bare.startswith(name):
                return PUBLISHED_HEADS[name]
        raise ConfigError(
            f"There is no published head for the backbone '{backbone}'.",
            "Use head 'linear', hidden sizes such as '512-256', or one of the published "
            f"backbones: {', '.join(sorted(PUBLISHED_HEADS))}.",
        )
    if re.fullmatch(r"[1-9]\d*(-[1-9]\d*)*", text):
        return HeadSpec(tuple(int(size) for size in text.split("-")))
    raise ConfigError(
        f"'{text}' is not a head.",
        "Use 'linear', 'published', or hidden sizes such as '512-256'.",
    )


def build_head(features: int, spec: HeadSpec) -> nn.Sequential:
    """A head from an activation of size ``features`` to 5 logits: (B, features) -> (B, 5)."""
    layers: list[nn.Module] = []
    if spec.dropout:
        layers.append(nn.Dropout(spec.dropout))
    size = features
    for width in spec.hidden:
        layers.append(nn.Linear(size, width))
        size = width
    if spec.hidden:
        # The published heads stack their linear layers and put one ReLU before the last.
        if spec.batch_norm:
            layers.append(nn.BatchNorm1d(size))
        layers.append(nn.ReLU())
    layers.append(nn.Linear(size, LEVELS))
    return nn.Sequential(*layers)
