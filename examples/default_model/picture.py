"""Draw what the default model says of four photographs and of worse copies of them.

    python examples/default_model/picture.py docs/images/default-scores.jpg

The photographs come with the package (see NOTICE).
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from ssliqa import load_model
from ssliqa.images import read_image
from ssliqa.images.degradations import degrade

SHOWN = (
    ("", "blur", 0.0),
    ("out of focus", "blur", 0.5),
    ("shaken", "shake", 0.5),
    ("noisy", "noise", 0.5),
    ("JPEG, quality 12", "jpeg", 0.65),
    ("underexposed", "under", 0.7),
)


def main() -> None:
    photographs = Path(str(files("ssliqa.scoring.export") / "photographs"))
    names = ("astronaut", "cat", "coffee", "rocket")
    model = load_model("default")
    figure, axes = plt.subplots(len(names), len(SHOWN), figsize=(13, 9.3))
    for number, (row, name) in enumerate(zip(axes, names, strict=True)):
        pixels = read_image(photographs / f"{name}.jpg")
        height, width = pixels.shape[:2]
        top, left = (height - min(height, width)) // 2, (width - min(height, width)) // 2
        side = min(height, width)
        for place, (title, kind, severity) in zip(row, SHOWN, strict=True):
            worse = degrade(pixels, kind, severity, np.random.default_rng(3))
            score = model.score(worse)
            place.imshow(worse[top : top + side, left : left + side])
            place.set_xticks([])
            place.set_yticks([])
            for edge in place.spines.values():
                edge.set_visible(False)
            place.set_xlabel(f"{score.score:.0f}   ({score.lower:.0f} to {score.upper:.0f})")
            if number == 0:
                place.set_title(title or "as it is", fontsize=11)
    figure.tight_layout()
    figure.savefig(sys.argv[1], dpi=80)


if __name__ == "__main__":
    main()
