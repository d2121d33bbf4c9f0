"""Degradations make a photograph worse, the more so the higher the severity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ssliqa.errors import ConfigError
from ssliqa.images.degradations import DEGRADATIONS, degrade

KINDS = tuple(DEGRADATIONS)


def rng():
    return np.random.default_rng(3)


@pytest.fixture(scope="module")
def photo():
    """Soft light with detail, in the middle of the range."""
    y, x = np.mgrid[0:96, 0:128]
    drawn = np.random.default_rng(0).normal(0, 12, (96, 128, 3))
    scene = 128 + 50 * np.sin(x / 9)[..., None] * np.cos(y / 7)[..., None] + drawn
    return scene.clip(0, 255).astype(np.uint8)


def distance(one, other):
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


@pytest.mark.parametrize("kind", KINDS)
def test_more_of_it_leads_further_away_from_the_photograph(photo, kind):
    severities = np.linspace(0, 1, 6)
    shown = [degrade(photo, kind, s, rng()) for s in severities]
    assert np.array_equal(shown[0], photo)
    assert (np.diff([distance(photo, image) for image in shown]) > 0).all()
    for image in shown:
        assert (image.shape, image.dtype) == (photo.shape, np.uint8)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_state_gives_the_same_pixels_and_the_photograph_stays(photo, kind):
    before = photo.copy()
    one, other = (degrade(photo, kind, 0.5, rng()) for _ in range(2))
    assert np.array_equal(one, other)
    assert np.array_equal(photo, before)
    copy = degrade(photo, kind, 0, rng())
    copy[:] = 0
    assert np.array_equal(photo, before)


def test_blur_is_that_of_a_gaussian_of_the_stated_deviation():
    # The response to a line is the kernel itself; its variance is that of the blur.
    line = np.zeros((41, 81, 3), np.uint8)
    line[:, 40] = 255
    row = degrade(line, "blur", 1, rng())[20, :, 0].astype(float)
    place = np.arange(81) - 40
    spread = np.sqrt((row * place**2).sum() / row.sum())
    assert spread == pytest.approx(5.3, abs=0.4)


def test_noise_has_the_stated_deviation_and_no_bias():
    gray = np.full((200, 200, 3), 128, np.uint8)
    for severity in (0.0, 0.25, 0.5):
        found = degrade(gray, "noise", severity, rng()).astype(float) - 128
        wanted = 0 if severity == 0 else 2 + 58 * severity**1.5
        assert found.std() == pytest.approx(wanted, rel=0.03, abs=0.3)
        assert abs(found.mean()) < 0.3


@pytest.mark.parametrize(("kind", "stops"), [("under", -4.5), ("over", 3.0)])
def test_exposure_multiplies_light_by_powers_of_two(kind, stops):
    levels = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, 2)
    found = degrade(levels, kind, 1, rng())[0, :, 0].astype(float) / 255
    light = (np.arange(256) / 255) ** 2.2 * 2.0**stops
    assert np.abs(found - light.clip(0, 1) ** (1 / 2.2)).max() <= 0.5 / 255 + 1e-9


def test_shake_is_the_mean_along_a_line():
    point = np.zeros((61, 61, 3), np.uint8)
    point[28:33, 28:33] = 255
    streak = degrade(point, "shake", 1, rng()).astype(float)[..., 0]
    assert streak.sum() == pytest.approx(25 * 255, rel=0.1)  # light is kept, but for rounding
    y, x = np.mgrid[0:61, 0:61] - 30.0
    weights = streak / streak.sum()
    moments = np.array([[x * x, x * y], [x * y, y * y]]).reshape(4, -1) @ weights.ravel()
    small, large = np.linalg.eigvalsh(moments.reshape(2, 2))
    assert large > 10 * small
    # A uniform line of length l has the variance l^2 / 12, and the square point 2 on top.
    assert large == pytest.approx(25.5**2 / 12 + 2, rel=0.15)


def test_jpeg_and_size_are_what_pillow_makes_of_them(photo):
    factor = 1.15 * 7.0
    small = (round(128 / factor), round(96 / factor))
    shrunk = Image.fromarray(photo).resize(small, Image.Resampling.BOX)
    expected = np.asarray(shrunk.resize((128, 96), Image.Resampling.BICUBIC))
    assert np.array_equal(degrade(photo, "small", 1, rng()), expected)
    blocks = degrade(photo, "jpeg", 1, rng()).astype(float)
    steps = np.abs(np.diff(blocks, axis=1)).mean(axis=(0, 2))
    assert steps[7::8].mean() > 2 * np.delete(steps, slice(7, None, 8)).mean()  # edges of blocks


@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    kind=st.sampled_from(KINDS),
    severity=st.floats(0, 1),
)
def test_any_size_and_severity_will_do(height, width, kind, severity):
    pixels = np.full((height, width, 3), 90, np.uint8)
    assert degrade(pixels, kind, severity, rng()).shape == pixels.shape


def test_what_there_is_not_is_refused(photo):
    with pytest.raises(ConfigError, match="no degradation 'fog'"):
        degrade(photo, "fog", 0.5, rng())
    with pytest.raises(ConfigError, match=r"The severity is 1\.5"):
        degrade(photo, "blur", 1.5, rng())
