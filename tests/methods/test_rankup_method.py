"""RankUp against plain NumPy loops over pairs."""

import numpy as np
import pytest
import torch
from plain_numpy import LATE, at_rest, cdf, opinions

from ssliqa.errors import ConfigError
from ssliqa.methods import Unlabeled
from ssliqa.methods.rankup import RankUpConfig


def log_loss(logit, target):
    p = 1 / (1 + np.exp(-logit))
    return -(target * np.log(p) + (1 - target) * np.log(1 - p))


def pairs(count):
    return [(i, j) for i in range(count) for j in range(count) if i != j]


@pytest.mark.parametrize("likeness", [(1, 1, 1), (0.2, 1, 0.5)])
@pytest.mark.parametrize("threshold", [0.6, 0.95])
def test_the_loss_is_that_of_plain_loops(threshold, likeness, make_method, batches):
    labeled, unlabeled = batches
    places = np.array([0, 0, 1, 1, 2, 2, 2])
    settings = {"ranking_weight": 0.5, "alignment_weight": 2.0, "dropout": 0.0}
    method = make_method("rankup", threshold=threshold, **settings).eval()
    method.weights[:3] = torch.tensor(likeness)
    student = method.branch("student")
    weight, bias = (v.detach().double().numpy() for v in method.ranker.parameters())

    p, f = at_rest(student, labeled.images)
    g, truth = f @ weight[0] + bias[0], opinions(labeled.distribution.double().numpy())
    ranking = np.mean([log_loss(g[i] - g[j], float(truth[i] > truth[j])) for i, j in pairs(5)])
    label = cdf(p, labeled.distribution.double().numpy()).mean()

    p, f = at_rest(student, unlabeled.images)
    g = f @ weight[0] + bias[0]
    mean = np.array([g[places == place].mean() for place in places])
    of_photo = opinions(np.array([p[places == place].mean(axis=0) for place in places]))
    total, sure = 0.0, np.zeros(7)
    for i, j in pairs(7):
        probability = 1 / (1 + np.exp(mean[j] - mean[i]))
        if places[i] != places[j] and max(probability, 1 - probability) >= threshold:
            each = likeness[places[i]], likeness[places[j]]
            total += np.prod(each) * log_loss(g[i] - g[j], float(probability > 0.5))
            sure[i] += each[0] / np.sum(places != places[i])
    ranking += total / len(pairs(7))
    # Three photographs are known; weighing the same, they are 1/6, 3/6 and 5/6 of the way up.
    known = {value: likeness[place] for value, place in zip(of_photo, places, strict=True)}
    below = [sum(w for v, w in known.items() if v < value) for value in of_photo]
    own = [known[value] / 2 for value in of_photo]
    place = np.add(below, own) / sum(known.values())
    aligned = np.interp(place * 4, range(5), np.sort(truth))
    alignment = (sure * ((opinions(p) - aligned) / 4) ** 2).mean()

    result = method.step(labeled, Unlabeled(unlabeled.images, torch.from_numpy(places)), LATE)
    terms = {name: value.item() for name, value in result.terms.items()}
    assert terms["ranking_consistency"] == pytest.approx(ranking, rel=1e-4)
    assert terms["alignment_consistency"] == pytest.approx(alignment, rel=1e-3)
    assert sure.any()
    loss = label + 0.5 * ranking + 2 * alignment
    assert result.loss.item() == pytest.approx(loss, rel=1e-4)


def test_all_photographs_seen_so_far_are_ranked_against_each_other(make_method, batches):
    labeled, unlabeled = batches
    method = make_method("rankup").eval()
    assert method.opinions.isnan().all()
    method.step(labeled, Unlabeled(unlabeled.images[:3], unlabeled.places[:3]), LATE)
    assert method.opinions.isfinite().tolist() == [True] * 3 + [False] * 4
    method.step(labeled, Unlabeled(unlabeled.images[3:], unlabeled.places[3:]), LATE)
    p = at_rest(method.branch("student"), unlabeled.images)[0]
    np.testing.assert_allclose(method.opinions.numpy(), opinions(p), rtol=1e-5)


def test_pseudo_labels_spread_as_the_labels_do(make_method, batches):
    labeled, _ = batches
    method = make_method("rankup")
    method.opinions.copy_(torch.linspace(2.9, 3.1, 7))  # a timid network
    aligned = method._align(method.opinions)
    truth = np.sort(opinions(labeled.distribution.double().numpy()))
    quantiles = np.interp((np.arange(7) + 0.5) / 7 * 4, range(5), truth)
    np.testing.assert_allclose(aligned.numpy(), quantiles, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"ranking_weight": -1}, "ranking_weight is -1"),
        ({"alignment_weight": float("nan")}, "alignment_weight is nan"),
        ({"threshold": 0.5}, "threshold is 0.5"),
        ({"dropout": 1}, "dropout is 1"),
        ({"ramp_share": 0}, "ramp_share is 0"),
    ],
)
def test_settings_without_sense_are_refused(settings, named):
    with pytest.raises(ConfigError, match=named):
        RankUpConfig(**settings)
