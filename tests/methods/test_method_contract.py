"""What every training method promises, checked for all methods there are.

A widely used toolkit shipped Mean Teacher with a consistency loss that was identically zero, for
years. So: each consistency term is positive when the branches disagree and zero when they agree;
its gradient reaches the student and never the target.

A new method is found by its name and checked without a change here, as long as it follows two
conventions: the terms on unlabeled images are logged as ``<what>_consistency``, and the weight of
each is a setting ``<what>_weight``.
"""

import copy
import dataclasses
from inspect import cleandoc

import pytest
import torch
from safetensors.torch import load_file, save_file

from ssliqa.errors import ConfigError
from ssliqa.methods import Method, Progress, StepResult, find_method, method_names
from ssliqa.training.config import TrainConfig
from ssliqa.training.run_config import method_settings

# Near the end of training, where every ramp is well up.
LATE = Progress(epoch=9, epochs=10, step=95, steps=100)
EARLY = Progress(epoch=0, epochs=10, step=1, steps=100)

METHODS = method_names()
# Those whose student is trained by steps, rather than fitted before and after them.
TRAINED = [name for name in METHODS if "student" not in find_method(name).fitted]


def trained_branch(method):
    return next(method.branch(name) for name in method.branch_names if name not in method.fitted)


def weights_of(name):
    fields = [field.name for field in dataclasses.fields(find_method(name).Config)]
    return [field for field in fields if field.endswith("_weight")]


TERMS = [(name, weight) for name in METHODS for weight in weights_of(name)]

# Terms that are no distance between two predictions, and so are not zero where these agree.
OTHER_KINDS = {
    ("degradation_ranking", "ranking_weight"),  # an order within one branch
    ("rankup", "ranking_weight"),  # a cross-entropy
    ("rankup", "alignment_weight"),  # a distance from the labels' quantiles
    ("ucvme", "uncertainty_weight"),  # a likelihood, of readouts of their own
}
CONSISTENCIES = [term for term in TERMS if term not in OTHER_KINDS]


def only(name, weight):
    """Settings with the weight of one term 1 and of the others 0."""
    return {other: float(other == weight) for other in weights_of(name)}


def term_of(weight):
    return weight.replace("_weight", "_consistency")


def gradients(method, labeled, unlabeled, branch, progress=LATE):
    """The gradient of each parameter of a branch (zero where it has none)."""
    method.zero_grad()
    method.step(labeled, unlabeled, progress).loss.backward()
    return {
        key: torch.zeros_like(values) if values.grad is None else values.grad.clone()
        for key, values in method.branch(branch).named_parameters()
    }


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def state(module):
    return {key: value.clone() for key, value in module.state_dict().items()}


def seeded_step(method, batches):
    """A step as the loop takes it, which seeds what a step draws."""
    torch.manual_seed(0)
    return method.step(*batches, LATE)


def only_some(unlabeled, chosen):
    return type(unlabeled)(*(part[chosen] for part in unlabeled))


def test_the_methods_of_the_first_release_are_there():
    known = {"supervised", "ssliqa", "mean_teacher", "rankup", "self_training", "ucvme"}
    assert known <= set(METHODS)


@pytest.mark.parametrize("name", sorted(set(METHODS) - set(TRAINED)))
def test_a_fitted_student_is_no_parameter_of_the_steps(name, make_method):
    method = make_method(name)
    assert not any(values.requires_grad for values in method.student().parameters())
    assert all(values.requires_grad for values in trained_branch(method).parameters())


@pytest.mark.parametrize("name", METHODS)
def test_a_method_describes_itself(name):
    kind = find_method(name)
    assert issubclass(kind, Method)
    assert "student" in kind.branch_names
    assert kind.__doc__
    config = kind.Config()
    assert dataclasses.is_dataclass(config)
    for field in dataclasses.fields(config):
        assert f"\n    {field.name}: " in cleandoc(kind.Config.__doc__), (
            "the help text of a setting"
        )
    setting = dataclasses.fields(config)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config, setting, None)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_with_unlabeled_images_has_terms_for_them(name, make_method, batches):
    terms = make_method(name).step(*batches, LATE).terms
    consistencies = {term for term in terms if term.endswith("_consistency")}
    assert consistencies == {term_of(weight) for weight in weights_of(name)}
    assert bool(consistencies) == find_method(name).draws_unlabeled()


