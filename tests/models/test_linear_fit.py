"""Fitted linear heads, compared with SciPy's minimum of the formula."""

import dataclasses

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import softmax

from ssliqa.errors import ModelError
from ssliqa.models.linear_fit import PENALTY, SelfEvident, fit_linear

SIZES = (2, 6)


@pytest.fixture
def labeled():
    """Activations (40, 8) whose parts have other scales, and the shares (40, 5) they call for."""
    rng = np.random.default_rng(0)
    activations = rng.normal(size=(40, 8)) * [1, 1, 5, 5, 5, 1, 0.1, 0.1] + rng.normal(size=8)
    goodness = activations[:, 0] + activations[:, 6] * 10 + rng.normal(size=40)
    shares = softmax(-((np.arange(5) - 2 - goodness[:, None]) ** 2), axis=1)
    return torch.tensor(activations), torch.tensor(shares)


def predicted(weight, bias, activations):
    return softmax(activations.numpy() @ weight.numpy().T + bias.numpy(), axis=1)


def test_the_fit_is_the_minimum_of_the_formula(labeled):
    activations, shares = (values.numpy() for values in labeled)
    center = activations.mean(0)
    gain = np.repeat([2**-0.5, 6**-0.5], SIZES) / activations.std(0)

    def objective(unknowns, penalty=0.5):
        weight, bias = unknowns[:40].reshape(8, 5), unknowns[40:]
        answers = softmax((activations - center) * gain @ weight + bias, axis=1)
        apart = np.cumsum(answers - shares, axis=1)
        return (apart**2).mean(axis=1).sum() + penalty * (weight**2).sum()

    best = minimize(objective, np.zeros(45), method="BFGS", options={"gtol": 1e-7})
    weight, bias = (values.numpy() for values in fit_linear(*labeled, SIZES, penalty=0.5))
    found = np.concatenate([(weight.T / gain[:, None]).ravel(), bias + weight @ center])
    # A level that nobody chose may have any bias that is small enough.
    assert objective(found) == pytest.approx(best.fun, rel=1e-4)
    np.testing.assert_allclose(found[:40], best.x[:40], atol=0.01)


def test_units_and_offsets_of_the_activations_make_no_difference(labeled):
    activations, shares = labeled
    other = activations * torch.linspace(0.1, 3, 8) + torch.arange(8)
    found = [predicted(*fit_linear(rows, shares, SIZES), rows) for rows in (activations, other)]
    np.testing.assert_allclose(*found, atol=1e-5)


def test_a_constant_activation_gets_no_weight(labeled):
    activations, shares = labeled
    activations[:, 3] = 7.0
    weight, bias = fit_linear(activations, shares, SIZES)
    assert weight[:, 3].abs().max() == 0
    assert bias.isfinite().all()


def test_an_activation_that_is_constant_but_for_rounding_gets_no_weight(labeled):
    activations, shares = labeled
    activations[:, 3] = 1.2345 + 2e-7 * torch.randn(40, generator=torch.Generator().manual_seed(0))
    weight, _ = fit_linear(activations, shares, SIZES)
    assert weight[:, 3].abs().max() == 0
    assert weight.abs().max() < 1e3


def test_a_larger_penalty_gives_smaller_weights(labeled):
    sizes = [fit_linear(*labeled, SIZES, penalty=p)[0].norm() for p in (PENALTY, 1, 100)]
    assert sizes[0] > 2 * sizes[1] > 4 * sizes[2]


def test_a_photograph_of_weight_two_is_one_that_is_there_twice(labeled):
    activations, shares = labeled
    weights = torch.ones(40)
    weights[:10] = 2
    weights[30:] = 0
    order = [*range(30), *range(10)]
    once = fit_linear(activations, shares, SIZES, weights=weights)
    twice = fit_linear(activations[order], shares[order], SIZES)
    found = [predicted(*fit, activations) for fit in (once, twice)]
    np.testing.assert_allclose(*found, atol=1e-5)


def test_near_a_head_that_knows_the_answers_the_fit_stays_with_it(labeled):
    activations, _ = labeled
    generator = torch.Generator().manual_seed(1)
    before = torch.randn(5, 8, generator=generator), torch.randn(5, generator=generator)
    shares = torch.tensor(predicted(*before, activations))
    weight, bias = fit_linear(activations, shares, SIZES, prior=before)
    np.testing.assert_allclose(weight, before[0], atol=1e-3)
    np.testing.assert_allclose(predicted(weight, bias, activations), shares, atol=1e-3)


def head_of_others(labeled):
    """One that knows much of these photographs, too sure of itself, on a scale further down."""
    weight, bias = fit_linear(*labeled, SIZES)
    return 3 * weight, 3 * bias - 0.7 * torch.arange(5)


def test_the_fit_near_a_head_is_the_minimum_of_the_formula(labeled):
    activations, shares = (values.numpy() for values in labeled)
    before = head_of_others(labeled)
    known = activations @ before[0].numpy().T + before[1].numpy()
    center = activations.mean(0)
    gain = np.repeat([2**-0.5, 6**-0.5], SIZES) / activations.std(0)

    def objective(unknowns, penalty=0.5):
        weight, (stretch, tilt) = unknowns[:40].reshape(8, 5), unknowns[40:]
        moved = np.exp(stretch) * known + tilt * np.arange(5)
        answers = softmax(moved + (activations - center) * gain @ weight, axis=1)
        apart = np.cumsum(answers - shares, axis=1)
        return (apart**2).mean(axis=1).sum() + penalty * (weight**2).sum()

    weight, bias = fit_linear(*labeled, SIZES, penalty=0.5, prior=before)
    best = minimize(objective, np.zeros(42), method="BFGS", options={"gtol": 1e-7})
    found, (stretch, tilt) = best.x[:40].reshape(8, 5), best.x[40:]
    expected = np.exp(stretch) * known + tilt * np.arange(5)
    expected = softmax(expected + (activations - center) * gain @ found, axis=1)
    np.testing.assert_allclose(predicted(weight, bias, labeled[0]), expected, atol=2e-3)


