import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssliqa.losses import sigmoid_rampup


def test_published_schedule_over_ten_epochs_starts_near_zero_and_ends_at_951_thousandths():
    weights = [sigmoid_rampup(epoch / 10) for epoch in range(10)]
    assert weights[0] == pytest.approx(0.0067, abs=5e-5)
    assert weights[9] == pytest.approx(0.951, abs=5e-4)


def test_full_weight_is_reached_at_the_end_and_kept_after_it():
    assert sigmoid_rampup(1.0) == sigmoid_rampup(1.7) == 1.0


def test_before_the_start_the_weight_is_that_of_the_start():
    assert sigmoid_rampup(-0.3) == sigmoid_rampup(0.0) == math.exp(-5)


@given(st.floats(-2, 3), st.floats(-2, 3))
def test_never_falls_with_progress(earlier, later):
    if earlier <= later:
        assert sigmoid_rampup(earlier) <= sigmoid_rampup(later)