@pytest.mark.parametrize("name", METHODS)
def test_unlabeled_images_change_the_loss_just_where_a_method_uses_them(name, make_method, batches):
    labeled, unlabeled = batches
    method = make_method(name).eval()
    difference = method.step(labeled, unlabeled, LATE).loss - method.step(labeled, None, LATE).loss
    assert (difference.item() != 0) == method.draws_unlabeled()


@pytest.mark.parametrize(("name", "weight"), CONSISTENCIES)
def test_a_consistency_term_is_positive_when_the_branches_disagree(
    name, weight, make_method, batches
):
    labeled, unlabeled = batches
    method = make_method(name, **only(name, weight)).eval()
    on_labeled = method.step(labeled, None, LATE).terms[term_of(weight)]
    on_both = method.step(labeled, unlabeled, LATE).terms[term_of(weight)]
    assert on_labeled >= 0
    assert on_both - on_labeled > 1e-7  # the share of the unlabeled images


@pytest.mark.parametrize(("name", "weight"), CONSISTENCIES)
def test_a_consistency_term_is_zero_when_the_branches_agree(name, weight, make_method, batches):
    method = make_method(name, agree=True, **only(name, weight)).eval()
    # A target at rest may be computed with batch-norm folded, which rounds in another order.
    assert method.step(*batches, LATE).terms[term_of(weight)] == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize(("name", "weight"), TERMS)
def test_a_term_enters_the_loss_in_proportion_to_its_weight(name, weight, make_method, batches):
    losses = [
        make_method(name, **{**only(name, weight), weight: size}).eval().step(*batches, LATE).loss
        for size in (0.0, 10.0, 20.0)
    ]
    once, twice = (loss.item() - losses[0].item() for loss in losses[1:])
    assert once != 0
    assert twice == pytest.approx(2 * once, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "weight"), [term for term in TERMS if term != ("ucvme", "uncertainty_weight")]
)
def test_the_gradient_of_a_term_reaches_who_learns_and_never_the_target(
    name, weight, make_method, batches
):
    labeled, unlabeled = batches
    without = make_method(name, **dict.fromkeys(weights_of(name), 0.0)).eval()
    method = make_method(name, **only(name, weight)).eval()
    for branch in method.branch_names:
        bare = gradients(without, labeled, None, branch)
        on_labeled = gradients(method, labeled, None, branch)
        on_both = gradients(method, labeled, unlabeled, branch)
        if branch in method.learn_from_unlabeled:
            for key in bare:
                if key.startswith("model.backbone"):
                    assert not torch.equal(on_both[key], on_labeled[key]), key
        else:
            assert same(on_labeled, bare)
            assert same(on_both, bare)


@pytest.mark.parametrize("name", METHODS)
def test_with_consistency_weights_at_zero_a_method_is_supervised(name, make_method, batches):
    labeled, unlabeled = batches
    method = make_method(name, **dict.fromkeys(weights_of(name), 0.0)).eval()
    supervised = make_method("supervised").eval()
    # Early, since a teacher whose work is done learns no more.
    loss = method.step(labeled, unlabeled, EARLY).loss
    expected = 0.0
    for branch in method.branch_names:
        supervised.student().load_state_dict(method.branch(branch).model.state_dict())
        if any(values.requires_grad for values in method.branch(branch).parameters()):
            expected += supervised.step(labeled, None, EARLY).loss.item()
            assert same(
                gradients(method, labeled, unlabeled, branch, EARLY),
                gradients(supervised, labeled, None, "student"),
            )
    assert loss.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("images", [(5, 7), (5, 0), (2, 1), (1, 2), (1, 1)])
def test_the_loss_is_finite_and_has_a_gradient_for_every_size_of_batch(
    name, images, make_method, batches
):
    labeled, unlabeled = batches
    labeled = type(labeled)(*(part[: images[0]] for part in labeled))
    method = make_method(name).train()
    some = only_some(unlabeled, slice(images[1])) if images[1] else None
    result = method.step(labeled, some, LATE)
    assert result.loss.ndim == 0
    assert torch.isfinite(result.loss)
    result.loss.backward()
    for key, values in method.named_parameters():
        assert values.grad is None or torch.isfinite(values.grad).all(), key
    assert all(values.grad is not None for values in trained_branch(method).parameters())


@pytest.mark.parametrize("name", METHODS)
def test_two_equal_images_in_a_batch_do_no_harm(name, make_method, batches):
    labeled, unlabeled = batches
    method = make_method(name, agree=True).train()
    method.step(labeled, only_some(unlabeled, [0, 0, 1, 1, 1]), LATE).loss.backward()
    learned = trained_branch(method).parameters()
    assert all(torch.isfinite(values.grad).all() for values in learned)


