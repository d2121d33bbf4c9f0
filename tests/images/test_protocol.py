from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssliqa.errors import ConfigError
from ssliqa.images import Protocol, fixed_crops


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((768, 1024), (512, 683)),
        ((1024, 768), (683, 512)),
        ((500, 500), (512, 512)),
        ((100, 150), (512, 768)),  # small photos are enlarged
        ((1, 1), (512, 512)),
        ((100, 5000), (512, 2048)),  # a panorama is squeezed to four times the short side
        ((5000, 100), (2048, 512)),
    ],
)
def test_the_short_side_is_set_and_the_longer_follows(size, expected):
    assert Protocol().target_size(*size) == expected


def test_as_many_test_crops_are_announced_as_are_cut(photo):
    for protocol in (Protocol(crop=64, grid=2), Protocol(crop=64, test_crops="scattered")):
        assert len(fixed_crops(photo, protocol)) == protocol.test_count


def test_the_published_resize_forces_512_high_and_384_wide():
    published = Protocol(resize="exact")
    assert published.target_size(768, 1024) == (512, 384)
    assert published.target_size(30, 20) == (512, 384)


@given(st.integers(1, 30_000), st.integers(1, 30_000))
def test_a_resized_photo_holds_a_crop_keeps_its_aspect_ratio_and_is_bounded(height, width):
    protocol = Protocol()
    new = protocol.target_size(height, width)
    assert min(new) == protocol.short >= protocol.crop
    assert max(new) <= 4 * protocol.short
    aspect = max(height, width) / min(height, width)
    if aspect <= 4:
        assert abs(max(new) - aspect * protocol.short) <= 0.5
    assert protocol.target_size(width, height) == new[::-1]


def test_the_digest_depends_on_what_changes_pixels_only():
    base = Protocol().digest()
    assert Protocol(crop=192, grid=5, height=600).digest() == base
    assert Protocol(short=384).digest() != base
    assert Protocol(resize="exact").digest() != base
    assert Protocol(resize="exact", short=300).digest() == Protocol(resize="exact").digest()
    assert Protocol(resize="exact", width=400).digest() != Protocol(resize="exact").digest()


def test_a_protocol_survives_its_dictionary():
    protocol = Protocol(resize="exact", height=400, crop=200, grid=2)
    assert Protocol.from_dict(protocol.as_dict()) == protocol
    assert Protocol.from_dict({}) == Protocol()


def test_an_unknown_setting_is_refused_and_the_known_ones_are_named():
    with pytest.raises(ConfigError, match=r"named chop, sort\. Known settings: resize, short,"):
        Protocol.from_dict({"sort": 1, "chop": 224, "crop": 224})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"crop": 0}, "crop is 0"),
        ({"short": -512}, "short is -512"),
        ({"grid": True}, "grid is True"),
        ({"width": 384.0}, "width is 384.0"),
        ({"resize": "long"}, "resize is 'long'.*short, exact"),
        ({"crop": 513}, "crop=513 does not fit into a photo resized to short=512"),
        ({"resize": "exact", "crop": 400}, "height=512, width=384.*at most 384"),
    ],
)
def test_an_impossible_protocol_is_refused(values, words):
    with pytest.raises(ConfigError, match=words):
        Protocol(**values)


def test_a_size_that_the_chosen_resize_does_not_use_is_no_obstacle():
    assert Protocol(resize="exact", short=100).crop == 224
    assert Protocol(height=100, width=100).crop == 224
