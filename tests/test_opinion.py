"""Conversions of opinion scores, against slow references, published laws and real ratings."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from ssliqa.errors import ConfigError, LabelTableError
from ssliqa.opinion import (
    ACR,
    SOS_DEFAULT,
    Scale,
    distribution_mean,
    distribution_std,
    fold_levels,
    mos_std_to_distribution,
    mos_to_distribution,
    votes_to_distribution,
)

SHARED = (Path(__file__).parents[1] / ".." / "shared/data").resolve()
KONIQ = SHARED / "label_files/koniq10k_distributions_sets.csv"

levels = st.floats(1, 5)
spreads = st.floats(0, 3)
finite = st.floats(-1e6, 1e6)
scales = st.builds(
    lambda low, width, better: Scale(low, low + width, better),
    st.floats(-1e3, 1e3),
    st.floats(0.01, 1e3),
    st.booleans(),
)


def mirrored(distribution):
    return distribution[:, ::-1]


@pytest.fixture(scope="module")
def koniq():
    if not KONIQ.exists():
        pytest.skip("needs ../shared/data/label_files with the ratings of KonIQ-10k")
    columns = np.genfromtxt(KONIQ, delimiter=",", skip_header=1, usecols=range(1, 6))
    return votes_to_distribution(columns)


class TestScale:
    @pytest.mark.parametrize(
        ("text", "low", "high"),
        [
            ("0-100", 0, 100),
            ("1-5", 1, 5),
            (" 0 - 1 ", 0, 1),
            ("0.5-9.25", 0.5, 9.25),
            ("-1:1", -1, 1),
            ("-1-1", -1, 1),
            ("-2--1", -2, -1),
            ("0:1e3", 0, 1000),
        ],
    )
    def test_limits_are_read(self, text, low, high):
        assert Scale.parse(text) == Scale(low, high)

    def test_direction_comes_from_the_argument_or_the_text(self):
        assert Scale.parse("0-100", higher_is_better=False) == Scale(0, 100, False)
        assert Scale.parse("0-100, lower is better") == Scale(0, 100, False)
        with pytest.raises(ConfigError, match="contradicts"):
            Scale.parse("0-100, lower is better", higher_is_better=True)

    @pytest.mark.parametrize("text", ["", "100", "0-", "low-high", "0-100-200", "0-1, better"])
    def test_other_texts_are_refused_with_an_example(self, text):
        with pytest.raises(ConfigError, match="for example 0-100"):
            Scale.parse(text)

    @pytest.mark.parametrize("text", ["5-1", "1-1", "0-1e999"])
    def test_impossible_limits_are_refused(self, text):
        with pytest.raises(ConfigError, match="not possible"):
            Scale.parse(text)

    def test_text_names_limits_and_an_unusual_direction(self):
        assert str(Scale(0, 100)) == "0-100"
        assert str(Scale(0, 0.5, higher_is_better=False)) == "0-0.5, lower is better"
        assert str(Scale(-1, 1)) == "-1:1"

    @given(scales)
    def test_text_and_json_give_the_scale_back(self, scale):
        assert Scale.parse(str(scale)) == scale
        assert Scale.from_dict(json.loads(json.dumps(scale.as_dict()))) == scale

    @pytest.mark.parametrize(
        "data", [{}, {"low": 0, "high": 1}, {"low": "0", "high": 1, "higher_is_better": True}]
    )
    def test_other_dictionaries_are_refused(self, data):
        with pytest.raises(ConfigError, match="is not a scale"):
            Scale.from_dict(data)

    def test_ends_and_middle_map_to_levels_in_both_directions(self):
        np.testing.assert_allclose(Scale(0, 100).to_levels([0, 50, 100]), [1, 3, 5])
        np.testing.assert_allclose(Scale(0, 100, False).to_levels([0, 50, 100]), [5, 3, 1])
        np.testing.assert_array_equal(ACR.to_levels([1, 2, 3.5, 5]), [1, 2, 3.5, 5])

    @given(scales, st.lists(finite, min_size=1, max_size=5))
    def test_there_and_back_is_the_identity(self, scale, values):
        width = scale.high - scale.low
        tolerance = 1e-9 * (1 + max(map(abs, values)) + abs(scale.low) + width)
        back = scale.from_levels(scale.to_levels(values))
        np.testing.assert_allclose(back, values, rtol=0, atol=tolerance)
        back = scale.std_from_levels(scale.std_to_levels(values))
        np.testing.assert_allclose(back, values, rtol=1e-9, atol=1e-12)

    def test_an_sd_has_no_direction(self):
        assert Scale(0, 100).std_to_levels(25) == Scale(0, 100, False).std_to_levels(25) == 1


class TestVotes:
    def test_counts_and_shares_give_the_same_distribution(self):
        counts = np.array([[0, 1, 3, 4, 2], [10, 0, 0, 0, 0]])
        expected = [[0, 0.1, 0.3, 0.4, 0.2], [1, 0, 0, 0, 0]]
        np.testing.assert_allclose(votes_to_distribution(counts), expected)
        np.testing.assert_allclose(votes_to_distribution(counts / 10), expected)

    @pytest.mark.parametrize("bad", [[0, 0, 0, 0, 0], [1, -1, 1, 1, 1], [1, np.nan, 0, 0, 0]])
    def test_rows_without_usable_votes_are_named(self, bad):
        with pytest.raises(LabelTableError, match=r"1 of 2 rows hold no usable votes.*: rows 1,"):
            votes_to_distribution([[1, 1, 1, 1, 1], bad])

    def test_five_levels_fold_to_themselves(self):
        shares = np.random.default_rng(0).dirichlet(np.ones(5), size=20)
        np.testing.assert_allclose(fold_levels(shares), shares, atol=1e-15)

    @given(st.integers(2, 12), st.integers(0, 2**32 - 1))
    def test_folding_keeps_the_mean_and_the_mirror_image(self, count, seed):
        shares = np.random.default_rng(seed).dirichlet(np.ones(count), size=4)
        folded = fold_levels(shares)
        mean = shares @ np.arange(1, count + 1)
        np.testing.assert_allclose(folded.sum(axis=1), 1)
        np.testing.assert_allclose(distribution_mean(folded), Scale(1, count).to_levels(mean))
        np.testing.assert_allclose(fold_levels(mirrored(shares)), mirrored(folded), atol=1e-12)

    def test_one_level_cannot_be_folded(self):
        with pytest.raises(LabelTableError, match="at least two"):
            fold_levels([[1.0]])


def slow_distribution(mos, std):
    """One image at a time, with scipy's normal: scan centers for the mean, then refine."""
    sigma = np.sqrt(max(std**2 - 1 / 12, 1e-6))
    edges = [-np.inf, 1.5, 2.5, 3.5, 4.5, np.inf]
    centers = np.linspace(1 - 12 * sigma, 5 + 12 * sigma, 2001)
    for _ in range(6):
        shares = np.diff(norm.cdf(edges, loc=centers[:, None], scale=sigma), axis=1)
        best = np.abs(shares @ np.arange(1, 6) - mos).argmin()
        step = centers[1] - centers[0]
        centers = np.linspace(centers[best] - step, centers[best] + step, 2001)
    return shares[best]


