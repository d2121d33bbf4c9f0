"""What a plan says, and what is wrong with plans."""

import json

import pytest
import yaml

from ssliqa.benchmark.plan import read_plan
from ssliqa.benchmark.test_sets import OWN_TEST
from ssliqa.errors import ConfigError
from ssliqa.training.presets import read_preset

PLAN = {
    "title": "A plan",
    "settings": {"labels": "ratings.csv", "images": "photos", "steps": 9, "student.head": "64"},
    "methods": {
        "supervised": {"method": "supervised"},
        "supervised teacher": {"method": "supervised", "student": "{teacher}"},
        "ssliqa": {"method": "ssliqa"},
        "no relations": {"method": "ssliqa", "method.relation_weight": 0},
    },
    "pairs": ["alexnet <- resnet18"],
    "budgets": [50, 0.5, "all"],
    "ratios": [1, 2],
    "splits": 3,
}


@pytest.fixture
def read(tmp_path):
    """Read a plan from a file; ``None`` takes an entry away."""

    def from_file(changes=None, overrides=None, base=PLAN):
        values = {k: v for k, v in (base | (changes or {})).items() if v is not None}
        file = tmp_path / "plan.yaml"
        file.write_text(yaml.safe_dump(values, sort_keys=False))
        return read_plan(file, overrides)

    return from_file


def test_every_combination_is_a_cell(read):
    plan = read()
    assert plan.title == "A plan"
    assert plan.methods == list(PLAN["methods"])
    places = [tuple(cell.place.values()) for cell in plan.cells]
    assert len(set(places)) == len(places)
    # Supervised methods use no unlabeled images, so they have one cell for both ratios.
    assert len(places) == 3 * 3 * (1 + 1 + 2 + 2)
    some = [cell for cell in plan.cells if (cell.method, cell.budget) == ("ssliqa", "50")]
    assert [(cell.ratio, cell.split) for cell in some] == [(r, k) for r in (1, 2) for k in range(3)]


def test_a_cell_has_the_settings_of_its_place(read):
    cells = {(c.method, c.budget, c.split, c.ratio): c for c in read().cells}
    config = cells["no relations", "0.5", 2, 1.0].config
    assert config.method["relation_weight"] == 0
    assert (config.label_budget, config.seed, config.unlabeled_ratio) == (0.5, 2, 1)
    assert (config.student.name, config.teacher.name) == ("alexnet", "resnet18")
    assert (config.steps, config.student.head) == (9, "64")
    assert cells["ssliqa", "all", 0, 2.0].config.label_budget is None
    assert cells["ssliqa", "all", 0, 2.0].config.method["relation_weight"] > 0
    teacher = cells["supervised teacher", "50", 0, None]
    assert teacher.config.student.name == "resnet18"
    assert (teacher.pair, teacher.student, teacher.teacher) == (
        "alexnet <- resnet18",
        "resnet18",
        "",
    )


def test_equal_trainings_share_a_folder_and_different_ones_never_do(read):
    plan = read({"pairs": ["alexnet <- resnet18", "alexnet <- resnet34"], "splits": 1})
    supervised = [c.key for c in plan.cells if (c.method, c.budget) == ("supervised", "50")]
    assert len(supervised) == 2
    assert len(set(supervised)) == 1
    ssliqa = [c.key for c in plan.cells if (c.method, c.budget) == ("ssliqa", "50")]
    assert len(set(ssliqa)) == len(ssliqa) == 4


def test_where_and_how_fast_a_cell_runs_does_not_change_its_folder(read):
    one = read(overrides={"workers": 1, "cache": "here", "device": "cpu"})
    other = read(overrides={"workers": 4, "checkpoint_minutes": 1})
    assert [cell.key for cell in one.cells] == [cell.key for cell in other.cells]
    longer = read(overrides={"steps": 10})
    assert not {cell.key for cell in one.cells} & {cell.key for cell in longer.cells}


def test_overrides_win_over_shared_settings_but_not_over_what_sets_a_method_apart(read):
    overrides = {"steps": 5, "method.relation_weight": 7, "methods": ["ssliqa", "no relations"]}
    cells = {c.method: c.config for c in read({"splits": [4]}, overrides).cells}
    assert {config.steps for config in cells.values()} == {5}
    assert cells["ssliqa"].method["relation_weight"] == 7
    assert cells["no relations"].method["relation_weight"] == 0


def test_a_setting_for_all_methods_that_one_does_not_have_is_refused_and_not_passed_over(read):
    with pytest.raises(ConfigError, match=r"method 'supervised'.*option 'relation_weight'"):
        read(overrides={"method.relation_weight": 7})


