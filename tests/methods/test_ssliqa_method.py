"""SSLIQA: the loss of a step against plain NumPy, and each switch against what it says."""

from dataclasses import asdict
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest
import torch
import yaml

from ssliqa.errors import ConfigError
from ssliqa.methods import Branch, Labeled, Progress
from ssliqa.methods.ssliqa import SSLIQA, SSLIQAConfig
from ssliqa.models import QualityModel

PAPER = yaml.safe_load(files("ssliqa.presets").joinpath("paper.yaml").read_text())["method"]
PUBLISHED = {key: value for key, value in PAPER.items() if key != "name"}

LATE = Progress(epoch=9, epochs=10, step=95, steps=100)
EARLY = Progress(epoch=2, epochs=10, step=20, steps=100)


# The method in plain NumPy, written from the paper.


def mse(p, q):
    return np.mean((p - q) ** 2)


def cdf(p, q):
    return np.mean((np.cumsum(p, axis=1) - np.cumsum(q, axis=1)) ** 2)


def huber(x):
    return np.where(np.abs(x) < 1, x**2 / 2, np.abs(x) - 0.5)


def angles(f):
    B = len(f)
    result = np.zeros((B, B, B))
    for i in range(B):
        for j in range(B):
            for k in range(B):
                a, b = f[i] - f[j], f[k] - f[j]
                lengths = np.linalg.norm(a) * np.linalg.norm(b)
                result[i, j, k] = a @ b / lengths if lengths else 0
    return result


def distances(f):
    d = np.array([[np.linalg.norm(a - b) for b in f] for a in f])
    return d / d[d > 0].mean()


def gram(f):
    rows = f @ f.T
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def relation(kind, mask_trivial, student, teacher):
    if kind == "gram":
        return mse(gram(student), gram(teacher))
    if kind == "distance":
        error = huber(distances(student) - distances(teacher))
    else:
        error = huber(angles(student) - angles(teacher))
    if mask_trivial:
        different = [index for index in np.ndindex(error.shape) if len(set(index)) == len(index)]
        return np.mean([error[index] for index in different])
    return np.mean(error)


def ramp(config, progress):
    if config.ramp == "none":
        return 1.0
    share = progress.epoch / progress.epochs
    if config.ramp == "step":
        share = min(1, progress.step / progress.steps / config.ramp_share)
    return np.exp(-5 * (1 - share) ** 2)


def expected_loss(config, seen, target, progress):
    """The loss from what the networks put out: ``seen[network, labeled?] = (p, f)``."""
    label = cdf if config.loss == "cdf" else mse
    consistency = 0.0
    for is_labeled in {key[1] for key in seen}:
        p_s, f_s = seen["student", is_labeled]
        p_t, f_t = seen["target", is_labeled]
        consistency += config.prediction_weight * label(p_s, p_t)
        consistency += config.relation_weight * relation(
            config.relation, config.mask_trivial, f_s, f_t
        )
    loss = label(seen["student", True][0], target) + ramp(config, progress) * consistency
    return loss if config.freeze_teacher else loss + label(seen["teacher", True][0], target)


def watch(method, labeled_images):
    """Note what each network puts out for each batch, as float64 arrays.

    The target is the teacher's moving average, or the teacher itself where there is none.
    """
    seen = {}

    def note(branch):
        def hook(_, inputs, prediction):
            is_labeled = inputs[0] is labeled_images
            seen[branch, is_labeled] = [part.detach().double().numpy() for part in prediction]

        return hook

    networks = {branch: method.branch(branch) for branch in method.branch_names}
    networks["target"] = method.average.module if method.average else networks["teacher"]
    for name, network in networks.items():
        network.model.register_forward_hook(note(name))
    return seen