@pytest.mark.parametrize("name", METHODS)
def test_what_is_logged_are_numbers_without_a_graph(name, make_method, batches):
    labeled, unlabeled = batches
    result = make_method(name).step(labeled, unlabeled, LATE)
    assert isinstance(result, StepResult)
    for term, value in result.terms.items():
        assert value.ndim == 0, term
        assert not value.requires_grad, term
    assert make_method(name).step(labeled, None, LATE).terms.keys() == result.terms.keys()


@pytest.mark.parametrize("name", METHODS)
def test_a_step_is_deterministic(name, make_method, batches):
    method = make_method(name).train()
    twin = copy.deepcopy(method)
    losses = [seeded_step(each, batches).loss for each in (method, twin)]
    assert torch.equal(*losses)
    for loss in losses:
        loss.backward()
    for ours, theirs in zip(method.parameters(), twin.parameters(), strict=True):
        assert (ours.grad is None and theirs.grad is None) or torch.equal(ours.grad, theirs.grad)
    assert same(state(method), state(twin))


@pytest.mark.parametrize("name", METHODS)
def test_a_call_is_a_step(name, make_method, batches):
    method = make_method(name).eval()
    stepped = seeded_step(method, batches).loss
    torch.manual_seed(0)
    assert torch.equal(method(*batches, LATE).loss, stepped)


@pytest.mark.parametrize("name", METHODS)
def test_a_step_changes_no_image_and_no_label(name, make_method, batches):
    labeled, unlabeled = batches
    before = [part.clone() for part in (*labeled, *unlabeled)]
    make_method(name).step(labeled, unlabeled, LATE).loss.backward()
    assert all(map(torch.equal, before, (*labeled, *unlabeled)))


@pytest.mark.parametrize("name", METHODS)
def test_the_state_of_a_method_can_be_kept_in_a_file(name, make_method, batches, tmp_path):
    method = make_method(name).train()
    # A few steps, so that statistics and averages have moved away from their start.
    optimizer = torch.optim.SGD([v for v in method.parameters() if v.requires_grad], lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        method.step(*batches, LATE).loss.backward()
        optimizer.step()
        method.after_step()
    save_file(method.state_dict(), tmp_path / "state.safetensors")
    other = make_method(name, seed=1).train()
    other.load_state_dict(load_file(tmp_path / "state.safetensors"))
    assert same(state(other), state(method))
    assert torch.equal(seeded_step(other, batches).loss, seeded_step(method, batches).loss)


@pytest.mark.parametrize("name", TRAINED)
def test_a_few_steps_bring_the_student_nearer_to_the_labels(name, make_method, batches):
    labeled, unlabeled = batches
    method = make_method(name, freeze_batch_norm=True)
    supervised = make_method("supervised").eval()

    def label_loss():
        supervised.student().load_state_dict(method.student().state_dict())
        return supervised.step(labeled, None, LATE).loss.item()

    before = label_loss()
    learned = [values for values in method.parameters() if values.requires_grad]
    optimizer = torch.optim.Adam(learned, lr=2e-4)
    for step in range(12):
        optimizer.zero_grad()
        progress = Progress(step // 6, 2, step, 12)
        method.step(labeled, unlabeled, progress).loss.backward()
        optimizer.step()
        method.after_step()
    assert label_loss() < 0.7 * before


@pytest.mark.parametrize("name", METHODS)
def test_the_student_is_the_branch_of_that_name(name, make_method):
    method = make_method(name)
    assert method.student() is method.branch("student").model
    assert set(method.branches) == set(method.branch_names)


@pytest.mark.parametrize("name", METHODS)
def test_an_unknown_setting_is_refused_with_those_there_are(name):
    config = TrainConfig(labels="any.csv", out="any", method={"name": name, "wings": 2})
    known = ", ".join(field.name for field in dataclasses.fields(find_method(name).Config))
    with pytest.raises(ConfigError, match=f"'{name}' has no setting wings. It has: {known}."):
        method_settings(config)


@pytest.mark.parametrize("name", METHODS)
def test_known_settings_reach_the_method(name):
    config = TrainConfig(labels="any.csv", out="any", method={"name": name, "loss": "mse"})
    assert method_settings(config) == find_method(name).Config(loss="mse")
