"""What a plan would cost: steps as the loop would make them, crops as they would be scored."""

import pytest

from ssliqa.benchmark import cost
from ssliqa.benchmark.cost import estimate
from ssliqa.benchmark.plan import read_plan
from ssliqa.errors import SplitError


@pytest.fixture
def cells(tiny_set, tmp_path, monkeypatch):
    """Cells of a plan on 24 photographs.

    A crop costs a second in any network, and half a second behind frozen stages.
    """
    monkeypatch.setattr(cost, "_timed", lambda _, __, frozen, ___: (1.0, 0.5 if frozen else 1.0))

    def read(committee="{method: committee}", **settings):
        table = tmp_path / "parts.csv"
        parts = ["train"] * 12 + ["validation"] * 2 + ["test"] * 10
        rows = zip(tiny_set.names, tiny_set.mos, parts, strict=True)
        table.write_text("name,mos,set\n" + "".join(f"{n},{m},{p}\n" for n, m, p in rows))
        plan = tmp_path / "plan.yaml"
        plan.write_text(
            "methods: {supervised: {method: supervised}, ssliqa: {method: ssliqa}, "
            f"committee: {committee}}}"
        )
        given = {"labels": str(table), "images": str(tiny_set.folder), "scale": "0-100"}
        return read_plan(plan, {**given, "batch_size": 4, "epochs": 2, **settings}).cells

    return read


def test_steps_and_crops_are_counted_on_the_parts_that_will_be_used(cells):
    supervised, ssliqa, _ = estimate(cells(label_budget=8))
    assert supervised.steps == 2 * 2
    assert supervised.seconds == 4 * 3 * 4 + 10 * 9
    # 4 unlabeled images in batches of 8: an epoch is as long as the labeled set.
    assert ssliqa.steps == 2 * 2
    assert ssliqa.seconds == 4 * (3 * (4 + 8) + 3 * 4 + 8) + 10 * 9
    drawn, *_ = estimate(cells(label_budget=8, official_split=False))
    assert drawn.seconds == 4 * 3 * 4 + 5 * 9


def test_further_test_sets_and_scattered_crops_count(cells):
    alone, *_ = estimate(cells())
    more, *_ = estimate(cells(), further=100)
    assert more.seconds - alone.seconds == 100 * 9
    scattered, *_ = estimate(cells(**{"protocol.test_crops": "scattered"}))
    assert scattered.seconds - alone.seconds == 10


def test_more_labels_than_there_are_is_told_before_anything_is_trained(cells):
    with pytest.raises(SplitError, match="budget is 13, but the training part has 12"):
        estimate(cells(label_budget=13))


def test_kept_activations_are_counted_once_and_not_at_each_step(cells):
    _, ssliqa, _ = estimate(cells(label_budget=8, views=4, **{"student.frozen_stages": 3}))
    steps = 4 * (0.5 * 3 * (4 + 8) + 3 * 4 + 8)
    assert ssliqa.seconds == steps + 4 * (8 + 4) * 0.5 + 10 * 9
    _, drawn, _ = estimate(cells(label_budget=8, **{"student.frozen_stages": 3}))
    assert drawn.seconds == 4 * (3 * (4 + 8) + 3 * 4 + 8) + 10 * 9


@pytest.mark.parametrize(("views", "crops"), [(0, 4), (2, 2)])
def test_a_fitted_student_sees_all_photographs_once_and_the_teacher_labels_the_pool(
    views, crops, cells
):
    told = {"label_budget": 8, "views": views}
    committee = estimate(cells("{method: committee, method.teacher_from: 8}", **told))[2]
    assert committee.steps == 2 * 2
    copies = 12 * (1 + 6)
    assert committee.seconds == 4 * 3 * 4 + crops * (8 + 4) + crops * 4 + copies + 10 * 9


def test_unlabeled_photographs_that_a_method_is_not_given_cost_nothing(cells):
    settings = {"label_budget": 8, "views": 4, "student.frozen_stages": 3}
    method = "{method: ucvme, method.alone_from: %d}"
    *_, alone = estimate(cells(method % 8, **settings))
    *_, taught = estimate(cells(method % 9, **settings))
    # A step of both networks, crops of the labeled photographs behind frozen stages, the test.
    assert alone.seconds == 4 * 3 * 4 * (0.5 + 1) + 4 * 8 * 0.5 + 10 * 9
    assert taught.seconds > alone.seconds


def test_where_no_teacher_is_trained_there_are_no_steps(cells):
    few = estimate(cells(label_budget=8, views=2))[2]
    assert (few.steps, few.seconds) == (0, 2 * 8 + (7 + 2) * 12 + 10 * 9)
    labels_alone = "{method: committee, method.order: 0, method.agreement: 0}"
    few = estimate(cells(labels_alone, label_budget=8, views=2))[2]
    assert (few.steps, few.seconds) == (0, 2 * 8 + 10 * 9)


def test_what_comes_after_frozen_stages_takes_a_part_of_the_time_of_all():
    told = '["test_resnet", "linear", 1, "no", {}]'
    whole, learned = cost._timed(told, 64, 0, 1)
    assert whole == learned
    whole, learned = cost._timed(told, 224, 3, 1)
    assert learned < whole
