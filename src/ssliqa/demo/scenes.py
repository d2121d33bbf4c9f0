"""Clean color scenes to take faulty pictures of: shipped photographs and procedural ones.

A :class:`Source` is one large faultless picture; :func:`view` cuts a photograph-sized view from it.
Two views of one source share content, so a source is also the *group* by which a split must keep
its views together: a test view then never shows content that a network was trained on.

The photographs lie inside the installed packages scikit-image, scikit-learn and matplotlib and
are read from there, never downloaded. A file that a version of a package no longer ships is passed
over; a package that is not installed is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ssliqa.demo.procedural import FAMILIES
from ssliqa.errors import MissingExtraError, SsliqaError

Pixels = NDArray[np.uint8]
"""A color picture, (H, W, 3), display-encoded sRGB."""


@dataclass(frozen=True)
class Photograph:
    """A photograph inside an installed package, and whom it is by.

    ``tint`` colors a monochrome photograph (linear gain per channel); None leaves it as it is.
    """

    name: str
    package: str
    distribution: str
    path: str
    credit: str
    tint: tuple[float, float, float] | None = None


_SKIMAGE = ("skimage", "scikit-image")
_SKLEARN = ("sklearn", "scikit-learn")

PHOTOGRAPHS: tuple[Photograph, ...] = (
    Photograph("astronaut", *_SKIMAGE, "data/astronaut.png", "NASA, public domain"),
    Photograph("cat", *_SKIMAGE, "data/chelsea.png", "Stéfan van der Walt, CC0"),
    Photograph("coffee", *_SKIMAGE, "data/coffee.png", "Rachel Michetti, CC0"),
    Photograph("rocket", *_SKIMAGE, "data/rocket.jpg", "SpaceX, CC0"),
    Photograph(
        "motorcycle", *_SKIMAGE, "data/motorcycle_left.png", "Middlebury Stereo Dataset 2014, CC0"
    ),
    Photograph("night sky", *_SKIMAGE, "data/hubble_deep_field.jpg", "NASA and ESA, public domain"),
    Photograph("cameraman", *_SKIMAGE, "data/camera.png", "Lav Varshney, CC0"),
    Photograph("bricks", *_SKIMAGE, "data/brick.png", "CC0 Textures", (1.12, 0.72, 0.55)),
    Photograph("grass", *_SKIMAGE, "data/grass.png", "CC0 Textures", (0.75, 1.05, 0.35)),
    Photograph("gravel", *_SKIMAGE, "data/gravel.png", "CC0 Textures", (1.05, 0.95, 0.82)),
    Photograph("temple", *_SKLEARN, "datasets/images/china.jpg", "danielbuechele, CC BY 2.0"),
    Photograph("flower", *_SKLEARN, "datasets/images/flower.jpg", "vultilion, CC BY 2.0"),
    Photograph(
        "admiral",
        "matplotlib",
        "matplotlib",
        "mpl-data/sample_data/grace_hopper.jpg",
        "James S. Davis, US Navy, public domain",
    ),
)


@dataclass(frozen=True)
class Source:
    """One large clean picture; ``group`` names its content for the split."""

    group: str
    pixels: Pixels


def photograph_sources() -> list[Source]:
    """The photographs that the installed packages hold.

    Raises:
        MissingExtraError: one of the packages is not installed.
        SsliqaError: the packages are there and none holds a known photograph.
    """
    sources = []
    for photograph in PHOTOGRAPHS:
        path = _package_root(photograph).joinpath(photograph.path)
        if path.is_file():
            sources.append(
                Source(f"photo-{photograph.name.replace(' ', '-')}", _read(path, photograph))
            )
    if not sources:
        raise SsliqaError(
            "None of the photographs that the demo uses is inside the installed packages.",
            "Reinstall them with: pip install --force-reinstall scikit-image scikit-learn",
        )
    return sources


def procedural_source(index: int, seed: int, size: tuple[int, int] = (512, 384)) -> Source:
    """A synthetic scene; each is a group of its own.

    Args:
        index: which one; the families come in turn.
        seed: the same seed and index give the same scene.
        size: width and height in pixels.
    """
    names = sorted(FAMILIES)
    family = names[index % len(names)]
    linear = FAMILIES[family](np.random.default_rng([seed, 1, index]), (size[1], size[0]))
    return Source(f"{family}-{seed}-{index}", encode_display(linear))


def view(
    source: Source, size: tuple[int, int], rng: np.random.Generator, reduction: float = 1.25
) -> NDArray[np.float32]:
    """Cut a random view from a source: another place, another distance, perhaps mirrored.

    Args:
        source: what to look at.
        size: width and height of the view in pixels.
        rng: chooses place, scale and mirroring.
        reduction: least factor of reduction, so that a view is sharper than its source; given up
            where the source is too small for it.

    Returns:
        (height, width, 3) linear light in 0..1.
    """
    height, width = source.pixels.shape[:2]
    largest = min(width / size[0], height / size[1])
    scale = rng.uniform(min(reduction, largest), largest)
    # Rounding must not push the box over the edge.
    box_width, box_height = min(size[0] * scale, width), min(size[1] * scale, height)
    left = rng.uniform(0, width - box_width)
    top = rng.uniform(0, height - box_height)
    box = (left, top, min(left + box_width, width), min(top + box_height, height))
    small = Image.fromarray(source.pixels).resize(size, Image.Resampling.LANCZOS, box=box)
    pixels = np.asarray(small)
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
    return decode_display(pixels)


def decode_display(pixels: Pixels) -> NDArray[np.float32]:
    """Display-encoded sRGB 0..255 -> linear light 0..1 (IEC 61966-2-1)."""
    return _LINEAR[pixels]


def encode_display(linear: NDArray[np.float32]) -> Pixels:
    """Linear light 0..1 -> display-encoded sRGB 0..255; light outside the range is clipped."""
    light = np.clip(linear, 0.0, 1.0)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255.0 * encoded).astype(np.uint8)


_CODES = np.arange(256) / 255.0
_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)


def _package_root(photograph: Photograph) -> Traversable:
    try:
        return files(photograph.package)
    except ModuleNotFoundError:
        raise MissingExtraError(photograph.distribution, "demo") from None


def _read(path: Traversable, photograph: Photograph) -> Pixels:
    with path.open("rb") as stream, Image.open(stream) as image:
        pixels = np.asarray(image.convert("RGB"))
    if photograph.tint is None:
        return pixels
    return encode_display(decode_display(pixels) * np.array(photograph.tint, np.float32))