class TestMosAndStd:
    @pytest.mark.parametrize("mos", [1.3, 2.5, 3.0, 4.4])
    @pytest.mark.parametrize("std", [0.35, 0.6, 1.2])
    def test_agrees_with_a_slow_reference(self, mos, std):
        fast = mos_std_to_distribution([mos], [std])[0]
        np.testing.assert_allclose(fast, slow_distribution(mos, std), atol=1e-6)

    @given(st.lists(st.tuples(levels, spreads), min_size=1, max_size=8))
    def test_rows_are_distributions_whose_mean_is_the_mos(self, pairs):
        mos, std = np.array(pairs).T
        distribution = mos_std_to_distribution(mos, std)
        assert (distribution >= 0).all()
        np.testing.assert_allclose(distribution.sum(axis=1), 1, rtol=0, atol=1e-12)
        np.testing.assert_allclose(distribution_mean(distribution), mos, rtol=0, atol=1e-9)

    @given(levels, levels, spreads)
    def test_a_higher_mos_moves_mass_upward_only(self, first, second, std):
        lower, upper = mos_std_to_distribution(sorted([first, second]), [std, std])
        assert (np.cumsum(upper) <= np.cumsum(lower) + 1e-9).all()

    @given(levels, spreads)
    def test_turning_the_mos_round_mirrors_the_distribution(self, mos, std):
        distribution = mos_std_to_distribution([mos], [std])
        turned = mos_std_to_distribution([6 - mos], [std])
        np.testing.assert_allclose(turned, mirrored(distribution), rtol=0, atol=1e-9)

    @pytest.mark.parametrize("std", [0.0, 0.4, 2.0])
    def test_the_ends_of_the_scale_are_exact(self, std):
        worst, best = mos_std_to_distribution([1, 5], [std, std])
        np.testing.assert_allclose(worst, [1, 0, 0, 0, 0], atol=1e-12)
        np.testing.assert_allclose(best, [0, 0, 0, 0, 1], atol=1e-12)

    def test_without_spread_two_neighboring_levels_share_the_mass(self):
        np.testing.assert_allclose(
            mos_std_to_distribution([2.3, 4.0], [0, 0]),
            [[0, 0.7, 0.3, 0, 0], [0, 0, 0, 1, 0]],
            atol=1e-9,
        )

    def test_the_sd_is_kept_where_the_scale_has_room(self):
        mos, std = np.meshgrid(np.linspace(2.2, 3.8, 9), np.linspace(0.5, 0.8, 7))
        distribution = mos_std_to_distribution(mos.ravel(), std.ravel())
        np.testing.assert_allclose(distribution_std(distribution), std.ravel(), atol=0.03)

    @pytest.mark.parametrize(
        ("mos", "std", "what"),
        [
            (0.9, 1, "MOS outside 1..5"),
            (5.1, 1, "MOS outside 1..5"),
            (np.nan, 1, "MOS outside 1..5"),
            (3, -0.1, "SD that is negative or not finite"),
            (3, np.inf, "SD that is negative or not finite"),
        ],
    )
    def test_impossible_values_are_refused_with_their_rows(self, mos, std, what):
        with pytest.raises(LabelTableError, match=f"1 of 2 rows have an? {what}: rows 1,"):
            mos_std_to_distribution([3, mos], [1, std])


