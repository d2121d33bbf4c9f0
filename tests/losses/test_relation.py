import math
from functools import partial

import numpy as np
import pytest
import torch

from ssliqa.losses import (
    RELATION_LOSSES,
    angle_relation,
    distance_relation,
    gram_relation,
    relation_matrix,
)

MASKABLE = ["angle", "distance"]


def features(batch, size, seed=0):
    return np.random.default_rng(seed).normal(size=(batch, size))


def tensors(*arrays):
    return tuple(torch.from_numpy(np.asarray(array)) for array in arrays)


def rotation(size, seed=3):
    return np.linalg.qr(features(size, size, seed))[0]


def huber(x):
    return 0.5 * x * x if abs(x) < 1 else abs(x) - 0.5


def slow_angle(student, teacher, mask_trivial=True):
    def cosine(f, i, j, k):
        a, b = f[i] - f[j], f[k] - f[j]
        lengths = math.sqrt(sum(a * a)) * math.sqrt(sum(b * b))
        return sum(a * b) / lengths if lengths else 0.0

    B = len(student)
    errors = [
        huber(cosine(student, i, j, k) - cosine(teacher, i, j, k))
        for i in range(B)
        for j in range(B)
        for k in range(B)
        if not mask_trivial or len({i, j, k}) == 3
    ]
    return sum(errors) / len(errors)


def slow_distance(student, teacher, mask_trivial=True):
    def distances(f):
        pairs = {}
        for i in range(len(f)):
            for j in range(len(f)):
                pairs[i, j] = math.sqrt(sum((f[i] - f[j]) ** 2))
        apart = [d for d in pairs.values() if d > 0]
        return {pair: d / (sum(apart) / len(apart)) for pair, d in pairs.items()}

    d_student, d_teacher = distances(student), distances(teacher)
    errors = [
        huber(d_student[i, j] - d_teacher[i, j]) for i, j in d_student if not mask_trivial or i != j
    ]
    return sum(errors) / len(errors)


def slow_gram(student, teacher):
    def rows(f):
        result = []
        for x in f:
            row = [sum(x * y) for y in f]
            length = math.sqrt(sum(v * v for v in row))
            result.append([v / length for v in row])
        return result

    errors = [
        (s - t) ** 2
        for row_s, row_t in zip(rows(student), rows(teacher), strict=True)
        for s, t in zip(row_s, row_t, strict=True)
    ]
    return sum(errors) / len(errors)


SLOW = {"angle": slow_angle, "distance": slow_distance, "gram": slow_gram}


def test_every_loss_has_a_reference():
    assert set(SLOW) == set(RELATION_LOSSES)


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize("batch", [3, 4, 9])
def test_equals_a_plain_loop_for_feature_sizes_that_differ(name, batch):
    student, teacher = features(batch, 6), features(batch, 11, seed=1)
    loss = RELATION_LOSSES[name](*tensors(student, teacher))
    assert loss.item() == pytest.approx(SLOW[name](student, teacher), rel=1e-9)


@pytest.mark.parametrize("name", MASKABLE)
def test_unmasked_equals_the_published_mean_over_all_entries(name):
    student, teacher = features(8, 6), features(8, 11, seed=1)
    loss = RELATION_LOSSES[name](*tensors(student, teacher), mask_trivial=False)
    assert loss.item() == pytest.approx(SLOW[name](student, teacher, False), rel=1e-9)


@pytest.mark.parametrize(("batch", "trivial"), [(16, 0.18), (32, 0.09)])
def test_trivial_angles_are_the_documented_share_and_add_nothing(batch, trivial):
    student, teacher = tensors(features(batch, 6), features(batch, 11, seed=1))
    diluted = angle_relation(student, teacher, mask_trivial=False)
    share = 1 - (diluted / angle_relation(student, teacher)).item()
    assert share == pytest.approx(trivial, abs=0.005)


@pytest.mark.parametrize("name", SLOW)
def test_equals_a_plain_loop_with_the_same_image_twice(name):
    student, teacher = features(6, 5), features(6, 8, seed=1)
    student[4], teacher[4] = student[1], teacher[1]
    loss = RELATION_LOSSES[name](*tensors(student, teacher))
    assert loss.item() == pytest.approx(SLOW[name](student, teacher), rel=1e-9)


@pytest.mark.parametrize("name", SLOW)
def test_is_zero_only_when_the_relations_agree(name):
    student, teacher = tensors(features(6, 5), features(6, 5, seed=1))
    assert RELATION_LOSSES[name](teacher, teacher).item() == 0
    assert RELATION_LOSSES[name](student, teacher).item() > 1e-3


TRANSLATED = ("translation", lambda f: f + features(1, f.shape[1], seed=5))
ROTATED = ("rotation", lambda f: f @ rotation(f.shape[1]))
SCALED = ("scale", lambda f: 37.5 * f)


