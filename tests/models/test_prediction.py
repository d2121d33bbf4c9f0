import numpy as np
import pytest

from ssliqa.models import Score
from ssliqa.opinion import ACR, Scale


def test_a_score_is_the_mean_and_spread_of_its_distribution():
    score = Score.of(np.array([0.0, 0.25, 0.0, 0.75, 0.0]), ACR)
    assert score.score == pytest.approx(3.5)  # 2/4 + 4 * 3/4
    assert score.std == pytest.approx(np.sqrt(0.75))  # 1.5^2 / 4 + 0.5^2 * 3/4
    assert score.distribution == (0.0, 0.25, 0.0, 0.75, 0.0)


@pytest.mark.parametrize(
    ("scale", "mean", "std"),
    [(Scale(0, 100), 62.5, 25), (Scale(0, 100, higher_is_better=False), 37.5, 25)],
)
def test_a_score_stands_on_the_scale_of_the_ratings(scale, mean, std):
    score = Score.of(np.array([0.0, 0.25, 0.0, 0.75, 0.0]), scale)
    assert score.score == pytest.approx(mean)
    assert score.std == pytest.approx(std * np.sqrt(0.75))


def test_a_score_holds_plain_numbers():
    score = Score.of(np.full(5, 0.2), ACR)
    assert type(score.score) is type(score.std) is type(score.distribution[0]) is float
