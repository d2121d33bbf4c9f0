"""Large JPEGs are decoded at a reduced scale, and nobody can tell from the result."""

import io

import numpy as np
import pytest
from difficult_photos import STORED
from file_makers import encoded, rgb_profile, seen_in_srgb
from PIL import Image

from ssliqa.errors import ImageReadError
from ssliqa.images import ImageCache, Protocol, read_image, read_photo, read_resized, resize_image

SMALL = Protocol(short=64, crop=48)


def waves(height, width):
    """Slow waves in three directions, (H, W, 3), whose true values at any place are known."""
    y, x = np.mgrid[:height, :width]
    return levels((y + 0.5) / height, (x + 0.5) / width).round().astype(np.uint8)


def levels(v, u):
    """The color at a share ``v`` of the height and ``u`` of the width."""
    phases = (9 * u + 2 * v, 5 * v - 7 * u, 4 * u + 8 * v + 1)
    return np.stack([128 + 90 * np.sin(phase) for phase in phases], axis=-1)


def expected(height, width):
    """What a perfect resize of the waves gives: they are slow, so the value at each center."""
    y, x = np.mgrid[:height, :width]
    return levels((y + 0.5) / height, (x + 0.5) / width)


def large(height, width, **options):
    return encoded(waves(height, width), "JPEG", **{"quality": 97, "subsampling": 0} | options)


@pytest.mark.parametrize(
    ("height", "width"), [(600, 800), (601, 803), (259, 1030), (1030, 259), (255, 255), (517, 519)]
)
def test_every_pixel_is_where_it_belongs_at_every_size(height, width):
    pixels = read_resized(large(height, width), SMALL)
    assert pixels.shape[:2] == SMALL.target_size(height, width)
    inside = np.abs(pixels - expected(*pixels.shape[:2]))[1:-1, 1:-1]
    # A shift of a third of a pixel would change these waves by more.
    assert inside.mean() < 0.6
    assert inside.max() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_of_an_odd_size_is_where_it_belongs(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = STORED[orientation](waves(603, 805))
    content = encoded(np.ascontiguousarray(stored), "JPEG", quality=97, subsampling=0, exif=exif)
    pixels = read_resized(content, SMALL)
    assert np.abs(pixels - expected(*pixels.shape[:2])).mean() < 0.6


def test_a_reduced_photo_is_much_like_a_whole_one_that_is_resized():
    rng = np.random.default_rng(3)
    rough = np.clip(waves(900, 1200) + rng.normal(0, 20, (900, 1200, 3)), 0, 255).astype(np.uint8)
    content = encoded(rough, "JPEG", quality=90)
    reduced = read_resized(content, SMALL).astype(float)
    whole = resize_image(read_image(content), SMALL)
    assert not np.array_equal(reduced, whole)  # it was reduced
    assert np.abs(reduced - whole).mean() < 1
    assert np.abs(reduced - whole).max() < 8


@pytest.mark.parametrize(("height", "width"), [(64, 64), (128, 170), (255, 340), (255, 2000)])
def test_below_four_times_the_size_every_bit_is_as_if_decoded_whole(height, width):
    content = large(height, width)
    whole = resize_image(read_image(content), SMALL)
    np.testing.assert_array_equal(read_resized(content, SMALL), whole)


def test_profiles_and_ink_are_converted_in_reduced_photos_too():
    profile = rgb_profile("Adobe RGB")
    pixels = read_resized(large(600, 800, icc_profile=profile), SMALL)
    true = seen_in_srgb(expected(*pixels.shape[:2]), "Adobe RGB")
    assert np.abs(pixels - true).mean() < 1.5
    ink = encoded(Image.new("CMYK", (800, 600), (255, 0, 0, 0)), "JPEG")
    np.testing.assert_allclose(read_resized(ink, SMALL)[30, 30], [0, 255, 255], atol=2)


def test_the_exact_resize_of_the_paper_is_reduced_by_its_own_sides():
    protocol = Protocol(resize="exact", height=64, width=48, crop=48)
    pixels = read_resized(large(600, 800), protocol)
    assert pixels.shape == (64, 48, 3)
    assert np.abs(pixels - expected(64, 48))[1:-1, 1:-1].mean() < 1


def test_the_cache_gives_the_very_pixels_that_are_scored(tmp_path):
    file = tmp_path / "large.jpg"
    file.write_bytes(large(601, 803))
    prepared = ImageCache(tmp_path / "cache", 10**9).prepare([file], SMALL, workers=1)
    np.testing.assert_array_equal(prepared.image(0), read_resized(file, SMALL))
    np.testing.assert_array_equal(prepared.image(0), read_photo(file.read_bytes(), SMALL).pixels)


def test_a_cut_photo_is_refused_at_a_reduced_scale_too():
    content = large(600, 800)
    for share in (0.3, 0.9, 0.99):
        with pytest.raises(ImageReadError, match="damaged or incomplete"):
            read_resized(content[: int(share * len(content))], SMALL)


def test_a_pillow_image_of_a_jpeg_is_read_whole():
    content = large(600, 800)
    with Image.open(io.BytesIO(content)) as image:
        pixels = read_resized(image, SMALL)
    np.testing.assert_array_equal(pixels, resize_image(read_image(content), SMALL))
