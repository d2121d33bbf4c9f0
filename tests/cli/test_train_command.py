"""``ssliqa train``: how options, files and presets become settings, and what is refused."""

from pathlib import Path

import pytest
import yaml
from safetensors.torch import load_file
from tiny_set import write_ratings

from ssliqa.cli.main import main
from ssliqa.cli.train import configuration
from ssliqa.data import list_photographs
from ssliqa.errors import ConfigError
from ssliqa.images import ImageCache
from ssliqa.training import BranchConfig, OptimizerConfig, TrainConfig
from ssliqa.training.presets import preset_names
from ssliqa.training.run_config import config_values, read_config

NEEDED = ("--labels", "ratings.csv", "--out", "runs/first")


def configured(*arguments):
    return configuration([*NEEDED, *map(str, arguments)])


@pytest.fixture
def run_yaml(tmp_path):
    """Write a configuration file and give its path."""

    def write(name="run.yaml", **values):
        (tmp_path / name).write_text(yaml.safe_dump(values))
        return tmp_path / name

    return write


def test_two_options_are_enough_and_all_others_are_the_defaults():
    expected = TrainConfig(labels="ratings.csv", out="runs/first")
    found = configured()
    assert found.method["name"] == expected.method["name"] == "committee"
    assert {k: v for k, v in vars(found).items() if k != "method"} == {
        k: v for k, v in vars(expected).items() if k != "method"
    }


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--label-budget", "0.2"), {"label_budget": 0.2}),
        (("--label_budget=200",), {"label_budget": 200}),
        (("--teacher", "resnet50"), {"teacher": BranchConfig(name="resnet50")}),
        (("--student=alexnet",), {"student": BranchConfig(name="alexnet")}),
        (("--student.name", "alexnet"), {"student": BranchConfig(name="alexnet")}),
        (("--optimizer.weight-decay", "0"), {"optimizer": OptimizerConfig(weight_decay=0)}),
        (("--fractions", "[0.7, 0.1, 0.2]"), {"fractions": (0.7, 0.1, 0.2)}),
        (("--unlabeled", "a", "b-c", "--epochs", "3"), {"unlabeled": ["a", "b-c"], "epochs": 3}),
        (("--columns", '{"mos": "Q"}'), {"columns": {"mos": "Q"}}),
        (("--columns.mos", "Q"), {"columns": {"mos": "Q"}}),
        (("--strict",), {"strict": True}),
        (("--strict", "--epochs", "3"), {"strict": True, "epochs": 3}),
        (("--strict", "false"), {"strict": False}),
        (("--on-problem", "warn"), {"on_problem": "warn"}),
    ],
)
def test_options_are_read_as_a_user_writes_them(arguments, expected):
    found = configured(*arguments)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    "arguments",
    [("--method", "supervised"), ("--method=supervised",), ("--method.name=supervised",)],
)
def test_a_method_is_named_in_short_and_brings_its_own_options(arguments):
    assert configured(*arguments).method == {"name": "supervised", "loss": "cdf"}
    assert configured(*arguments, "--method.loss", "mse").method["loss"] == "mse"
    weighted = ("--method", "ssliqa", "--method.relation-weight", "3")
    assert configured(*weighted).method["relation_weight"] == 3.0


def test_the_recommended_preset_trains_what_the_guide_has_measured():
    found = configured("--preset", "recommended")
    plan = Path(__file__).parents[2] / "examples/plans/livec-methods.yaml"
    measured = yaml.safe_load(plan.read_text())
    values = config_values(found)
    told = ("steps", "batch_size", "views")
    assert {key: values[key] for key in told} == {key: measured["settings"][key] for key in told}
    for key, value in measured["settings"]["protocol"].items():
        assert getattr(found.protocol, key) == value
    for branch, settings in measured["pairs"][0].items():
        assert getattr(found, branch).name == settings["name"]
        assert getattr(found, branch).frozen_stages == settings["frozen_stages"]
    assert values["method"]["name"] == "committee"