def test_a_preset_lies_below_everything_else(read):
    methods = {"paper": {"preset": "paper"}, "changed": {"preset": "paper", "student.head": "32"}}
    paper, changed = read({"methods": methods, "budgets": None, "ratios": None, "splits": 1}).cells
    preset = read_preset("paper")
    assert paper.config.teacher.head == preset["teacher"]["head"] == "published"
    assert paper.config.student.head == "64"  # the plan's shared setting
    assert changed.config.student.head == "32"
    assert paper.config.optimizer.halve_every == preset["optimizer"]["halve_every"]
    assert paper.config.method["mask_trivial"] is False
    assert paper.config.steps == 9


def test_a_plan_of_methods_alone_takes_the_defaults(read):
    base = {"settings": {"labels": "r.csv"}, "methods": {"ssliqa": {}}}
    (cell,) = read(base=base).cells
    assert (cell.budget, cell.split, cell.pair) == ("all", 0, "")
    assert cell.config.method["name"] == "ssliqa"
    assert read(base=base).title == "plan"
    assert read(base=base).baseline == "ssliqa"


def test_a_command_line_keeps_some_methods_in_the_plans_order(read):
    base = {
        "settings": {"labels": "r.csv"},
        "methods": {"ssliqa": {}, "single": {"method": "supervised"}, "a, b": {"steps": 3}},
        "baseline": "ssliqa",
    }
    assert read(base=base, overrides={"methods": ["a, b", "ssliqa"]}).methods == ["ssliqa", "a, b"]
    # Its baseline is the plan's where that is kept, and the first of those that are, else.
    assert read(base=base, overrides={"methods": ["ssliqa", "single"]}).baseline == "ssliqa"
    assert read(base=base, overrides={"methods": "single"}).baseline == "single"
    named = {"methods": ["single", "a, b"], "baseline": "a, b"}
    assert read(base=base, overrides=named).baseline == "a, b"
    with pytest.raises(ConfigError, match="baseline 'ssliqa' is none of its methods"):
        read(base=base, overrides={**named, "baseline": "ssliqa"})
    with pytest.raises(ConfigError, match=r"no method 'b'.*--methods '\[ssliqa, single, .*a, b"):
        read(base=base, overrides={"methods": ["single", "b"]})
    for none in (None, [], ""):
        with pytest.raises(ConfigError, match=r"names none|no method ''"):
            read(base=base, overrides={"methods": none})


def test_keys_are_names_for_folders(read):
    for cell in read({"pairs": ["torchvision:alexnet <- resnet18"], "splits": 1}).cells:
        assert not set(cell.key) & set('/\\:*?"<>| ')
        assert json.dumps(cell.place)


def test_a_preset_for_all_methods_keeps_what_another_method_has_of_it(read):
    settings = {"labels": "r.csv", "preset": "paper"}
    methods = {"ssliqa": {}, "single": {"method": "supervised"}}
    ssliqa, single = read(base={"settings": settings, "methods": methods}).cells
    assert ssliqa.config.method["relation_weight"] == 100
    assert single.config.method == {"name": "supervised", "loss": "mse"}
    assert (single.student, single.config.student.head) == ("alexnet", "published")
    given = read(base={"settings": {"labels": "r.csv"}, "methods": methods}, overrides=settings)
    assert [cell.config for cell in given.cells] == [ssliqa.config, single.config]


def test_a_pair_may_say_more_of_its_networks_than_their_names(read):
    teacher = {"name": "resnet34", "head": "32"}
    pairs = ["alexnet <- resnet18", {"student": "alexnet", "teacher": teacher}]
    cells = {
        (c.method, c.pair): c.config
        for c in read({"pairs": pairs, "budgets": ["all"], "ratios": [1], "splits": 1}).cells
    }
    pair = "alexnet <- resnet34"
    assert (cells["ssliqa", pair].teacher.name, cells["ssliqa", pair].teacher.head) == (
        "resnet34",
        "32",
    )
    assert cells["ssliqa", pair].student.head == "64"
    # The network of the teacher brings the head that suits it.
    assert cells["supervised teacher", pair].student.head == "32"
    assert cells["supervised teacher", "alexnet <- resnet18"].student.head == "64"


def test_yes_needs_no_quotes(read):
    pair = {"student": "alexnet", "teacher": {"name": "resnet34", "bf16": True}}
    methods = {"ssliqa": {}, "coarse": {"student.bf16": False}}
    base = {"settings": {"labels": "r.csv"}, "methods": methods, "pairs": [pair]}
    ssliqa, coarse = read(base=base).cells
    assert (ssliqa.config.student.bf16, ssliqa.config.teacher.bf16) == ("auto", "yes")
    assert coarse.config.student.bf16 == "no"


