"""Near-identical photographs: what counts as one, and that every pair is found."""

import io
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ssliqa.data import similar
from ssliqa.data.similar import NEAR, near_pairs, perceptual_hash
from ssliqa.errors import MissingExtraError

pytest.importorskip("imagehash")


def scene(seed):
    """Rough shapes on a gradient (240, 320, 3)."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (18, 24, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((320, 240), Image.Resampling.BICUBIC))


def jpeg(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=30)
    return np.asarray(Image.open(stream))


COPIES = {
    "resaved": jpeg,
    "halved": lambda pixels: np.asarray(Image.fromarray(pixels).resize((160, 120))),
    "squeezed": lambda pixels: np.asarray(Image.fromarray(pixels).resize((512, 512))),
    "darkened": lambda pixels: (pixels * 0.6).astype(np.uint8),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("seed", range(3))
def test_a_copy_is_near_and_another_photograph_is_not(how, seed):
    original = perceptual_hash(scene(seed))
    assert original.shape == (256,)
    assert (original != perceptual_hash(COPIES[how](scene(seed)))).sum() <= NEAR
    assert (original != perceptual_hash(scene(seed + 10))).sum() > 2 * NEAR


@settings(max_examples=40)
@given(
    count=st.integers(1, 40),
    most=st.integers(0, 5),
    block=st.integers(1, 50),
    seed=st.integers(0, 99),
)
def test_all_pairs_within_the_distance_are_found_once_whatever_the_blocks(count, most, block, seed):
    hashes = np.random.default_rng(seed).random((count, 8)) < 0.5
    expected = [
        (one, two, int((hashes[one] != hashes[two]).sum()))
        for one in range(count)
        for two in range(one + 1, count)
        if (hashes[one] != hashes[two]).sum() <= most
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similar, "_BLOCK", block)
        pairs, distances = near_pairs(hashes, most)
    assert [(*pair, d) for pair, d in zip(pairs.tolist(), distances, strict=True)] == expected


def test_a_missing_package_gives_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "imagehash", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ssliqa\[datasets\]'"):
        perceptual_hash(scene(0))
