from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssliqa.errors import ConfigError
from ssliqa.images import crop_views, grid_crops, random_crop

# Just below 1, where a product may round up to one position too many.
uniforms = st.floats(0, 1, exclude_max=True) | st.just(np.nextafter(1.0, 0.0))


def pixels_that_know_their_place(height, width):
    y, x = np.mgrid[:height, :width]
    return np.stack([y, x, np.full_like(y, 7)], axis=2).astype(np.uint8)


@given(st.integers(5, 200), st.integers(5, 200), st.integers(1, 5), uniforms, uniforms)
def test_a_random_crop_lies_inside_the_image(height, width, crop, u, v):
    cut = random_crop(pixels_that_know_their_place(height, width), crop, u, v, flip=False)
    top, left = int(cut[0, 0, 0]), int(cut[0, 0, 1])
    assert cut.shape == (crop, crop, 3)
    assert 0 <= top <= height - crop
    assert 0 <= left <= width - crop
    np.testing.assert_array_equal(cut[:, 0, 0], np.arange(top, top + crop))
    np.testing.assert_array_equal(cut[0, :, 1], np.arange(left, left + crop))


@given(uniforms, uniforms)
def test_a_flip_is_the_mirror_and_the_buffer_receives_the_same_pixels(u, v):
    image = np.random.default_rng(3).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    plain = random_crop(image, 16, u, v, flip=False)
    mirrored = random_crop(image, 16, u, v, flip=True)
    np.testing.assert_array_equal(mirrored, np.fliplr(plain))
    for flip, expected in ((False, plain), (True, mirrored)):
        batch = np.zeros((2, 16, 16, 3), np.uint8)
        returned = random_crop(image, 16, u, v, flip, out=batch[1])
        assert np.shares_memory(returned, batch)
        np.testing.assert_array_equal(batch[1], expected)
        assert not batch[0].any()


def test_every_position_is_equally_likely():
    image = pixels_that_know_their_place(8, 6)
    steps = (np.arange(1000) + 0.5) / 1000
    tops = [random_crop(image, 4, u, 0.0, flip=False)[0, 0, 0] for u in steps]
    lefts = [random_crop(image, 4, 0.0, v, flip=False)[0, 0, 1] for v in steps]
    np.testing.assert_array_equal(np.bincount(tops), [200] * 5)
    np.testing.assert_allclose(np.bincount(lefts), [1000 / 3] * 3, atol=1)


@given(st.integers(9, 120), st.integers(9, 120), st.integers(2, 5))
def test_the_grid_touches_all_borders_and_is_even(height, width, grid):
    crops = grid_crops(pixels_that_know_their_place(height, width), 9, grid)
    assert crops.shape == (grid * grid, 9, 9, 3)
    corners = crops[:, 0, 0].reshape(grid, grid, 3).astype(int)
    tops, lefts = corners[:, 0, 0], corners[0, :, 1]
    assert (corners[..., 0] == tops[:, None]).all()
    assert (corners[..., 1] == lefts).all()
    for starts, room in ((tops, height - 9), (lefts, width - 9)):
        assert starts[0] == 0
        assert starts[-1] == room
        assert np.abs(starts - np.linspace(0, room, grid)).max() <= 0.5


def test_the_grid_of_the_default_protocol_stands_where_it_always_stood():
    image = np.zeros((336, 448, 3), np.uint8)
    image[:, :, 0] = np.arange(336)[:, None] // 2
    image[:, :, 1] = np.arange(448) // 2
    starts = grid_crops(image, 224, 3)[:, 0, 0, :2] * 2
    expected = [(y, x) for y in (0, 56, 112) for x in (0, 112, 224)]
    np.testing.assert_array_equal(starts, expected)


def test_a_grid_of_one_is_the_center_crop():
    crops = grid_crops(pixels_that_know_their_place(20, 30), 10, 1)
    np.testing.assert_array_equal(crops[0, 0, 0], [5, 10, 7])


def test_an_image_of_the_crop_size_gives_itself():
    image = pixels_that_know_their_place(12, 12)
    assert (grid_crops(image, 12, 3) == image).all()
    assert (random_crop(image, 12, 0.99, 0.5, flip=False) == image).all()


@pytest.mark.parametrize("size", [(10, 30), (30, 10)])
def test_an_image_smaller_than_the_crop_is_refused(size):
    image = np.zeros((*size, 3), np.uint8)
    with pytest.raises(ConfigError, match=f"crop of 16 does not fit into an image of {size[0]} x"):
        random_crop(image, 16, 0.0, 0.0, flip=False)
    with pytest.raises(ConfigError, match="Resize the image"):
        grid_crops(image, 16, 3)


@pytest.mark.parametrize("count", [4, 8, 16, 64])
def test_views_spread_evenly_and_every_second_one_is_mirrored(count):
    views = crop_views(count)
    assert views.shape == (count, 3)
    assert ((views[:, :2] >= 0) & (views[:, :2] < 1)).all()
    assert views[:, 2].tolist() == [k % 2 for k in range(count)]
    # As even as a grid would be, up to a factor: no two views are close, in units of grid steps.
    distance = np.linalg.norm(views[:, None, :2] - views[None, :, :2], axis=2)
    assert distance[~np.eye(count, dtype=bool)].min() > 0.4 / np.sqrt(count)
    for axis in (0, 1):
        counts = np.histogram(views[:, axis], bins=4, range=(0, 1))[0]
        assert counts.max() - counts.min() <= max(2, count // 16)


def test_more_views_include_the_fewer():
    np.testing.assert_array_equal(crop_views(9)[:5], crop_views(5))
