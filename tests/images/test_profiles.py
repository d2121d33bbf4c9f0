"""What the corpus of difficult photos does not show about color profiles."""

import time

import numpy as np
from file_makers import rgb_profile
from PIL import Image, ImageCms

from ssliqa.images.profiles import to_srgb

PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8))


def test_a_profile_that_is_srgb_in_effect_costs_nothing():
    own, pillows = rgb_profile("sRGB"), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    for profile in (own, pillows.tobytes()):
        converted, note = to_srgb(PHOTO, profile)
        assert converted is PHOTO
        assert note == ""


def test_photos_of_one_camera_share_the_work_of_building_a_conversion():
    profile = rgb_profile("Display P3")
    begun = time.process_time()
    to_srgb(PHOTO, profile)
    first = time.process_time() - begun
    begun = time.process_time()
    for _ in range(10):
        to_srgb(PHOTO, bytes(bytearray(profile)))
    assert time.process_time() - begun < max(10 * first, 0.05)


def test_a_photo_without_a_profile_is_left_as_it_is():
    assert to_srgb(PHOTO, None) == (PHOTO, "")
    assert to_srgb(PHOTO, b"") == (PHOTO, "")
