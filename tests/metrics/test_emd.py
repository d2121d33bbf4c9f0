import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from ssliqa.errors import MetricError
from ssliqa.metrics import earth_movers_distance

LEVELS = np.arange(1, 6)


def test_it_is_the_wasserstein_distance_of_the_levels():
    one, other = np.random.default_rng(0).dirichlet(np.ones(5), (2, 20))
    expected = [wasserstein_distance(LEVELS, LEVELS, p, t) for p, t in zip(one, other, strict=True)]
    np.testing.assert_allclose(earth_movers_distance(one, other), expected)


def test_moving_all_by_one_level_costs_one_and_end_to_end_four():
    mass = np.eye(5)
    np.testing.assert_allclose(earth_movers_distance(mass[:4], mass[1:]), 1)
    np.testing.assert_allclose(earth_movers_distance(mass[:1], mass[4:]), 4)


@pytest.mark.parametrize("shapes", [((3, 5), (2, 5)), ((5,), (5,)), ((3, 5), (3, 4))])
def test_shapes_that_do_not_match_are_refused(shapes):
    with pytest.raises(MetricError, match="Distributions have the shapes"):
        earth_movers_distance(*(np.full(shape, 0.2) for shape in shapes))
