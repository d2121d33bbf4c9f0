"""The model card: the README.md that stands beside a model's weights."""

from __future__ import annotations

_CARD = """\
---
library_name: ssliqa
pipeline_tag: image-classification
tags:
- image-quality-assessment
- no-reference
---

# Image quality model ({backbone})

Predicts how people would rate the technical quality of a photograph: a mean opinion score on the
scale **{scale}**, with the spread of opinions behind it.

    from ssliqa import QualityModel

    model = QualityModel.from_pretrained("path/to/this/folder")
    print(model.score("photo.jpg"))

or `ssliqa score photo.jpg --model path/to/this/folder`.

The same file always gives the same score: photographs are resized and cropped at fixed positions as
`config.json` says. The score stands for the raters and the kind of photographs the model learned
from; for others, evaluate it first. Whether scores come with an interval for the mean opinion, at
what level and from how many photographs, stands in `config.json`, too, under `calibration`.
{facts}"""


def model_card(backbone: str, scale: str, facts: str) -> str:
    """The card as Markdown with a metadata head, in the form of the Hugging Face hub.

    Args:
        backbone: name of the feature extractor.
        scale: the rating scale in words.
        facts: further sections in Markdown, such as training data and results.
    """
    return _CARD.format(backbone=backbone, scale=scale, facts=f"\n{facts}" if facts else "")