def test_a_preset_gives_way_to_a_file_and_both_to_options_in_whatever_order(run_yaml):
    assert preset_names() == ["paper", "recommended"]
    preset = ("--preset", "paper")
    assert configured(*preset).epochs == 10
    assert configured(*preset).student == BranchConfig(
        "alexnet", head="published", batch_norm="train", bf16="no"
    )
    file = ("--config", run_yaml(epochs=7, seed=5, student={"name": "resnet18"}))
    option = ("--epochs", 3)
    for arguments in (
        (*preset, *file, *option),
        (*option, *file, *preset),
        (*file, *option, *preset),
        (*option, f"--config={file[1]}", "--preset=paper"),
    ):
        found = configured(*arguments)
        assert (found.epochs, found.seed, found.repeats) == (3, 5, 10)
        assert found.student.name == "resnet18"
        assert found.student.head == "published"  # what the file does not say, the preset does
    assert configured(*file, *preset).epochs == 7


def test_of_two_files_the_later_one_wins(run_yaml):
    first, second = run_yaml("a.yaml", epochs=7, seed=5), run_yaml("b.yaml", epochs=8)
    found = configured("--config", first, "--config", second)
    assert (found.epochs, found.seed) == (8, 5)


def test_a_file_may_name_the_method_and_an_option_another(run_yaml):
    file = run_yaml(method={"name": "supervised", "loss": "mse"})
    assert configured("--config", file).method == {"name": "supervised", "loss": "mse"}
    plain = run_yaml("plain.yaml", method={"name": "supervised"})
    assert configured("--config", plain, "--method", "ssliqa").method["relation"] == "angle"


def test_a_file_may_name_method_and_networks_alone_as_options_do(run_yaml):
    file = run_yaml(method="supervised", student="alexnet", epochs=7)
    found = configured("--config", file)
    assert found.method == {"name": "supervised", "loss": "cdf"}
    assert found.student == BranchConfig("alexnet")
    assert found.epochs == 7


def test_a_short_name_changes_nothing_else_of_a_file(run_yaml, tmp_path):
    run_yaml("opt.yaml", lr=0.5)
    (tmp_path / "student.yaml").write_text("{name: alexnet, head: '64'}")
    rest = {"checkpoint_minutes": float("inf"), "optimizer": "opt.yaml"}
    for file in (
        run_yaml("short.yaml", method="supervised", student="student.yaml", **rest),
        run_yaml("full.yaml", method={"name": "supervised"}, student="student.yaml", **rest),
    ):
        found = configured("--config", file)
        assert found.method["name"] == "supervised"
        assert found.optimizer.lr == 0.5
        assert found.student == BranchConfig("alexnet", head="64")
        assert found.checkpoint_minutes == float("inf")
    assert configured("--config", '{"method": "supervised"}').method["name"] == "supervised"
    assert configured("--student", tmp_path / "student.yaml").student.head == "64"


@pytest.mark.parametrize("value", [None, ["supervised"], 3, True])
@pytest.mark.parametrize("name", ["method", "student", "method.name", "optimizer"])
def test_a_method_or_network_of_another_form_is_refused(name, value, run_yaml):
    group, dot, inner = name.partition(".")
    with pytest.raises(ConfigError, match=f"{name} is"):
        configured("--config", run_yaml(**{group: {inner: value} if dot else value}))


def test_a_file_may_name_one_source_of_unlabeled_photographs(run_yaml):
    assert configured("--config", run_yaml(unlabeled="photos")).unlabeled == ["photos"]
    with pytest.raises(ConfigError, match="unlabeled is 5"):
        configured("--config", run_yaml("five.yaml", unlabeled=5))


def test_resolved_settings_read_back_are_the_same(tmp_path, tiny_run):
    config = read_config(tiny_run)
    again = configuration(["--config", str(tiny_run / "config.yaml")])
    assert again == config
    values = yaml.safe_load((tiny_run / "config.yaml").read_text())
    assert values == config_values(config)
    assert values["method"] == {"name": "supervised", "loss": "cdf"}
    assert set(values) == set(vars(config))
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(values | {"epoks": 3}))
    with pytest.raises(ConfigError, match="epoks"):
        read_config(tmp_path)


