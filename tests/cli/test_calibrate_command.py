"""``ssliqa calibrate``: intervals from photographs that a model has not learned from, in place."""

import json
import shutil
from pathlib import Path

import pytest
from tiny_set import CORRUPT, write_ratings

from ssliqa import load_model
from ssliqa.cli.main import main
from ssliqa.data import read_split


def calibrate(*arguments):
    return main(["calibrate", *map(str, arguments)])


@pytest.fixture
def run(tiny_run, tmp_path):
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


@pytest.fixture
def others(tiny_set, tmp_path):
    """Ratings of photographs that the run has never seen."""
    labels = tmp_path / "others.csv"
    write_ratings(labels, [(f"further {k}.jpg", 20 + 6 * k) for k in range(10)])
    return ("--labels", labels, "--images", tiny_set.further, "--scale", "0-100")


def test_a_calibrated_model_gives_intervals_and_its_evaluation_their_coverage(
    run, others, tiny_set, capsys
):
    before = load_model(run).score(tiny_set.folder / tiny_set.names[0])
    assert before.lower is None
    assert calibrate(run, *others) == 0
    captured = capsys.readouterr()
    assert "90 % intervals from 10 photographs" in captured.out
    assert captured.err == ""
    after = load_model(run).score(tiny_set.folder / tiny_set.names[0])
    assert after.score == before.score
    assert 0 <= after.lower < after.score < after.upper <= 100
    assert main(["evaluate", str(run), "--engine", "torch"]) == 0
    metrics = json.loads((run / "evaluation" / "metrics.json").read_text())
    assert metrics["coverage"]["calibrated_on"] == 10
    assert "intervals; mean width" in capsys.readouterr().out


def test_an_evaluation_without_a_calibration_says_so(run, capsys):
    assert main(["evaluate", str(run), "--engine", "torch"]) == 0
    assert "not calibrated (ssliqa calibrate)" in capsys.readouterr().out


def test_what_the_run_has_learned_from_is_left_out_and_its_test_images_are_told(
    run, tiny_set, tmp_path, capsys
):
    split = read_split(run / "split.csv", tiny_set.names)
    rows = list(zip(tiny_set.names, tiny_set.mos, strict=True))
    rows += [(f"../further/further {k}.jpg", 20 + 6 * k) for k in range(10)]
    write_ratings(tmp_path / "all.csv", rows)
    labels = ("--labels", tmp_path / "all.csv", "--images", tiny_set.folder, "--scale", "0-100")
    assert calibrate(run, *labels) == 0
    captured = capsys.readouterr()
    assert f"learned from their ratings: {len(split.labeled)} of 34 photographs" in captured.err
    assert f"In the run's test part: {len(split.test)} of {len(rows)} photographs" in captured.err
    assert load_model(run).calibration.n == 34 - len(split.labeled)
    assert calibrate(run / "model", *labels) == 0
    assert load_model(run).calibration.n == 34 - len(split.labeled)
    capsys.readouterr()
    write_ratings(tmp_path / "seen.csv", [row for row in rows if row[0] in split.labeled])
    assert calibrate(run, "--labels", tmp_path / "seen.csv", *labels[2:]) == 2
    assert "learned from all of these" in capsys.readouterr().err


def test_level_and_kind_are_kept_with_the_model(run, others):
    assert calibrate(run / "model", *others, "--level", 0.8, "--kind", "constant") == 0
    calibration = load_model(run).calibration
    assert (calibration.level, calibration.kind, calibration.n) == (0.8, "constant", 10)


def test_an_unreadable_photograph_is_one_line_and_status_1(run, tiny_set, tmp_path, capsys):
    shutil.copytree(tiny_set.further, tmp_path / "photos")
    shutil.copy(tiny_set.corrupt, tmp_path / "photos" / CORRUPT)
    rows = [(f"further {k}.jpg", 20 + 6 * k) for k in range(10)]
    write_ratings(tmp_path / "l.csv", [(CORRUPT, 50), *rows])
    labels = ("--labels", tmp_path / "l.csv", "--images", tmp_path / "photos", "--scale", "0-100")
    assert calibrate(run, *labels) == 1
    assert load_model(run).calibration.n == 10
    assert capsys.readouterr().err.count("Left out") == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--level", "0.95"), "10 rated photographs are too few for a 95 % interval"),
        (("--level", "90"), "between 0 and 1"),
        (("--kind", "magic"), "magic"),
    ],
)
def test_what_cannot_be_done_changes_nothing(more, message, run, others, capsys):
    before = (run / "model" / "config.json").read_bytes()
    assert calibrate(run, *others, *more) == 2
    assert message in capsys.readouterr().err
    assert (run / "model" / "config.json").read_bytes() == before


def test_a_run_without_validation_images_asks_for_ratings(run, capsys):
    assert calibrate(run) == 2
    assert "no validation images" in capsys.readouterr().err
    assert calibrate(run, "--images", run) == 2
    assert "--images says how ratings are read" in capsys.readouterr().err


def test_a_model_on_the_hub_cannot_be_written(capsys, others):
    assert calibrate("somebody/model", *others) == 2
    assert "no folder" in capsys.readouterr().err


def test_a_training_with_validation_images_ends_calibrated(tiny_set, tmp_path):
    options = ("--method", "supervised", "--epochs", 1, "--fractions", "[0.4, 0.4, 0.2]")
    assert main(["train", *tiny_set.arguments(tmp_path / "run", *options)]) == 0
    calibration = load_model(tmp_path / "run").calibration
    assert (calibration.level, calibration.n, calibration.kind) == (0.9, 10, "std")
    # The command alone finds the same images and the same interval.
    assert calibrate(tmp_path / "run") == 0
    assert load_model(tmp_path / "run").calibration == calibration


def test_a_training_with_too_few_validation_images_says_that_there_is_no_interval(
    tiny_set, tmp_path, capsys
):
    options = ("--method", "supervised", "--epochs", 1, "--fractions", "[0.7, 0.2, 0.1]")
    assert main(["train", *tiny_set.arguments(tmp_path / "run", *options)]) == 0
    assert "Scores get no intervals" in capsys.readouterr().err
    assert load_model(tmp_path / "run").calibration is None
