"""The search for least squares: where it ends, and that nothing but the numbers decides on it."""

import numpy as np
import pytest
from scipy.optimize import least_squares as reference

from ssliqa.metrics import fit_logistic
from ssliqa.metrics.least_squares import least_squares


def rosenbrock(b):
    return np.array([10 * (b[1] - b[0] ** 2), 1 - b[0]])


def slopes(b):
    return np.array([[-20 * b[0], -1.0], [10.0, 0.0]])


def test_it_finds_the_end_of_a_bent_valley():
    found = least_squares(rosenbrock, slopes, np.array([-1.2, 1.0]), most=200, tolerance=1e-12)
    assert found.converged
    assert found.parameters == pytest.approx([1, 1], abs=1e-6)
    assert found.squares == pytest.approx(0, abs=1e-12)


def test_it_ends_where_scipy_does():
    rng = np.random.default_rng(3)
    x = rng.uniform(-2, 2, 50)
    y = 3 * np.exp(-0.7 * x) + 1 + 0.1 * rng.normal(size=50)

    def residuals(b):
        return b[0] * np.exp(b[1] * x) + b[2] - y

    def jacobian(b):
        wave = np.exp(b[1] * x)
        return np.stack([wave, b[0] * x * wave, np.ones_like(x)])

    found = least_squares(residuals, jacobian, np.array([1.0, -1, 0]), most=200, tolerance=1e-12)
    expected = reference(residuals, [1.0, -1, 0], lambda b: jacobian(b).T, method="lm", xtol=1e-12)
    assert found.converged
    assert found.parameters == pytest.approx(expected.x, rel=1e-6)
    assert found.squares == pytest.approx(2 * expected.cost, rel=1e-12)


def test_a_search_that_is_cut_short_says_so_and_is_no_worse_than_its_start():
    first = np.array([-1.2, 1.0])
    found = least_squares(rosenbrock, slopes, first, most=4, tolerance=1e-12)
    assert not found.converged
    assert found.squares < (rosenbrock(first) ** 2).sum()


def test_a_parameter_without_influence_stays_where_it_is():
    found = least_squares(
        lambda b: np.array([b[0] - 2, 0.5]),
        lambda _: np.array([[1.0, 0], [0, 0]]),
        np.array([5.0, 7.0]),
        most=50,
        tolerance=1e-10,
    )
    assert found.converged
    assert found.parameters == pytest.approx([2, 7])


def test_steps_into_the_void_are_not_taken():
    found = least_squares(
        lambda b: np.where(b > 0, np.log(np.maximum(b, 1e-300)), np.nan),
        lambda b: (1 / b)[:, None],
        np.array([100.0]),
        most=100,
        tolerance=1e-12,
    )
    assert found.parameters == pytest.approx([1])


def test_the_same_numbers_give_the_same_fit_wherever_they_lie_in_memory():
    # A curve passes these in one jump, at the bottom of a flat valley. With MINPACK about one fit
    # in twenty-five ended elsewhere.
    scores = np.array(
        [
            55.86844701319933,
            56.30329288542271,
            55.970938969403505,
            55.384172685444355,
            55.66366584971547,
        ]
    )
    ratings = np.array([90, 79.57, 10, 55.22, 41.3])
    rng = np.random.default_rng(0)
    fits, held = set(), []
    for _ in range(1500):
        # What is taken and given back in between moves the arrays of the next fit.
        held.append(np.empty(int(rng.integers(1, 30))))
        if len(held) > 500:
            for _ in range(300):
                held.pop(int(rng.integers(len(held))))
        fits.add(fit_logistic(scores, ratings).parameters)
    assert len(fits) == 1