def test_the_resolved_settings_of_a_run_reproduce_it(tiny_run, tmp_path, capsys):
    out = tmp_path / "again"
    config = str(tiny_run / "config.yaml")
    assert main(["train", "--out", str(out), "--config", config]) == 0
    captured = capsys.readouterr()
    assert f"The model is in {out / 'model'}. It learned from 19 ratings" in captured.out
    assert captured.err.startswith("Only 19 rated photographs")
    assert captured.err.count("\n") == 1
    ours, theirs = (load_file(run / "model" / "model.safetensors") for run in (out, tiny_run))
    assert [name for name in theirs if not ours[name].equal(theirs[name])] == []


REFUSED = {
    "an unknown option": (("--epoks", "3"), "--epoks"),
    "a value of the wrong kind": (("--epochs", "three"), "epochs"),
    "an impossible value": (("--epochs", "0"), "epochs is 0; expected 1 or more"),
    "a missing label table": (("--labels", "none.csv"), "none.csv does not exist"),
    "a missing image folder": (("--images", "nowhere"), "nowhere does not exist"),
    "missing unlabeled photographs": (("--unlabeled", "nowhere"), "nowhere does not exist"),
    "the wrong scale": (("--scale", "1-5"), "outside the scale 1-5 (24)"),
    "a scale that is none": (("--scale", "good"), "scale 'good' cannot be read"),
    "an unknown backbone": (("--student", "resnot"), "no backbone called 'resnot'"),
    "an unknown method": (("--method", "magic"), "no method called 'magic'"),
    "an option of another method": (
        ("--method", "supervised", "--method.ramp", "none"),
        "ramp none. The method is supervised; name the one that has this option by --method.",
    ),
    "an unknown preset": (("--preset", "papr"), "no preset 'papr'"),
    "a preset without a name": (("--preset",), "The presets are: paper"),
    "a missing configuration": (("--config", "none.yaml"), "none.yaml"),
    "missing weights": (("--weights", "none.safetensors"), "none.safetensors'. --weights takes"),
    "a database beside a table": (("--dataset", "livec"), "Both --labels"),
    "the root of a database without one": (("--root", "."), "--root belongs to --dataset"),
    "a column that is not there": (("--columns.mos", "Q"), "no column 'Q'"),
    "more labels than there are": (("--label-budget", "99"), "label budget is 99"),
    "a crop that does not fit": (("--protocol.crop", "99"), "crop=99 does not fit"),
    "no worker": (("--workers", "0"), "workers=0"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_carried_out_is_one_line_and_status_2(what, tiny_set, tmp_path, capsys):
    arguments, named = REFUSED[what]
    assert main(["train", *tiny_set.arguments(tmp_path / "run", *arguments)]) == 2
    assert_one_line(capsys.readouterr(), named)
    assert not (tmp_path / "run" / "model").exists()


def assert_one_line(captured, *named):
    assert captured.out == ""
    assert captured.err.startswith("ssliqa: ")
    assert captured.err.count("\n") == 1
    assert captured.err.endswith("\n")
    for text in named:
        assert text in captured.err


def test_a_file_in_the_place_of_the_run_folder_is_refused(tiny_set, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["train", *tiny_set.arguments(tmp_path / "file")]) == 2
    assert_one_line(capsys.readouterr(), "file' is a file", "Name another --out")
    assert main(["train", *tiny_set.arguments(tmp_path / "file" / "run")]) == 2
    assert_one_line(capsys.readouterr(), "cannot be written", "Name another --out")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "required: out"),
        (("--out", "run"), "with --labels TABLE, or a database with --dataset NAME --root DIR"),
        (("--resume",), "ssliqa train --resume --out DIR"),
        (("--resume", "--out", "no run"), "'no run' holds no run"),
        (("--resume", "--out", "no run", "--epochs", "20"), "and nothing else"),
    ],
)
def test_incomplete_commands_say_what_is_missing(arguments, named, capsys):
    assert main(["train", *arguments]) == 2
    assert_one_line(capsys.readouterr(), named)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--student.frozen-stages", "99"), "frozen_stages is 99"),
        (("--student.head", "published"), "no published head"),
        (("--teacher", "resnet1001"), "no backbone called 'resnet1001'"),
        (("--weights", "nowhere.safetensors"), "nowhere.safetensors"),
        (("--keep", "best"), "no validation images"),
        (("--labels", "nowhere.csv"), "nowhere.csv does not exist"),
        (("--label-budget", "99"), "label budget is 99"),
    ],
)
def test_what_can_be_known_before_decoding_is_told_then_and_leaves_nothing_behind(
    tiny_set, tmp_path, capsys, monkeypatch, arguments, named
):
    def decode(*_, **__):
        raise AssertionError("photographs are decoded for nothing")

    monkeypatch.setattr(ImageCache, "prepare", decode)
    assert main(["train", *tiny_set.arguments(tmp_path / "runs" / "first", *arguments)]) == 2
    assert_one_line(capsys.readouterr(), named)
    assert list(tmp_path.iterdir()) == []