SETTINGS = {
    "default": {},
    "published": PUBLISHED,
    "distance": {"relation": "distance"},
    "distance with trivial pairs": {"relation": "distance", "mask_trivial": False},
    "gram": {"relation": "gram"},
    "other weights": {"prediction_weight": 7.0, "relation_weight": 3.0, "loss": "mse"},
    "no ramp": {"ramp": "none"},
    "short ramp": {"ramp_share": 0.25},
    "no average": {"teacher_average": 0},
    "frozen teacher": {"freeze_teacher": True},
    "frozen teacher as published": {**PUBLISHED, "freeze_teacher": True},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("progress", [EARLY, LATE], ids=["early", "late"])
@pytest.mark.parametrize("with_unlabeled", [True, False], ids=["unlabeled", "labeled only"])
def test_the_loss_of_a_step_is_that_of_the_paper(
    settings, progress, with_unlabeled, make_method, batches
):
    labeled, unlabeled = batches
    method = make_method("ssliqa", **settings).train()
    seen = watch(method, labeled.images)
    loss = method.step(labeled, unlabeled if with_unlabeled else None, progress).loss
    of_each = {"student", "target"} if method.average else {"student", "teacher", "target"}
    assert {name for name, is_labeled in seen if not is_labeled} == (
        of_each if with_unlabeled else set()
    )
    expected = expected_loss(method.config, seen, labeled.distribution.double().numpy(), progress)
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_the_preset_is_the_published_method():
    assert SSLIQAConfig(**PUBLISHED) == SSLIQAConfig(
        loss="mse",
        prediction_weight=1,
        relation_weight=100,
        relation="angle",
        mask_trivial=False,
        ramp="epoch",
        teacher_average=0,
        teacher_on_unlabeled="train",
        freeze_teacher=False,
    )


def test_the_default_corrects_what_the_preset_reproduces():
    default, paper = asdict(SSLIQAConfig()), asdict(SSLIQAConfig(**PUBLISHED))
    assert {key for key in default if default[key] != paper[key]} == {
        "loss",
        "prediction_weight",
        "mask_trivial",
        "relation_weight",
        "ramp",
        "teacher_average",
        "teacher_on_unlabeled",
    }


# Switches, one by one.


def consistency_weight(method, batches, progress):
    return method.step(*batches, progress).terms["consistency_weight"].item()


def test_the_published_ramp_climbs_in_stairs_and_ends_below_one(make_method, batches):
    method = make_method("ssliqa", **PUBLISHED).eval()
    labeled, _ = batches
    stairs = []
    for epoch in range(10):
        first, last = (
            consistency_weight(method, (labeled, None), Progress(epoch, 10, step, 50))
            for step in (5 * epoch, 5 * epoch + 4)
        )
        assert first == last
        stairs.append(first)
    np.testing.assert_allclose(stairs, [np.exp(-5 * (1 - e / 10) ** 2) for e in range(10)])
    assert stairs[0] == pytest.approx(0.0067, abs=5e-5)
    assert stairs[-1] == pytest.approx(0.951, abs=5e-4)


def test_the_default_ramp_climbs_smoothly_to_one_at_its_share_of_training(make_method, batches):
    method = make_method("ssliqa", ramp_share=0.4).eval()
    labeled, _ = batches
    weights = [
        consistency_weight(method, (labeled, None), Progress(step // 10, 10, step, 100))
        for step in range(0, 100, 5)
    ]
    assert weights[0] == pytest.approx(np.exp(-5))
    assert all(before < after for before, after in pairwise(weights[:9]))
    assert all(weight == 1 for weight in weights[8:])
    assert weights[4] == pytest.approx(np.exp(-5 / 4))  # half way


@pytest.mark.parametrize("name", ["prediction_weight", "relation_weight"])
@pytest.mark.parametrize("weight", [-5, float("nan"), float("inf")])
def test_a_weight_that_would_reward_disagreement_or_is_no_number_is_refused(name, weight):
    with pytest.raises(ConfigError, match=f"{name} is {weight}"):
        SSLIQAConfig(**{name: weight})


@pytest.mark.parametrize("decay", [-0.1, 1, 1.5])
def test_a_memory_without_end_or_below_none_is_refused(decay):
    with pytest.raises(ConfigError, match="teacher_average"):
        SSLIQAConfig(teacher_average=decay)


def test_the_target_is_the_teachers_average_and_follows_it(make_method, batches):
    method = make_method("ssliqa", teacher_average=0.5).eval()
    before = method.average.module.target(batches[1].images).distribution
    with torch.no_grad():
        for values in method.branch("teacher").model.head.parameters():
            values += 1
            values *= 3
    terms = method.step(*batches, LATE).terms["prediction_consistency"]
    method.after_step()
    after = method.average.module.target(batches[1].images).distribution
    assert not torch.equal(before, after)
    assert method.step(*batches, LATE).terms["prediction_consistency"] != terms


def test_without_an_average_the_target_is_the_teacher_of_the_moment(make_method):
    assert make_method("ssliqa", teacher_average=0).average is None
    assert make_method("ssliqa", freeze_teacher=True).average is None


@pytest.mark.parametrize("share", [0, -0.5])
def test_a_ramp_that_takes_no_time_is_refused_with_the_switch_for_it(share):
    with pytest.raises(ConfigError, match=r"--method\.ramp none"):
        SSLIQAConfig(ramp_share=share)


@pytest.mark.parametrize(("relation", "ratio"), [("angle", 125 / 60), ("distance", 25 / 20)])
def test_trivial_entries_dilute_the_published_mean(relation, ratio, make_method, batches):
    labeled, _ = batches
    masked, diluted = (
        make_method("ssliqa", relation=relation, mask_trivial=mask)
        .eval()
        .step(labeled, None, LATE)
        .terms["relation_consistency"]
        for mask in (True, False)
    )
    # Five images: 5^3 angles of which 5 * 4 * 3 say something; 5^2 distances, 5 * 4.
    assert masked.item() == pytest.approx(ratio * diluted.item(), rel=1e-5)


def statistics(method, branch):
    buffers = method.branch(branch).named_buffers()
    return {key: value.clone() for key, value in buffers if "running" in key}


def same(one, other):
    assert one
    return all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("mode", ["rest", "train"])
def test_unlabeled_images_move_the_teachers_statistics_only_as_published(
    mode, make_method, batches
):
    labeled, unlabeled = batches
    method, without = (
        make_method("ssliqa", teacher_on_unlabeled=mode, teacher_average=0).train()
        for _ in range(2)
    )
    start = statistics(method, "teacher")
    method.step(labeled, unlabeled, LATE)
    without.step(labeled, None, LATE)
    assert not same(statistics(without, "teacher"), start)  # labeled images do move them
    undisturbed = same(statistics(method, "teacher"), statistics(without, "teacher"))
    assert undisturbed == (mode == "rest")
    assert not same(statistics(method, "student"), statistics(without, "student"))
    assert all(part.training for part in method.modules())


@pytest.mark.parametrize("mode", ["rest", "train"])
def test_frozen_batch_norm_moves_in_no_branch(mode, make_method, batches):
    method = make_method("ssliqa", freeze_batch_norm=True, teacher_on_unlabeled=mode).train()
    start = {branch: statistics(method, branch) for branch in method.branch_names}
    method.step(*batches, LATE).loss.backward()
    for branch in method.branch_names:
        assert same(statistics(method, branch), start[branch])


@pytest.mark.parametrize("mode", ["rest", "train"])
def test_a_frozen_teacher_is_not_touched_at_all(mode, make_method, batches):
    method = make_method("ssliqa", freeze_teacher=True, teacher_on_unlabeled=mode).train()
    start = {key: value.clone() for key, value in method.branch("teacher").state_dict().items()}
    result = method.step(*batches, LATE)
    result.loss.backward()
    assert all(values.grad is None for values in method.branch("teacher").parameters())
    assert same(method.branch("teacher").state_dict(), start)
    assert all(values.requires_grad for values in method.branch("student").parameters())


def test_a_frozen_teachers_distance_from_the_labels_is_logged_but_not_minimized(
    make_method, batches
):
    frozen = make_method("ssliqa", freeze_teacher=True).eval().step(*batches, LATE)
    learning = make_method("ssliqa").eval().step(*batches, LATE)
    teacher_label = learning.terms["teacher_label"].item()
    assert frozen.terms["teacher_label"].item() == pytest.approx(teacher_label)
    assert learning.loss.item() - frozen.loss.item() == pytest.approx(teacher_label, rel=1e-4)


def test_the_teacher_has_no_graph_on_unlabeled_images(make_method, batches):
    labeled, unlabeled = batches
    for mode in ("rest", "train"):
        method = make_method("ssliqa", teacher_on_unlabeled=mode, teacher_average=0).train()
        graphs = {}
        method.branch("teacher").model.register_forward_hook(
            lambda _, inputs, out, graphs=graphs: graphs.update(
                {inputs[0] is labeled.images: out.activation.requires_grad}
            )
        )
        method.step(labeled, unlabeled, LATE)
        assert graphs == {True: True, False: False}


def test_labeled_and_unlabeled_images_are_never_mixed_in_one_relation(make_method, batches):
    labeled, unlabeled = batches
    method = make_method("ssliqa", relation="distance", prediction_weight=0).eval()
    apart = method.step(labeled, unlabeled, LATE).terms["relation_consistency"]
    as_labeled = Labeled(unlabeled.images, torch.full((len(unlabeled.images), 5), 0.2))
    summed = sum(
        method.step(batch, None, LATE).terms["relation_consistency"]
        for batch in (labeled, as_labeled)
    )
    assert apart.item() == pytest.approx(summed.item(), rel=1e-5)


def test_branches_may_be_of_different_size(batches):
    torch.manual_seed(0)
    branches = {
        "student": Branch(QualityModel.create("test_efficientnet")),
        "teacher": Branch(QualityModel.create("test_resnet", head="8-4")),
    }
    result = SSLIQA(SSLIQAConfig(), branches).step(*batches, LATE)
    assert result.terms["relation_consistency"] > 0
    result.loss.backward()
