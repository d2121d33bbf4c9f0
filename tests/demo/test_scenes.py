import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssliqa.demo import scenes
from ssliqa.demo.procedural import FAMILIES, power_noise
from ssliqa.demo.scenes import (
    PHOTOGRAPHS,
    Photograph,
    decode_display,
    encode_display,
    photograph_sources,
    procedural_source,
    view,
)
from ssliqa.errors import MissingExtraError, SsliqaError


def test_the_installed_packages_hold_the_photographs_they_are_known_for():
    sources = photograph_sources()
    assert len(sources) == len(PHOTOGRAPHS)
    assert len({source.group for source in sources}) == len(sources)
    for source in sources:
        assert source.pixels.dtype == np.uint8
        assert source.pixels.shape[2] == 3
        assert min(source.pixels.shape[:2]) >= 300


def test_a_package_that_is_missing_names_the_extra_to_install(monkeypatch):
    absent = Photograph("x", "no_such_package_here", "no-such-package", "x.png", "nobody")
    monkeypatch.setattr(scenes, "PHOTOGRAPHS", (absent,))
    with pytest.raises(MissingExtraError, match=r"no-such-package.*ssliqa\[demo\]"):
        photograph_sources()


def test_a_photograph_that_a_package_no_longer_ships_is_passed_over(monkeypatch):
    gone = Photograph("gone", "skimage", "scikit-image", "data/gone.png", "nobody")
    monkeypatch.setattr(scenes, "PHOTOGRAPHS", (gone, PHOTOGRAPHS[0]))
    assert [source.group for source in photograph_sources()] == ["photo-astronaut"]
    monkeypatch.setattr(scenes, "PHOTOGRAPHS", (gone,))
    with pytest.raises(SsliqaError, match="Reinstall"):
        photograph_sources()


@pytest.mark.parametrize("index", range(len(FAMILIES)))
def test_a_synthetic_scene_depends_on_its_seed_alone_and_is_neither_flat_nor_clipped(index):
    first = procedural_source(index, seed=4, size=(192, 144))
    again = procedural_source(index, seed=4, size=(192, 144))
    other = procedural_source(index, seed=5, size=(192, 144))
    assert np.array_equal(first.pixels, again.pixels)
    assert not np.array_equal(first.pixels, other.pixels)
    assert first.group != other.group
    assert first.pixels.shape == (144, 192, 3)
    assert first.pixels.std() > 10
    assert np.isin(first.pixels, (0, 255)).mean() < 0.3


def test_power_noise_has_the_spectrum_it_promises():
    slope = 1.2
    spectrum = np.abs(np.fft.fft2(power_noise(np.random.default_rng(0), (256, 256), slope)))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256)))
    band = (frequency > 0.03) & (frequency < 0.3)
    fitted = np.polyfit(np.log(frequency[band]), np.log(spectrum[band]), 1)[0]
    assert fitted == pytest.approx(-slope, abs=0.05)


def test_display_encoding_is_undone_by_decoding_and_matches_the_standard():
    codes = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert np.array_equal(encode_display(decode_display(codes)), codes)
    # IEC 61966-2-1: middle gray of 18 % reflectance has code 118.
    assert encode_display(np.full((1, 1, 3), 0.18, np.float32)).ravel().tolist() == [118] * 3


@given(
    width=st.integers(32, 400),
    height=st.integers(32, 300),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_view_has_the_size_asked_for_whatever_the_source(width, height, seed):
    pixels = np.random.default_rng(0).integers(0, 256, (150, 220, 3), dtype=np.uint8)
    seen = view(scenes.Source("g", pixels), (width, height), np.random.default_rng(seed))
    assert seen.shape == (height, width, 3)
    assert seen.dtype == np.float32
    assert seen.min() >= 0
    assert seen.max() <= 1