def test_entries_of_a_plan_can_be_replaced_from_outside(read):
    plan = read(overrides={"splits": 1, "budgets": [7], "ratios": 1, "title": "Quick"})
    assert plan.title == "Quick"
    assert {(cell.budget, cell.split, cell.ratio) for cell in plan.cells} == {
        ("7", 0, 1.0),
        ("7", 0, None),
    }
    (cell, *_) = read(overrides={"pairs": "googlenet <- resnet50"}).cells
    assert cell.pair == "googlenet <- resnet50"


def test_test_sets_can_be_placed_added_and_left_out_from_outside(read):
    tests = {"night": {"dataset": "nnid", "subset": [512, 2048]}, "live-c": {"dataset": "livec"}}
    overrides = {"tests.night.root": "N", "tests.live_c.root": "L", "tests.more.labels": "r.csv"}
    plan = read({"tests": tests}, overrides)
    assert {name: (source.root, source.subset) for name, source in plan.tests.items()} == {
        "night 512": ("N", "512"),
        "night 2048": ("N", "2048"),
        "live-c": ("L", None),
        "more": (None, None),
    }
    left_out = {"tests.live_c": "none", "tests.night.root": "N"}
    assert list(read({"tests": tests}, left_out).tests) == ["night 512", "night 2048"]


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (
            {"tests.livec.root": "x"},
            r"no test set 'livec'.*--tests.livec.labels",
        ),
        ({"tests.new.dataset": "livec"}, r"--tests.new.root DIR"),
        ({"tests.new": "DIR"}, r"Write --tests.new.root DIR"),
        ({"tests.nigt": "none"}, "no test set 'nigt'"),
        ({"tests.new.dataset": "ava", "tests.new.root": "x"}, "no database called 'ava'"),
        (
            {"tests.n.dataset": "nnid", "tests.n.root": "x", "tests.n.subset": 700},
            "no subset '700'.*512, 1024, 2048",
        ),
        (
            {"tests.n.dataset": "livec", "tests.n.root": "x", "tests.n.subset": 1},
            "read as a whole: leave out --tests.n.subset",
        ),
    ],
)
def test_what_is_wrong_with_a_test_set_is_said_as_it_is_given(overrides, named, read):
    with pytest.raises(ConfigError, match=named):
        read(overrides=overrides)


