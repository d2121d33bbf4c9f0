import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssliqa.models import Score
from ssliqa.opinion import ACR, Scale
from ssliqa.scoring.rescale import SCALES, rescale

SHARES = (0.0, 0.0, 0.5, 0.5, 0.0)


@pytest.mark.parametrize(
    ("native", "wanted", "expected"),
    [
        (Scale(0, 100), Scale(0, 1), (0.7, 0.1, 0.6, 0.9)),
        (Scale(0, 100), ACR, (3.8, 0.4, 3.4, 4.6)),
        (Scale(0, 100), Scale(0, 100), (70, 10, 60, 90)),
        # Lower is better: 70 of 0..100 is nearer to the bad end, and the bounds change places.
        (Scale(0, 100, False), Scale(0, 1), (0.3, 0.1, 0.1, 0.4)),
        (Scale(0, 100, False), ACR, (2.2, 0.4, 1.4, 2.6)),
        (Scale(-100, 100), Scale(0, 100), (85, 5, 80, 95)),
    ],
)
def test_numbers_go_from_end_to_end_and_to_the_better_side(native, wanted, expected):
    score = rescale(Score(70, 10, 60, 90, SHARES), native, wanted)
    assert (score.score, score.std, score.lower, score.upper) == pytest.approx(expected)
    assert score.distribution == SHARES


def test_a_score_without_bounds_has_none_on_any_scale():
    score = rescale(Score(70, 10, None, None, SHARES), Scale(0, 100, False), ACR)
    assert (score.lower, score.upper) == (None, None)


def test_the_native_scale_keeps_every_bit():
    score = Score(0.1 + 0.2, 1 / 3, 0.1, 0.7, SHARES)
    assert rescale(score, Scale(-3, 7), Scale(-3, 7)) is score


@given(
    st.floats(-50, 150), st.floats(0, 60), st.booleans(), st.sampled_from(["0-1", "0-100", "1-5"])
)
def test_bounds_stay_around_the_score_and_there_is_a_way_back(value, width, higher, name):
    native, wanted = Scale(0, 100, higher), SCALES[name]
    score = rescale(Score(value, width, value - width, value + width, SHARES), native, wanted)
    assert score.lower <= score.score <= score.upper
    back = rescale(score, wanted, native)
    assert back.score == pytest.approx(value, abs=1e-9)
    assert back.std == pytest.approx(width, abs=1e-9)
    assert (back.lower, back.upper) == pytest.approx((value - width, value + width), abs=1e-9)