def test_a_huge_penalty_leaves_the_head_before_up_to_its_scale(labeled):
    before = head_of_others(labeled)
    weight, bias = fit_linear(*labeled, SIZES, penalty=1e3, prior=before)
    stretch = float(weight[0, 0] / before[0][0, 0])
    assert 0.1 < stretch < 0.9  # the head before is too sure
    np.testing.assert_allclose(weight, stretch * before[0].double(), atol=2e-3)
    steps = (bias - stretch * before[1].double()).diff()
    np.testing.assert_allclose(steps, steps[0].expand(4), atol=2e-3)
    assert steps[0].abs() > 0.05


@pytest.fixture
def divided(labeled):
    """The same activations with shares on which raters are less of one mind."""
    activations, shares = labeled
    return activations, 0.3 * shares + 0.7 * torch.tensor([0.05, 0.25, 0.4, 0.25, 0.05])


@pytest.fixture
def evident(labeled):
    """Seven photographs with three copies each, and five of four crops."""
    rng = np.random.default_rng(2)
    scales = np.array([1, 1, 5, 5, 5, 1, 0.1, 0.1])
    photographs = rng.normal(size=(12, 1, 8)) * scales + labeled[0].mean(0).numpy()
    several = photographs + 0.3 * rng.normal(size=(12, 4, 8)) * scales
    versions, crops = several[:7], several[7:]
    versions[:, 1:, 4] -= 5  # what copies lack, and ratings do not tell

    def make(order_weight, agreement_weight):
        of_photographs = torch.tensor(versions), torch.tensor(crops)
        return SelfEvident(*of_photographs, 1.2, order_weight, agreement_weight)

    return make


def test_the_fit_with_what_needs_no_rating_is_the_minimum_of_the_formula(divided, evident):
    activations, shares = (values.numpy() for values in divided)
    known = evident(2.0, 3.0)
    center = activations.mean(0)
    gain = np.repeat([2**-0.5, 6**-0.5], SIZES) / activations.std(0)

    def objective(unknowns, penalty=0.5):
        weight, bias = unknowns[:40].reshape(8, 5), unknowns[40:]

        def answers(rows):
            return softmax((rows - center) * gain @ weight + bias, axis=-1)

        apart = np.cumsum(answers(activations) - shares, axis=1)
        order = [
            max(0, 1.2 - (answers(photo) - answers(copy)) @ np.arange(1, 6)) ** 2
            for photo, *copies in known.versions.numpy()
            for copy in copies
        ]
        spread = [(answers(crops) @ np.arange(1, 6)).var() for crops in known.crops.numpy()]
        of_labels = (apart**2).mean(axis=1).sum() + penalty * (weight**2).sum()
        return of_labels + 2 * np.mean(order) + 3 * np.mean(spread)

    weight, bias = fit_linear(*divided, SIZES, penalty=0.5, evident=known)
    weight, bias = weight.numpy(), bias.numpy()
    found = np.concatenate([(weight.T / gain[:, None]).ravel(), bias + weight @ center])
    # The term of the order has kinks, near which SciPy stops early; it must not find a better end.
    for start in (np.zeros(45), found):
        best = minimize(objective, start, method="BFGS", options={"gtol": 1e-6})
        assert objective(found) <= best.fun * (1 + 1e-4)


@pytest.mark.parametrize("missing", ["versions", "crops"])
def test_what_is_not_asked_counts_as_a_weight_of_nothing(missing, divided, evident):
    activations, _ = divided
    weight = {"versions": (0, 3), "crops": (1, 0)}[missing]
    known = evident(*weight), dataclasses.replace(evident(1, 3), **{missing: None})
    fits = [fit_linear(*divided, SIZES, evident=each) for each in known]
    found = [predicted(*fit, activations) for fit in fits]
    np.testing.assert_allclose(*found, atol=1e-4)


def test_activations_that_are_not_finite_are_refused(divided, evident):
    known = evident(1, 1)
    known.crops[0, 0, 0] = torch.inf
    with pytest.raises(ModelError, match="activations are not finite"):
        fit_linear(*divided, SIZES, evident=known)


def test_the_fit_learns_what_copies_lack_and_in_what_crops_agree(divided, evident):
    def opinions(known, rows):
        fit = fit_linear(*divided, SIZES, evident=known)
        means = predicted(*fit, rows.flatten(0, 1)) @ np.arange(1, 6)
        return means.reshape(rows.shape[:2])

    versions, crops = evident(0, 0).versions, evident(0, 0).crops
    with_order = opinions(evident(1, 0), versions)
    gap = with_order[:, :1] - with_order[:, 1:]
    before = opinions(None, versions)
    assert gap.mean() > (before[:, :1] - before[:, 1:]).mean() + 0.3
    spreads = [opinions(evident(0, weight), crops).std(axis=1).mean() for weight in (0, 10)]
    assert spreads[1] < 0.7 * spreads[0]
