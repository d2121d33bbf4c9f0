"""Photographs that show the same picture: copies resized, resaved, darkened or slightly cropped.

Each photograph gets a perceptual hash of 256 bits (the signs of the low frequencies of its
brightness); hashes of copies differ in few bits. Measured once on 2430 photographs (930 of LIVE
Challenge, 1500 others): on 60 of them JPEG at quality 30, halving, squeezing to 512x512 and
darkening changed at most 6 bits, cropping 1.5 % off each side at most 36. Of the 3 million pairs 3
are within 40 bits, two shots of one scene at the least, and no other pair within 60.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ssliqa.errors import MissingExtraError

_HASH_SIDE = 16
NEAR = 40
"""Most bits, of 256, in which the hashes of near-identical photographs differ."""

_BLOCK = 2048


def need_imagehash() -> None:
    """Refuse where the package that hashes is missing, before anything long begins.

    Raises:
        MissingExtraError: it is missing.
    """
    try:
        import imagehash  # noqa: F401
    except ImportError:
        raise MissingExtraError("imagehash", "datasets") from None


def perceptual_hash(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Hash a photograph.

    Args:
        pixels: RGB (H, W, 3), 0..255.

    Returns:
        Bits, shape (256,).

    Raises:
        MissingExtraError: the package that hashes is missing.
    """
    need_imagehash()
    import imagehash

    hashed = imagehash.phash(Image.fromarray(pixels), hash_size=_HASH_SIDE)
    return np.asarray(hashed.hash, dtype=bool).ravel()


def near_pairs(
    hashes: NDArray[np.bool_], most: int = NEAR
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find all pairs of hashes that differ in few bits.

    The Hamming distances of a block of hashes to another are one product of matrices, so that
    40,000 photographs take some ten seconds on one core.

    Args:
        hashes: bits, shape (N, B).
        most: largest distance of a pair.

    Returns:
        Pairs, shape (P, 2), the smaller index first, in lexical order; and distances, shape (P,).
    """
    signs = hashes.astype(np.float32) * 2 - 1
    count, bits = signs.shape
    pairs, distances = [np.empty((0, 2), dtype=np.intp)], [np.empty(0, dtype=np.intp)]
    for start in range(0, count, _BLOCK):
        for other in range(start, count, _BLOCK):
            alike = signs[start : start + _BLOCK] @ signs[other : other + _BLOCK].T
            # Equal bits add 1 to the product, different ones -1.
            apart = (bits - alike) / 2
            one, two = np.nonzero(apart <= most)
            first = one + start < two + other
            one, two = one[first], two[first]
            pairs.append(np.column_stack([one + start, two + other]))
            distances.append(np.rint(apart[one, two]).astype(np.intp))
    found, apart_by = np.concatenate(pairs), np.concatenate(distances)
    order = np.lexsort((found[:, 1], found[:, 0]))
    return found[order], apart_by[order]
