import io
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ssliqa.demo.distortions import (
    Faults,
    capture,
    convolve,
    disc,
    hazy,
    jpeg_quality,
    noisy,
    photograph,
    streak,
)
from ssliqa.demo.scenes import encode_display, photograph_sources, view
from ssliqa.errors import ConfigError

KINDS = [field.name for field in fields(Faults)]


@pytest.fixture(scope="module")
def scene():
    return view(photograph_sources()[0], (128, 96), np.random.default_rng(0))


def shot(scene, faults, seed=0):
    content = photograph(scene, faults, np.random.default_rng(seed))
    return np.asarray(Image.open(io.BytesIO(content))).astype(float)


def test_a_camera_without_faults_takes_the_scene_as_it_is(scene):
    taken = capture(scene, Faults(), np.random.default_rng(0))
    assert np.array_equal(taken, encode_display(scene))


@pytest.mark.parametrize("kind", KINDS)
def test_a_worse_fault_takes_the_photograph_further_from_the_scene(scene, kind):
    clean = encode_display(scene).astype(float)
    errors = [
        np.sqrt(np.mean((shot(scene, Faults(**{kind: severity})) - clean) ** 2))
        for severity in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert all(one < other for one, other in pairwise(errors)), errors


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_file(scene, kind):
    faults = Faults(**{kind: 0.6})
    one, other = (photograph(scene, faults, np.random.default_rng(3)) for _ in range(2))
    assert one == other


@pytest.mark.parametrize("severity", [-0.1, 1.1, float("nan")])
def test_a_severity_outside_its_range_is_refused_by_name(severity):
    with pytest.raises(ConfigError, match="haze"):
        Faults(haze=severity)


@given(length=st.floats(1.5, 20), angle=st.floats(0, np.pi), radius=st.floats(0.4, 5))
def test_blur_keeps_the_light(length, angle, radius):
    for kernel in (disc(radius), streak(length, angle)):
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert kernel.min() >= 0
        assert kernel.shape[0] == kernel.shape[1]


def test_convolution_equals_a_plain_sum_over_the_mirrored_picture():
    rng = np.random.default_rng(0)
    light, kernel = rng.random((9, 11, 3)).astype(np.float32), disc(1.5)
    reach = kernel.shape[0] // 2
    padded = np.pad(light, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    slow = np.zeros_like(light)
    for row in range(9):
        for column in range(11):
            window = padded[row : row + 2 * reach + 1, column : column + 2 * reach + 1]
            slow[row, column] = (window * kernel[::-1, ::-1, None]).sum((0, 1))
    np.testing.assert_allclose(convolve(light, kernel), slow, atol=1e-5)


def test_noise_grows_with_the_light_as_shot_noise_does():
    # Variance is affine in the light: three levels lie on one line.
    levels = np.array([0.2, 0.4, 0.8], np.float32)
    variances = [
        (
            noisy(np.full((128, 128, 3), level, np.float32), 0.5, np.random.default_rng(1)) - level
        ).var()
        for level in levels
    ]
    slopes = np.diff(variances) / np.diff(levels)
    assert slopes[0] == pytest.approx(slopes[1], rel=0.01)
    assert slopes[0] > 0


def test_haze_pulls_every_pixel_toward_the_air(scene):
    assert hazy(scene, 0.8).std() < 0.5 * scene.std()


def test_compression_spans_fine_to_coarse():
    assert [jpeg_quality(severity) for severity in (0, 0.5, 1)] == [96, 24, 6]
