from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ssliqa.images import Protocol, resize_image


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)


def antialiased_bilinear(image, height, width):
    """Slow reference: a triangle as wide as the reduction, along each axis in turn."""

    def weights(old, new):
        scale = old / new
        reach = max(scale, 1.0)
        centers = (np.arange(new) + 0.5) * scale
        distance = np.abs(np.arange(old) + 0.5 - centers[:, None]) / reach
        kernel = np.clip(1 - distance, 0, None)
        return kernel / kernel.sum(axis=1, keepdims=True)

    rows, columns = weights(image.shape[0], height), weights(image.shape[1], width)
    return np.einsum("yh,hwc,xw->yxc", rows, image.astype(float), columns, optimize=True)


@pytest.mark.parametrize(
    "protocol",
    [
        Protocol(short=40, crop=32),
        Protocol(short=200, crop=32),
        Protocol(resize="exact", height=64, width=48, crop=32),
    ],
)
def test_resizing_is_bilinear_with_antialiasing(photo, protocol):
    resized = resize_image(photo, protocol)
    height, width = protocol.target_size(90, 120)
    assert resized.shape == (height, width, 3)
    assert resized.dtype == np.uint8
    # Pillow rounds to whole numbers after each of the two passes.
    np.testing.assert_allclose(resized, antialiased_bilinear(photo, height, width), atol=1.01)


def test_resizing_equals_what_torchvision_does_to_pillow_images(photo):
    transforms = pytest.importorskip("torchvision.transforms")
    theirs = transforms.Resize((64, 48))(Image.fromarray(photo))
    ours = resize_image(photo, Protocol(resize="exact", height=64, width=48, crop=32))
    np.testing.assert_array_equal(ours, np.asarray(theirs))


def test_a_photo_that_has_its_size_already_is_unchanged(photo):
    np.testing.assert_array_equal(resize_image(photo, Protocol(short=90, crop=32)), photo)


def test_a_uniform_photo_stays_uniform():
    flat = np.full((50, 70, 3), 137, np.uint8)
    assert (resize_image(flat, Protocol()) == 137).all()


def test_mirroring_before_or_after_is_the_same(photo):
    protocol = Protocol(short=45, crop=32)
    before = resize_image(np.ascontiguousarray(photo[:, ::-1]), protocol)
    np.testing.assert_array_equal(before, resize_image(photo, protocol)[:, ::-1])