@pytest.mark.parametrize(
    ("name", "change"),
    [(name, change) for name in MASKABLE for change in (TRANSLATED, ROTATED, SCALED)]
    + [("gram", change) for change in (ROTATED, SCALED)],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_is_invariant_in_either_feature_space_to(name, change):
    student, teacher = features(7, 5), features(7, 9, seed=1)
    loss = RELATION_LOSSES[name]
    expected = loss(*tensors(student, teacher))
    torch.testing.assert_close(loss(*tensors(change[1](student), teacher)), expected)
    torch.testing.assert_close(loss(*tensors(student, change[1](teacher))), expected)


@pytest.mark.parametrize("name", SLOW)
def test_order_of_the_images_does_not_matter(name):
    student, teacher = features(7, 5), features(7, 9, seed=1)
    order = np.random.default_rng(2).permutation(7)
    loss = RELATION_LOSSES[name]
    torch.testing.assert_close(
        loss(*tensors(student[order], teacher[order])), loss(*tensors(student, teacher))
    )


@pytest.mark.parametrize("name", SLOW)
def test_gradient_is_the_analytic_one(name):
    student, teacher = tensors(features(5, 4), features(5, 6, seed=1))
    student.requires_grad_()
    assert torch.autograd.gradcheck(lambda s: RELATION_LOSSES[name](s, teacher), (student,))


@pytest.mark.parametrize("name", SLOW)
def test_gradient_reaches_the_student_and_spares_a_detached_teacher(name):
    student, teacher = (f.requires_grad_() for f in tensors(features(6, 5), features(6, 5, 1)))
    RELATION_LOSSES[name](student, teacher.detach()).backward()
    assert student.grad.abs().sum() > 0
    assert teacher.grad is None


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize("offset", [0.0, 1e-7], ids=["equal", "equal up to rounding"])
def test_equal_images_give_gradients_of_ordinary_size(name, offset):
    student, teacher = (f.float() for f in tensors(features(6, 5), features(6, 8, seed=1)))
    student[4] = student[1] + offset
    student.requires_grad_()
    RELATION_LOSSES[name](student, teacher).backward()
    assert torch.isfinite(student.grad).all()
    assert student.grad.abs().max() < 1


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_collapsed_student_gets_a_finite_loss_and_gradient(name, value):
    student = torch.full((6, 5), value, requires_grad=True)
    loss = RELATION_LOSSES[name](student, torch.from_numpy(features(6, 8)).float())
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(student.grad).all()


@pytest.mark.parametrize("name", SLOW)
def test_nan_in_the_features_is_not_hidden(name):
    student, teacher = tensors(features(6, 5), features(6, 8, seed=1))
    student[2, 3] = math.nan
    assert RELATION_LOSSES[name](student, teacher).isnan()


@pytest.mark.parametrize(
    ("loss", "batch"),
    [(loss, batch) for loss in RELATION_LOSSES.values() for batch in (0, 1)]
    + [(angle_relation, 2)]
    + [(partial(angle_relation, mask_trivial=False), batch) for batch in (0, 1, 2)]
    + [(partial(distance_relation, mask_trivial=False), batch) for batch in (0, 1)],
)
def test_too_few_images_for_a_relation_give_a_zero_with_a_graph(loss, batch):
    student = torch.ones(batch, 5, requires_grad=True)
    value = loss(student, torch.ones(batch, 8))
    value.backward()
    assert value.item() == 0
    assert torch.equal(student.grad, torch.zeros(batch, 5))


@pytest.mark.parametrize("name", SLOW)
def test_autocast_and_half_precision_features_are_computed_in_float32(name):
    student, teacher = tensors(features(6, 32), features(6, 48, seed=1))
    student, teacher = student.to(torch.bfloat16), teacher.to(torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = RELATION_LOSSES[name](student, teacher)
    assert loss.dtype == torch.float32
    exact = SLOW[name](student.double().numpy(), teacher.double().numpy())
    assert loss.item() == pytest.approx(exact, rel=1e-4)


def test_losses_stay_within_their_documented_range_for_opposite_features():
    f = torch.from_numpy(features(12, 3))
    one_line = torch.linspace(-1, 1, 12)[:, None].double()
    assert angle_relation(one_line, f).item() <= 1.5
    assert distance_relation(one_line, f).item() >= 0
    assert gram_relation(one_line, f).item() <= 4 / 12


@pytest.mark.parametrize("name", SLOW)
def test_features_of_different_batches_are_refused(name):
    with pytest.raises(ValueError, match=r"student \(6, 5\) and teacher \(1, 5\)"):
        RELATION_LOSSES[name](torch.zeros(6, 5), torch.zeros(1, 5))


def test_relation_matrices_are_those_of_plain_numpy():
    features = np.random.default_rng(0).normal(size=(7, 4))
    count = len(features)
    angle = np.eye(count)
    for i, k in ((i, k) for i in range(count) for k in range(count) if i != k):
        cosines = []
        for j in set(range(count)) - {i, k}:
            one, other = features[i] - features[j], features[k] - features[j]
            cosines.append(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
        angle[i, k] = np.mean(cosines)
    distance = np.linalg.norm(features[:, None] - features[None], axis=-1)
    gram = features @ features.T
    expected = {
        "angle": angle,
        "distance": distance / distance[~np.eye(count, dtype=bool)].mean(),
        "gram": gram / np.linalg.norm(gram, axis=1, keepdims=True),
    }
    for relation, matrix in expected.items():
        found = relation_matrix(torch.from_numpy(features), relation)
        np.testing.assert_allclose(found.numpy(), matrix, atol=1e-12, err_msg=relation)
