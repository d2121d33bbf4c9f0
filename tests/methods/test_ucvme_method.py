"""UCVME against plain NumPy."""

import numpy as np
import pytest
import torch
from plain_numpy import LATE, at_rest, cdf

from ssliqa.errors import ConfigError
from ssliqa.methods import Unlabeled
from ssliqa.methods.ucvme import UCVME, UCVMEConfig


def test_the_loss_is_that_of_plain_numpy(make_method, batches):
    labeled, unlabeled = batches
    places = np.array([0, 0, 1, 1, 2, 2, 2])
    method = make_method("ucvme", prediction_weight=3.0, uncertainty_weight=0.5).eval()
    for readout in method.uncertainty.values():  # that tell images apart
        torch.nn.init.normal_(readout.weight, std=0.5)
    names = method.branch_names

    def predict(images):
        found, expected = [], []
        for name in names:
            p, f = at_rest(method.branch(name), images)
            readout = method.uncertainty[name]
            weight, bias = (v.detach().double().numpy() for v in readout.parameters())
            found.append(p)
            expected.append(f @ weight[0] + bias[0])
        return np.array(found), np.array(expected)

    p, z = predict(labeled.images)
    wrong = np.array([cdf(each, labeled.distribution.double().numpy()) for each in p])
    likelihood = (np.maximum(wrong, 1e-4) * np.exp(-z) + z) / 2
    uncertainty = (likelihood + (z - z.mean(axis=0)) ** 2).mean(axis=1).sum()
    usual = z.mean()
    p, z = predict(unlabeled.images)
    same = [places == place for place in places]
    q = np.array([p[:, crops].mean(axis=(0, 1)) for crops in same])
    mean = np.array([z[:, crops].mean() for crops in same])
    trust = np.minimum(1, np.exp(usual - mean))
    prediction = sum((trust * cdf(each, q)).mean() for each in p)
    uncertainty += ((z - mean) ** 2).mean(axis=1).sum()

    result = method.step(labeled, Unlabeled(unlabeled.images, torch.from_numpy(places)), LATE)
    assert 0 < trust.min() < trust.max() <= 1
    terms = {name: value.item() for name, value in result.terms.items()}
    assert terms["prediction_consistency"] == pytest.approx(prediction, rel=1e-4)
    assert terms["uncertainty_consistency"] == pytest.approx(uncertainty, rel=1e-4)
    loss = wrong.mean(axis=1).sum() + 3 * prediction + 0.5 * uncertainty
    assert result.loss.item() == pytest.approx(loss, rel=1e-4)


def test_uncertainty_learns_which_photographs_are_hard(make_method, batches):
    labeled, _ = batches
    method = make_method("ucvme").eval()
    wrong = {
        name: cdf(at_rest(method.branch(name), labeled.images)[0], labeled.distribution.numpy())
        for name in method.branch_names
    }
    optimizer = torch.optim.Adam(method.uncertainty.parameters(), lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        method.step(labeled, None, LATE).loss.backward()
        optimizer.step()
    _, expected = method._predict(labeled.images)
    for name, found in zip(method.branch_names, expected.detach().numpy(), strict=True):
        assert np.corrcoef(found, np.log(wrong[name]))[0, 1] > 0.5


@pytest.mark.parametrize("branch", ["student", "teacher"])
def test_both_branches_learn_from_unlabeled_photographs(branch, make_method, batches):
    labeled, unlabeled = batches
    method = make_method("ucvme").eval()
    gradients = []
    for batch in (None, unlabeled):
        method.zero_grad()
        method.step(labeled, batch, LATE).loss.backward()
        gradients.append(method.branch(branch).model.backbone.net.conv1[0].weight.grad.clone())
    assert not torch.equal(*gradients)


def test_the_branches_label_photographs_for_each_other_while_labels_are_few():
    assert UCVME.why_no_unlabeled(UCVMEConfig(), 499) is None
    assert "--method.alone_from 501 has" in UCVME.why_no_unlabeled(UCVMEConfig(), 500)
    assert UCVME.why_no_unlabeled(UCVMEConfig(alone_from=501), 500) is None
    assert UCVME.why_no_unlabeled(UCVMEConfig(alone_from=0), 1) is not None


def test_labeling_for_each_other_teaches_no_uncertainty(make_method, batches):
    # Or else an error would be made small by being called uncertain.
    method = make_method("ucvme", prediction_weight=1.0, uncertainty_weight=0.0).eval()
    for readout in method.uncertainty.values():  # so that weights differ
        torch.nn.init.normal_(readout.weight, std=0.5)
    method.step(*batches, LATE).loss.backward()
    assert all(
        values.grad is None or not values.grad.any() for values in method.uncertainty.parameters()
    )


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"prediction_weight": -1}, "prediction_weight is -1"),
        ({"uncertainty_weight": float("inf")}, "uncertainty_weight is inf"),
        ({"alone_from": -1}, "alone_from is -1"),
        ({"ramp_share": 0}, "ramp_share is 0"),
        ({"ramp_share": float("inf")}, "ramp_share is inf"),
    ],
)
def test_settings_without_sense_are_refused(settings, named):
    with pytest.raises(ConfigError, match=named):
        UCVMEConfig(**settings)
