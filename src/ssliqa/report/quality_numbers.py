"""The numbers of a quality map as a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ssliqa.errors import ConfigError
from ssliqa.files import whole_file
from ssliqa.models.quality_map import QualityMap

FORMS = ("npy", "csv", "png")
_MOST = 65535


def numbers_file(picture: Path, form: str) -> Path:
    """Where the numbers of a picture go: beside it, under its name."""
    if form == "png":
        return picture.with_name(f"{picture.stem}-16bit.png")
    return picture.with_suffix(f".{form}")


def write_numbers(found: QualityMap, path: Path) -> None:
    """Write the values (H, W) of a quality map as a whole, in the format that the suffix names.

    Args:
        found: from :meth:`ssliqa.QualityModel.quality_map`.
        path: ``.npy`` (float64) and ``.csv`` (a line for each row of pixels) hold scores in the
            scale of the ratings; in a ``.png`` of 16-bit grays, 0 and 65535 are the scale's lower
            and upper limit, and its text says so.

    Raises:
        ConfigError: another suffix.
    """
    scale, values = found.scale, found.values
    with whole_file(path) as temporary:
        match path.suffix.lower():
            case ".npy":
                np.save(temporary, values, allow_pickle=False)
            case ".csv":
                np.savetxt(temporary, values, fmt="%.6g", delimiter=",")
            case ".png":
                share = ((values - scale.low) / (scale.high - scale.low)).clip(0, 1)
                text = PngInfo()
                text.add_text("Description", f"quality, 0..{_MOST} = {scale.low:g}..{scale.high:g}")
                text.add_text("Scale", str(scale))
                gray = Image.fromarray(np.round(share * _MOST).astype(np.uint16))
                gray.save(temporary, pnginfo=text)
            case suffix:
                raise ConfigError(
                    f"Numbers cannot be written as '{suffix}'.", "Use .npy, .csv or .png."
                )
