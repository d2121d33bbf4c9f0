"""Trainings that lack a part are told of before a dry run calls a plan fine."""

import pytest

from ssliqa.benchmark.parts import check_parts
from ssliqa.benchmark.plan import read_plan
from ssliqa.errors import ConfigError


@pytest.fixture
def check(tiny_set, tmp_path):
    """Check a plan on 24 photographs with the given settings and entries."""
    plan = tmp_path / "plan.yaml"
    plan.write_text("methods: {mine: {method: supervised}}")
    given = {"labels": str(tiny_set.labels), "images": str(tiny_set.folder), "scale": "0-100"}
    return lambda **changes: check_parts(read_plan(plan, {**given, **changes}))


@pytest.fixture
def split(tiny_set, tmp_path):
    """A split file with validation images."""
    parts = ["labeled"] * 16 + ["validation"] * 3 + ["test"] * 5
    rows = zip(tiny_set.names, parts, strict=True)
    file = tmp_path / "split.csv"
    file.write_text("image,part\n" + "".join(f"{name},{part}\n" for name, part in rows))
    return str(file)


def test_what_can_be_divided_is_fine(check, split):
    check()
    check(keep="best", fractions=[0.6, 0.2, 0.2])
    check(keep="best", split=split)


@pytest.mark.parametrize("missing", ["nope.csv", "nowhere/split.csv"])
def test_a_split_that_is_not_there_is_named(check, missing):
    with pytest.raises(ConfigError, match=f"'mine': The split .*{missing} does not exist"):
        check(split=missing)


def test_a_split_file_leaves_no_budget_to_choose(check, split):
    with pytest.raises(ConfigError, match=r"already says .* Leave out the plan's budgets"):
        check(split=split, budgets=["all", 5])


def test_the_best_weights_need_validation_images(check):
    with pytest.raises(ConfigError, match="'mine': keep is 'best', but there are no validation"):
        check(keep="best")
