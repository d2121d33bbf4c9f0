"""The protocol: how a photograph becomes network input.

A photograph is resized once and never padded; networks then see square crops of it, at random
positions in training and on a fixed grid in tests. A trained model carries its protocol, since
a score means nothing at another size.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ssliqa.errors import ConfigError

Resize = Literal["short", "exact"]
TestCrops = Literal["grid", "scattered"]

# Beyond this aspect ratio the longer side is squeezed, so that a panorama of any length costs
# at most four times the pixels of a square photograph.
MAX_ASPECT = 4

SCATTERED = 10
"""Test crops of a photo where they are scattered, as many as in the published code."""


@dataclass(frozen=True)
class Protocol:
    """Sizes, in pixels, that lead from a decoded photograph to network input.

    Raises:
        ConfigError: a size is not a positive integer, or a crop does not fit the resized photo.
    """

    resize: Resize = "short"
    """``short`` keeps the aspect ratio; ``exact`` forces ``height`` x ``width`` as the published
    SSLIQA code does (it swaps the two, so that landscape photographs come out in portrait)."""

    short: int = 512
    """Short side after the ``short`` resize. Small photographs are enlarged to it; the longer
    side is bounded to four times this."""

    height: int = 512
    """Height after the ``exact`` resize; unused otherwise."""

    width: int = 384
    """Width after the ``exact`` resize; unused otherwise."""

    crop: int = 224
    """Side of the square crops the network sees."""

    test_crops: TestCrops = "grid"
    """Where test crops lie: on an even ``grid``, or ``scattered`` at 10 positions that were drawn
    once for all photos (the published code draws anew for each photo and each run)."""

    grid: int = 3
    """Test crops per side: ``grid`` x ``grid`` fixed crops, evenly spread from border to border."""

    def __post_init__(self) -> None:
        if self.resize not in get_args(Resize):
            raise ConfigError(
                f"resize is {self.resize!r}, which is no known way to resize.",
                f"Use one of: {', '.join(get_args(Resize))}.",
            )
        if self.test_crops not in get_args(TestCrops):
            raise ConfigError(
                f"test_crops is {self.test_crops!r}, which is no known way to place crops.",
                f"Use one of: {', '.join(get_args(TestCrops))}.",
            )
        for name in ("short", "height", "width", "crop", "grid"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ConfigError(
                    f"{name} is {value!r}, but must be an integer of 1 or more.",
                    f"The default is {name}={getattr(Protocol, name)}.",
                )
        side, sides = (
            (self.short, f"short={self.short}")
            if self.resize == "short"
            else (min(self.height, self.width), f"height={self.height}, width={self.width}")
        )
        if self.crop > side:
            raise ConfigError(
                f"crop={self.crop} does not fit into a photo resized to {sides}.",
                f"Use a crop of at most {side}, or resize to more.",
            )

    @property
    def test_count(self) -> int:
        """Crops on which a photo is scored."""
        return SCATTERED if self.test_crops == "scattered" else self.grid**2

    def target_size(self, height: int, width: int) -> tuple[int, int]:
        """Size after the resize, as (height, width), of a photo of ``height`` x ``width``."""
        if self.resize == "exact":
            return self.height, self.width
        shorter, longer = sorted((height, width))
        scaled = (2 * longer * self.short + shorter) // (2 * shorter)  # rounded half up
        scaled = min(scaled, MAX_ASPECT * self.short)
        return (self.short, scaled) if height <= width else (scaled, self.short)

    def digest(self) -> str:
        """Hexadecimal digest of what the resized pixels depend on: not of the crops."""
        if self.resize == "exact":
            parts: tuple[object, ...] = (self.resize, self.height, self.width)
        else:
            parts = (self.resize, self.short, MAX_ASPECT)
        return hashlib.blake2b(json.dumps(parts).encode(), digest_size=8).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """All fields by name; :meth:`from_dict` reads them back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Protocol:
        """Build a protocol from names and values; fields left out take their defaults.

        Raises:
            ConfigError: a name is unknown or a value is out of range.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ConfigError(
                f"The image protocol has no setting named {', '.join(unknown)}.",
                f"Known settings: {', '.join(known)}.",
            )
        return cls(**values)
