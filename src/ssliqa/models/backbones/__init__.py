"""Backbones: feature extractors found by their name.

A name is looked up as a file of this folder, then in timm, then in torchvision;
``timm:resnet18`` and ``torchvision:resnet18`` say which library is meant. A new backbone is one new
file ``<name>.py`` with a function ``build(name, options, pretrained) -> Backbone``.
"""

from ssliqa.models.backbones.contract import Backbone
from ssliqa.models.backbones.find import build_backbone, library_of, listed_backbones

__all__ = ["Backbone", "build_backbone", "library_of", "listed_backbones"]
