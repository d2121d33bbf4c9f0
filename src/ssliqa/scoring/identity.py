"""Tell whether two scorers are the same: by what they say of images that are always the same.

A name says little: a run folder may have been trained anew since, and an engine may run the same
weights in another arithmetic. So a scorer is known by its scores of three fixed images, with its
protocol, its scale and the versions of the programs that decode. Scores may differ by what another
number of threads does to the last digits of a sum, which is far less than one step of training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssliqa.images.decode import decoder_version
from ssliqa.models import Score
from ssliqa.scoring.engines import Engine

TOLERANCE = 2e-5
"""Largest difference of a share, and of a score as a part of its scale's range."""

_SIZE = (480, 640)


def identity(engine: Engine, version: str) -> dict[str, Any]:
    """What a scorer is known by, as values for JSON.

    Args:
        engine: what scores; it is asked for three images.
        version: of this package.
    """
    extent = engine.scale.high - engine.scale.low
    answers = []
    for image in _images(*engine.protocol.target_size(*_SIZE)):
        score = Score.of(engine.predict(image), engine.scale, engine.calibration)
        bounds = [None if x is None else x / extent for x in (score.lower, score.upper)]
        answers.append([*score.distribution, score.score / extent, *bounds])
    return {
        "engine": engine.name,
        "scale": str(engine.scale),
        "protocol": asdict(engine.protocol),
        "ssliqa": version,
        "decoder": decoder_version(),
        "answers": answers,
    }


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """What tells two identities apart, in words; None where it is the same scorer."""
    for what, words in (
        ("engine", "the engine {}"),
        ("scale", "a model on the scale {}"),
        ("protocol", "the image protocol {}"),
        ("ssliqa", "ssliqa {}"),
        ("decoder", "the decoder {}"),
    ):
        if one.get(what) != other.get(what):
            return f"{words.format(one.get(what))}, not {other.get(what)}"
    return None if _agree(one["answers"], other["answers"]) else "a model with other weights"


def _agree(ours: list[list[float | None]], theirs: list[list[float | None]]) -> bool:
    a, b = (np.array(answers, dtype=np.float64) for answers in (ours, theirs))  # None: nan
    return a.shape == b.shape and np.allclose(a, b, rtol=0, atol=TOLERANCE, equal_nan=True)


def _images(height: int, width: int) -> list[NDArray[np.uint8]]:
    """Waves, noise, and flat patches with some noise: (H, W, 3) each."""
    y, x, channel = np.ogrid[:height, :width, :3]
    waves = 127.5 + 80 * np.sin(y / 23 + channel) + 40 * np.sin(x / 5 + y / 61)
    # Noise from integers alone, so that no library's generator can change it.
    mixed = (y * 73856093) ^ (x * 19349663) ^ (channel * 83492791)
    noise = ((mixed * 2654435761) >> 16) % 256
    patches = (y // 60 * 37 + x // 80 * 59 + channel * 31) % 200 + noise // 8
    return [np.clip(image, 0, 255).astype(np.uint8) for image in (waves, noise, patches)]
