import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssliqa.demo.distortions import Faults
from ssliqa.demo.raters import DISLIKE, Content, Panel, latent_quality, visibility

AVERAGE = Content(detail=0.5, brightness=0.45)
KINDS = list(Faults().severities())
UNIT = st.floats(0, 1)


def test_every_kind_of_fault_is_disliked_and_visible():
    assert set(DISLIKE) == set(KINDS) == set(visibility(AVERAGE))


@given(kind=st.sampled_from(KINDS), low=UNIT, high=UNIT, detail=UNIT, brightness=UNIT)
def test_a_worse_fault_never_looks_better(kind, low, high, detail, brightness):
    low, high = sorted((low, high))
    content = Content(detail, brightness)
    mild = latent_quality(Faults(**{kind: low}), content)
    severe = latent_quality(Faults(**{kind: high}), content)
    assert 1 <= severe <= mild <= 4.9


def test_two_faults_are_worse_than_either():
    both = latent_quality(Faults(noise=0.4, defocus=0.4), AVERAGE)
    assert both < latent_quality(Faults(noise=0.4), AVERAGE)
    assert both < latent_quality(Faults(defocus=0.4), AVERAGE)


def test_detail_masks_noise_and_shows_blur():
    plain, gravel = Content(0.0, 0.45), Content(1.0, 0.45)
    assert latent_quality(Faults(noise=0.5), gravel) > latent_quality(Faults(noise=0.5), plain)
    assert latent_quality(Faults(defocus=0.5), gravel) < latent_quality(Faults(defocus=0.5), plain)


def test_content_is_measured_between_a_wall_and_gravel():
    rng = np.random.default_rng(0)
    wall = Content.of(np.full((64, 64, 3), 128, np.uint8))
    gravel = Content.of(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    assert wall.detail == pytest.approx(0)
    assert wall.brightness == pytest.approx(128 / 255)
    assert gravel.detail == 1.0


def test_every_rater_votes_once_and_the_same_seed_repeats_the_votes():
    votes = Panel(20, seed=1).vote(3.2, np.random.default_rng(5))
    assert votes.sum() == 20
    assert votes.shape == (5,)
    assert np.array_equal(votes, Panel(20, seed=1).vote(3.2, np.random.default_rng(5)))


def test_a_large_panel_agrees_with_the_latent_quality_on_average():
    panel, levels = Panel(2000, seed=0), np.arange(1, 6)
    for quality in (2.0, 3.0, 4.0):
        means = [
            panel.vote(quality, np.random.default_rng(seed)) @ levels / 2000 for seed in range(100)
        ]
        assert np.mean(means) == pytest.approx(quality, abs=0.1)