REFUSED = {
    "an unknown entry": ({"metods": {}}, "metods"),
    "no methods": ({"methods": None}, "no methods"),
    "methods in a list": ({"methods": ["ssliqa"]}, "names with settings"),
    "an unknown method": ({"methods": {"x": {"method": "magic"}}}, "magic"),
    "an unknown setting": ({"methods": {"x": {"epoks": 3}}}, "epoks"),
    "a setting of another method": (
        {"methods": {"x": {"method": "supervised", "method.relation_weight": 0}}},
        "relation_weight",
    ),
    "an unknown preset": ({"methods": {"x": {"preset": "papers"}}}, "papers"),
    "an impossible value": ({"settings": {"labels": "r.csv", "steps": 0}}, "steps is 0"),
    "no labels": ({"settings": {}}, "labels"),
    "half a pair": ({"pairs": ["alexnet"]}, "student <- teacher"),
    "half a pair of settings": ({"pairs": [{"student": "alexnet"}]}, "student <- teacher"),
    "a pair with more": (
        {"pairs": [{"student": "alexnet", "teacher": "resnet18", "steps": 3}]},
        "no pair",
    ),
    "no splits": ({"splits": []}, "splits"),
    "splits in words": ({"splits": "five"}, "five"),
    "a budget in words": ({"budgets": ["many"]}, "many"),
    "a budget of nothing": ({"budgets": [0]}, "budget 0"),
    "a ratio in words": ({"ratios": ["twice"]}, "twice"),
    "another baseline": ({"baseline": "magic"}, "magic"),
    "a test set without labels": ({"tests": {"night": {"images": "x"}}}, "night"),
    "a test set with more": ({"tests": {"night": {"labels": "x", "foo": 1}}}, "foo"),
    "the test part as a test set": ({"tests": {OWN_TEST: {"labels": "x"}}}, "each split keeps"),
    "the test part as a subset": (
        {"tests": {"test": {"dataset": "nnid", "root": "x", "subset": ["part"]}}},
        "each split keeps",
    ),
    "two test sets of one name": (
        {
            "tests": {
                "a 512": {"labels": "x"},
                "a": {"dataset": "nnid", "root": "x", "subset": [512]},
            }
        },
        "twice",
    ),
    "no subsets": ({"tests": {"n": {"dataset": "nnid", "root": "x", "subset": []}}}, "empty list"),
    "an unknown answer to problems": (
        {"tests": {"n": {"labels": "x", "on_problem": "maybe"}}},
        "on_problem is 'maybe'.*error or warn",
    ),
    "a test set's labels as a number": ({"tests": {"n": {"labels": 5}}}, "labels is 5"),
    "a scale as a number": ({"tests": {"n": {"labels": "x", "scale": 5}}}, "scale is 5"),
    "columns as a number": ({"tests": {"n": {"labels": "x", "columns": 5}}}, "columns is 5"),
    "settings in a list": ({"settings": ["a"]}, "instead of settings"),
    "settings in a word": ({"settings": "abc"}, "instead of settings"),
    "a shared network as a number": ({"settings": {"student": 5}}, "settings, student is 5"),
    "a network as a number": ({"methods": {"x": {"student": 5}}}, "'x', student is 5"),
    "a network as a number below its settings": (
        {"methods": {"x": {"student": 5, "student.head": "64"}}},
        "student is 5",
    ),
    "a network called by a number": ({"settings": {"student.name": 5}}, "student.name is 5"),
    "a method in a list": ({"methods": {"x": {"method": ["x"]}}}, "method is .'x'."),
    "no method": ({"methods": {"x": {"method": None}}}, "method is None"),
    "no shared method": ({"settings": {"method": None, "preset": "paper"}}, "method is None"),
    "an optimizer as a number": ({"settings": {"optimizer": 5}}, "optimizer is 5"),
    "unlabeled as a number": ({"settings": {"unlabeled": 5}}, "unlabeled is 5"),
    "numbers as a pair": ({"pairs": [{"student": 5, "teacher": [1]}]}, "student is 5"),
    "a boundless ratio": ({"ratios": [float("inf")]}, "ratio inf"),
    "a ratio of nothing": ({"ratios": 0}, "ratio 0"),
    "a ratio that is true": ({"ratios": [True]}, "ratio True"),
    "a budget that is true": ({"budgets": [True]}, "budget True"),
    "half labels": ({"budgets": [2.5]}, "budget 2.5"),
    "splits that are true": ({"splits": True}, "splits are True"),
    "a split that is true": ({"splits": [True]}, "splits are .True."),
    "a seed": ({"settings": {"labels": "r.csv", "seed": 1}}, "seed is 1.*entry splits"),
    "a method's seed": ({"methods": {"x": {"seed": 1}}}, "'x', seed is 1.*entry splits"),
    "two budgets": ({"settings": {"label_budget": 5}}, "label_budget is 5.*entry budgets"),
    "a method's budget": (
        {"methods": {"x": {"label_budget": 5}}, "budgets": None},
        "label_budget is 5.*entry budgets",
    ),
    "two ratios": ({"settings": {"unlabeled_ratio": 3}}, "unlabeled_ratio is 3.*entry ratios"),
    "a method's ratio": ({"methods": {"x": {"unlabeled_ratio": 3}}}, "is 3.*entry ratios"),
}


@pytest.mark.parametrize(("changes", "named"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_wrong_with_a_plan_is_named(changes, named, read):
    with pytest.raises(ConfigError, match=named):
        read(changes)


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a/b", "a\\b", "../../x"])
def test_a_test_set_is_a_folder_of_its_own(name, read):
    with pytest.raises(ConfigError, match="no name for a folder"):
        read({"tests": {name: {"labels": "x"}}})


@pytest.mark.parametrize(
    ("setting", "instead"),
    [("seed", "--splits"), ("label_budget", "--budgets"), ("unlabeled_ratio", "--ratios")],
)
def test_a_command_line_cannot_set_what_an_axis_says(setting, instead, read):
    with pytest.raises(ConfigError, match=f"On the command line, {setting} is 3.*{instead}"):
        read(overrides={setting: 3})


def test_a_setting_serves_where_the_plan_has_no_axis(read):
    settings = {"labels": "r.csv", "label_budget": 5, "unlabeled_ratio": 3}
    (cell,) = read(base={"settings": settings, "methods": {"ssliqa": {}}}).cells
    assert (cell.budget, cell.ratio) == ("5", 3)


def test_empty_entries_are_none_and_one_source_is_a_list(read):
    empty = dict.fromkeys(("baseline", "title", "pairs", "budgets", "ratios", "splits"))
    plan = read(
        base={"settings": {"labels": "r.csv", "unlabeled": "/photos"}, "methods": {"a": {}}},
        overrides=empty,
    )
    assert (plan.title, plan.baseline) == ("plan", "a")
    assert plan.cells[0].config.unlabeled == ["/photos"]


@pytest.mark.parametrize("text", ["- a list", "{", ""])
def test_a_file_of_another_form_is_refused(text, tmp_path):
    file = tmp_path / "plan.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"plan\.yaml"):
        read_plan(file)
    with pytest.raises(ConfigError, match="no plan"):
        read_plan(tmp_path / "none.yaml")


def test_the_test_part_has_a_name_no_one_takes_by_accident():
    assert " " in OWN_TEST
