"""The plans in ``examples/plans``: what they say is what would be trained, on copies of databases.

The copies have the real layout and three photographs, too few for 1000 labels. So a plan's cells
are compared with the size of the complete database, and its dry run gets budgets that fit.
"""

from pathlib import Path

import pytest
import yaml
from fake_trees import WRITERS
from PIL import Image

from ssliqa.benchmark import cost
from ssliqa.benchmark.plan import read_plan
from ssliqa.cli.main import main
from ssliqa.data import find_dataset, label_count
from ssliqa.methods import find_method
from ssliqa.models.backbones import listed_backbones
from ssliqa.models.heads import head_spec

FOLDER = Path(__file__).parents[2] / "examples/plans"
PLANS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
TABLES = {"livec", "livec-ablations", "livec-fitted", "livec-methods", "livec-training"}
"""Plans that read a label table; all others read a database by its name."""

LABELS = ["1000", "2000", "3000"]
ALEX = "alexnet <- resnet101"
THREE = ["supervised student", "supervised teacher", "ssliqa"]
# methods, pairs, budgets, ratios of the methods that have one, seeds of the splits
AXES = {
    "livec": (
        [*THREE, "ssliqa, as published"],
        ["mobilenetv2_100 <- mobilenetv1_100", "mobilenetv1_025 <- mobilenetv1_100"],
        ["50", "150", "all"],
        [2],
        range(10),
    ),
    "livec-ablations": (
        [
            *("ssliqa", "supervised", "predictions alone", "relations alone"),
            *("relations weigh 100", "teacher of the moment", "relations to a frozen teacher"),
        ],
        ["mobilenetv1_025 <- mobilenetv1_100"],
        ["150"],
        [2],
        range(5),
    ),
    "livec-fitted": (
        ["trained from a random head", "fitted head, four levels"],
        [""],
        ["50", "150", "all"],
        [],
        range(5),
    ),
    "livec-methods": (
        [
            *("plain supervised", "supervised", "fitted head", "ssliqa", "mean_teacher", "rankup"),
            *("ucvme", "self_training", "committee", "committee, labels alone"),
            "committee, no teacher",
        ],
        ["mobilenetv2_100 <- mobilenetv1_100"],
        ["50", "150", "300", "all"],
        [2],
        range(10),
    ),
    "livec-training": (
        [
            *("as it is", "loss: squared difference of shares", "batch-norm adapts"),
            *("from a fitted head", "crops of 224, nine to test"),
        ],
        [""],
        ["150"],
        [],
        [100, 101, 102],  # no report uses them
    ),
    "koniq-labels": (THREE, [ALEX], [*LABELS, "all"], [2], range(10)),
    "koniq-ratios": (["supervised student", "ssliqa"], [ALEX], LABELS, [1, 2, 3], range(10)),
    "koniq-pairs": (
        THREE,
        [
            *(ALEX, "googlenet <- resnet101", "alexnet <- inception_resnet_v2"),
            "alexnet <- vit_base_r50_s16_224",
        ],
        LABELS,
        [2],
        range(10),
    ),
    "koniq-baselines": (
        [
            *("ssliqa", "AlexNet", "GoogLeNet", "ResNet-18", "ResNet-34", "ResNet-50"),
            *("ResNet-101", "VGG-11", "DenseNet-121", "MobileNetV2", "MobileNetV3-small"),
            *("MNASNet", "ShuffleNetV2 x0.5", "Inception-ResNet-v2", "Swin"),
        ],
        [""],
        [*LABELS, "all"],
        [2],
        range(10),
    ),
    "koniq-ablations": (
        [
            *("as published", "labels alone", "predictions alone", "relations alone", "distances"),
            *("Gram matrices", "relations x 1", "relations x 10", "relations x 1000", "no ramp"),
            *("teacher frozen", "teacher frozen, relations alone"),
        ],
        [ALEX],
        ["2000"],
        [2],
        range(10),
    ),
    "cross-database": (THREE, [ALEX], [*LABELS, "all"], [2], range(10)),
    "kadid10k": (THREE, [ALEX], [*LABELS, "all"], [2], range(10)),
}
# methods that set their ratio themselves
OWN_RATIOS = {("livec-methods", "mean_teacher"): [1], ("livec-methods", "rankup"): [1]}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Copies of the databases, and overrides that name them for each plan."""
    folder = tmp_path_factory.mktemp("databases")
    for name in ("koniq10k", "livec", "nnid", "kadid10k"):
        (folder / name).mkdir()
        WRITERS[name](folder / name)
    Image.new("RGB", (2, 2)).save(folder / "a.png")
    (folder / "ratings.csv").write_text("image,mos\na.png,50\n")
    tests = {f"tests.{name}.root": str(folder / name) for name in ("livec", "nnid", "kadid10k")}

    def overrides(plan):
        if plan in TABLES:
            return {"labels": str(folder / "ratings.csv")}
        dataset = "kadid10k" if plan == "kadid10k" else "koniq10k"
        return {"root": str(folder / dataset), **(tests if plan == "cross-database" else {})}

    return overrides


@pytest.fixture(scope="module", params=PLANS)
def plan(request, data):
    return request.param, read_plan(FOLDER / f"{request.param}.yaml", data(request.param))


def cells_of(data, name):
    """The cells of the first split and the smallest budget, by method."""
    cells = read_plan(FOLDER / f"{name}.yaml", {**data(name), "splits": 1}).cells
    return {cell.method: cell for cell in cells if cell.budget == cells[0].budget}


def test_every_plan_has_its_axes(plan):
    name, read = plan
    methods, pairs, budgets, ratios, splits = AXES[name]
    assert read.methods == methods
    assert read.baseline in methods
    for axis, expected in (("pair", pairs), ("budget", budgets), ("split", list(splits))):
        assert list(dict.fromkeys(getattr(cell, axis) for cell in read.cells)) == expected, axis
    rows = 0
    for method in methods:
        seen = {cell.ratio for cell in read.cells if cell.method == method}
        if seen != {None}:
            assert sorted(seen) == OWN_RATIOS.get((name, method), ratios)
        rows += len(seen)
    assert len(read.cells) == rows * len(pairs) * len(budgets) * len(splits)


def test_every_training_is_the_published_protocol_on_ten_random_splits(plan):
    name, read = plan
    if name in TABLES:
        pytest.skip("it compares the default with the published protocol")
    for cell in read.cells:
        config = cell.config
        assert config.dataset == ("kadid10k" if name == "kadid10k" else "koniq10k")
        assert not config.official_split or name == "kadid10k"
        assert (config.epochs, config.repeats, config.batch_size) == (10, 10, 16)
        assert (config.epoch_ends, config.weights) == ("shorter", "hub")
        assert (config.optimizer.name, config.optimizer.schedule) == ("adam", "halving")
        assert (config.protocol.height, config.protocol.width) == (512, 384)
        assert config.protocol.test_crops == "scattered"
        assert config.method["loss"] == "mse"
        assert config.student.batch_norm == "train"


def test_every_network_is_one_of_those_tested_and_has_a_head(plan):
    _, read = plan
    listed = {entry["name"] for entry in listed_backbones()}
    for config in {cell.key: cell.config for cell in read.cells}.values():
        for role in find_method(config.method["name"]).branch_names:
            branch = getattr(config, role)
            assert branch.name in listed
            assert head_spec(branch.head, branch.name)


def test_the_complete_database_has_the_labels_that_a_plan_asks_for(plan):
    name, read = plan
    images = 1162 if name in TABLES else find_dataset(read.cells[0].config.dataset).images
    for budget in {cell.config.label_budget for cell in read.cells}:
        assert label_count(budget, round(0.8 * images)) > 0


def test_ablations_differ_from_the_published_method_in_what_they_say(data):
    cells = cells_of(data, "koniq-ablations")
    published = cells["as published"].config.method
    assert (published["relation"], published["relation_weight"]) == ("angle", 100)
    assert (published["prediction_weight"], published["ramp"]) == (1, "epoch")
    changed = {
        "predictions alone": {"relation_weight": 0},
        "relations alone": {"prediction_weight": 0},
        "distances": {"relation": "distance"},
        "Gram matrices": {"relation": "gram"},
        "relations x 1": {"relation_weight": 1},
        "relations x 10": {"relation_weight": 10},
        "relations x 1000": {"relation_weight": 1000},
        "no ramp": {"ramp": "none"},
        "teacher frozen": {"freeze_teacher": True},
        "teacher frozen, relations alone": {"freeze_teacher": True, "prediction_weight": 0},
    }
    for name, values in changed.items():
        assert cells[name].config.method == published | values, name
    assert cells["labels alone"].config.method == {"name": "supervised", "loss": "mse"}
    assert len({cell.key for cell in cells.values()}) == len(cells) == len(changed) + 2


def test_the_stand_in_of_the_fourth_teacher_has_a_head_of_its_own_in_both_its_roles(data):
    plan = read_plan(FOLDER / "koniq-pairs.yaml", data("koniq-pairs"))
    cells = {(c.method, c.pair): c.config for c in plan.cells if (c.budget, c.split) == ("1000", 0)}
    pair = "alexnet <- vit_base_r50_s16_224"
    assert cells["ssliqa", pair].teacher.head == "512-256"
    assert cells["ssliqa", pair].student.head == "published"
    alone = cells["supervised teacher", pair].student
    assert (alone.name, alone.head) == ("vit_base_r50_s16_224", "512-256")
    assert cells["supervised teacher", ALEX].student.head == "published"


def test_the_cross_tests_are_live_challenge_three_resolutions_and_kadid(data):
    plan = read_plan(FOLDER / "cross-database.yaml", data("cross-database"))
    expected = ["livec", "nnid 512", "nnid 1024", "nnid 2048", "kadid10k"]
    assert list(plan.tests) == expected
    tables = {name: source.read() for name, source in plan.tests.items()}
    folders = [tables[f"nnid {size}"].names[0].split("/")[0] for size in (512, 1024, 2048)]
    assert folders == ["sub512", "sub1024", "Sub2048"]
    assert [len(table) for table in tables.values()] == [2, 2, 2, 2, 3]


@pytest.mark.parametrize("name", PLANS)
def test_a_dry_run_of_every_plan_says_what_it_would_do(name, data, tmp_path, capsys, monkeypatch):
    # Building a dozen large networks and timing them is no business of this test.
    monkeypatch.setattr(cost, "_timed", lambda *_: (0.001, 0.001))
    options = [f"--{key}={value}" for key, value in data(name).items()]
    out = tmp_path / "out"
    fit = ("--budgets", "[1]", "--splits", "2")
    plan = FOLDER / f"{name}.yaml"
    assert main(["benchmark", str(plan), "--out", str(out), "--dry-run", *fit, *options]) == 0
    shown = capsys.readouterr().out
    for method in AXES[name][0]:
        assert f"│ {method} " in shown
    assert yaml.safe_load(plan.read_text())["title"] in shown
    assert "hours" in shown
    assert ("nnid 2048 (2 images)" in shown) == (name == "cross-database")
    assert not out.exists()


def test_a_plan_without_the_place_of_its_data_asks_for_it(data, tmp_path, capsys):
    plan = FOLDER / "cross-database.yaml"
    assert main(["benchmark", str(plan), "--out", str(tmp_path / "out")]) == 2
    assert "--dataset koniq10k lacks the folder of its copy" in capsys.readouterr().err
    arguments = ["benchmark", str(plan), "--out", str(tmp_path / "out"), "--tests.livec", "none"]
    arguments += ["--root", data("koniq-labels")["root"]]
    assert main(arguments) == 2
    assert capsys.readouterr().err.endswith("Name it with --tests.nnid.root DIR.\n")