def test_what_is_left_out_is_said_in_one_line_and_the_training_goes_on(tiny_set, tmp_path, capsys):
    options = ("--epochs", 1, "--method", "supervised", "--unlabeled", tiny_set.corrupt)
    assert main(["train", *tiny_set.arguments(tmp_path / "run", *options)]) == 0
    line, few, unused = capsys.readouterr().err.splitlines()
    assert few.startswith("Only 19 rated photographs to learn from")
    assert unused.startswith("Method supervised does not look at unlabeled photographs")
    assert line.startswith(f"1 of 20 photographs cannot be read: {tiny_set.corrupt.name}")


@pytest.mark.parametrize(
    ("scores", "named"),
    [([50] * 24, "All 19 to learn from are rated 50"), ([70], "The only one to learn from is")],
)
def test_ratings_without_an_order_are_refused_before_decoding(
    tiny_set, tmp_path, capsys, monkeypatch, scores, named
):
    monkeypatch.setattr(ImageCache, "prepare", None)
    labels = tmp_path / "equal.csv"
    write_ratings(labels, zip(tiny_set.names, scores, strict=False))
    run = tmp_path / "runs" / "first"
    options = ("--labels", labels, *(("--fractions", "[1, 0, 0]") if len(scores) == 1 else ()))
    assert main(["train", *tiny_set.arguments(run, *options)]) == 2
    *_, line = capsys.readouterr().err.splitlines()  # the first wonders about the scale
    assert named in line
    assert list(run.parent.glob("*/*")) == []


def test_a_model_without_intervals_is_told_how_to_get_them(tiny_set, tmp_path, capsys):
    options = ("--method", "supervised", "--epochs", 1, "--fractions")
    run = tmp_path / "without"
    assert main(["train", *tiny_set.arguments(run, *options, "[1, 0, 0]")]) == 0
    assert f"ssliqa calibrate {run} --labels TABLE" in capsys.readouterr().out
    validated = tmp_path / "with"
    assert main(["train", *tiny_set.arguments(validated, *options, "[0.5, 0.5, 0]")]) == 0
    assert "calibrate" not in capsys.readouterr().out


def test_help_names_every_option_method_and_preset(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["train", "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for named in ("--label_budget", "--optimizer.lr", "--method.teacher_share", "supervised"):
        assert named in text
    text = " ".join(text.split())
    assert "Presets (--preset): paper" in text
    assert "--method.name NAME the method, a file of ssliqa.methods" in text


@pytest.mark.parametrize(
    "option", [("--optimizer.weight-decay", "-1"), ("--seed", 2**32), ("--unlabeled", "")]
)
def test_values_out_of_range_are_refused_before_anything_is_read(option):
    with pytest.raises(ConfigError, match=r"expected|empty"):
        configured(*option)


def test_a_file_of_settings_that_is_no_text_is_an_error(tmp_path):
    (tmp_path / "run.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError):
        configured("--config", tmp_path / "run.yaml")


def test_a_pattern_stays_one_in_a_folder_whose_name_looks_like_one(tmp_path, monkeypatch):
    folder = tmp_path / "[2024] shots"
    folder.mkdir()
    (folder / "a.jpg").touch()
    monkeypatch.chdir(folder)
    (source,) = configured("--unlabeled", "*.jpg").with_absolute_paths().unlabeled
    assert list_photographs([source]) == [folder / "a.jpg"]