class TestMosAlone:
    @given(st.lists(levels, min_size=2, max_size=8), st.floats(0, 1))
    def test_rows_are_distributions_whose_mean_is_the_mos(self, mos, sos):
        distribution = mos_to_distribution(sorted(mos), sos)
        assert (distribution >= 0).all()
        np.testing.assert_allclose(distribution.sum(axis=1), 1, rtol=0, atol=1e-12)
        np.testing.assert_allclose(distribution_mean(distribution), sorted(mos), atol=1e-9)
        assert (np.diff(np.cumsum(distribution, axis=1), axis=0) <= 1e-9).all()

    def test_more_disagreement_spreads_the_votes(self):
        spread = [distribution_std(mos_to_distribution([3.2], sos))[0] for sos in (0.1, 0.3, 0.9)]
        assert spread == sorted(spread)

    @pytest.mark.parametrize("sos", [-0.1, 1.1, np.nan])
    def test_an_impossible_parameter_is_refused(self, sos):
        with pytest.raises(ConfigError, match="from 0 to 1"):
            mos_to_distribution([3.0], sos)

    def test_a_missing_mos_is_refused(self):
        with pytest.raises(LabelTableError, match="MOS outside"):
            mos_to_distribution([np.nan])


def test_the_page_on_opinion_scores_is_right_about_live_challenge():
    ratings = SHARED / "livec/ratings.csv"
    if not ratings.exists():
        pytest.skip("needs ../shared/data/livec with the ratings of LIVE Challenge")
    mos, std = np.genfromtxt(ratings, delimiter=",", skip_header=1, usecols=(1, 2)).T
    scale = Scale(0, 100)
    mos, std = scale.to_levels(mos), scale.std_to_levels(std)
    room = (mos - 1) * (5 - mos)
    kept = distribution_std(mos_std_to_distribution(mos, std))
    assert len(mos) == 930
    assert room @ std**2 / (room @ room) == pytest.approx(0.18, abs=0.005)
    assert std.mean() == pytest.approx(0.77, abs=0.005)
    assert np.abs(kept - std).mean() == pytest.approx(0.02, abs=0.005)


class TestOnKoniq:
    def test_the_default_parameter_is_the_fit_to_koniq(self, koniq):
        mos, std = distribution_mean(koniq), distribution_std(koniq)
        room = (mos - 1) * (5 - mos)
        assert len(koniq) == 10_073
        assert room @ std**2 / (room @ room) == pytest.approx(SOS_DEFAULT, abs=5e-5)

    def test_real_distributions_are_met(self, koniq):
        mos, std = distribution_mean(koniq), distribution_std(koniq)

        def error(estimate):
            return np.abs(np.cumsum(estimate - koniq, axis=1)).sum(axis=1).mean()

        assert error(mos_std_to_distribution(mos, std)) < 0.030
        assert error(mos_to_distribution(mos)) < 0.057
