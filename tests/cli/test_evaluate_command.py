"""``ssliqa evaluate``: a run on its own test images, or a model on any rated photographs."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.stats import spearmanr
from tiny_set import CORRUPT, SMALL, write_ratings

from ssliqa import load_model
from ssliqa.cli.main import main
from ssliqa.data import read_split
from ssliqa.training.run_config import read_config


def evaluate(*arguments):
    return main(["evaluate", "--engine", "torch", *map(str, arguments)])


def results(folder):
    metrics = json.loads((folder / "metrics.json").read_text())
    with (folder / "predictions.csv").open(newline="") as file:
        return metrics, list(csv.DictReader(file))


@pytest.fixture
def run(tiny_run, tmp_path):
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


def test_a_run_is_evaluated_on_the_test_images_of_its_own_split(run, tiny_set, capsys):
    assert evaluate(run) == 0
    metrics, predictions = results(run / "evaluation")
    test = read_split(run / "split.csv", tiny_set.names).test
    assert metrics["n"] == len(test) == 5
    rated = dict(zip(tiny_set.names, tiny_set.mos, strict=True))
    model = load_model(run)
    scores = {name: model.score(tiny_set.folder / name).score for name in test}
    assert [row["path"] for row in predictions] == list(test)
    for row in predictions:
        assert float(row["mos"]) == pytest.approx(rated[row["path"]])
        assert float(row["score"]) == pytest.approx(scores[row["path"]])
    expected = spearmanr([scores[n] for n in test], [rated[n] for n in test]).statistic
    assert figure(metrics, "SRCC") == pytest.approx(expected)
    for name in ("scatter.png", "distributions.png"):
        with Image.open(run / "evaluation" / name) as plot:
            assert min(plot.size) > 300
            assert np.asarray(plot).std() > 1
    assert metrics["distributions"]["truth"] == "distributions assumed from MOS"
    shares = [[float(row[f"p{level}"]) for level in range(1, 6)] for row in predictions]
    np.testing.assert_allclose(np.sum(shares, axis=1), 1, atol=1e-6)
    captured = capsys.readouterr()
    assert "SRCC" in captured.out
    assert str(run / "evaluation" / "metrics.json") in captured.out
    assert captured.err == ""


def figure(metrics, name):
    return metrics[name]["value"]


def test_ratings_on_another_scale_give_the_same_figures_in_their_own_unit(run, tiny_set, tmp_path):
    five = tmp_path / "five.csv"
    rows = zip(tiny_set.names, tiny_set.mos, strict=True)
    write_ratings(five, [(name, 1 + mos / 25) for name, mos in rows])
    common = (run, "--images", tiny_set.folder, "--resamples", 100)
    assert (
        evaluate(*common, "--labels", tiny_set.labels, "--scale", "0-100", "--out", run / "a") == 0
    )
    assert evaluate(*common, "--labels", five, "--out", run / "b") == 0
    (hundred, of_hundred), (levels, of_five) = results(run / "a"), results(run / "b")
    assert hundred["n"] == levels["n"] == 24
    for name in ("SRCC", "KRCC", "PLCC"):
        assert figure(levels, name) == pytest.approx(figure(hundred, name))
    assert figure(levels, "RMSE") == pytest.approx(figure(hundred, "RMSE") / 25)
    for one, other in zip(of_hundred, of_five, strict=True):
        for column in ("mos", "score"):
            assert float(other[column]) == pytest.approx(1 + float(one[column]) / 25)


def test_ratings_where_lower_is_better_are_turned_around(run, tiny_set, tmp_path):
    dmos = tmp_path / "dmos.csv"
    rows = zip(tiny_set.names, tiny_set.mos, strict=True)
    write_ratings(dmos, [(name, 100 - mos) for name, mos in rows])
    for labels, scale in ((tiny_set.labels, "0-100"), (dmos, "0-100, lower is better")):
        out = run / labels.stem
        options = ("--labels", labels, "--images", tiny_set.folder, "--scale", scale, "--out", out)
        assert evaluate(run, *options, "--resamples", 100) == 0
    plain, turned = results(run / "ratings")[0], results(run / "dmos")[0]
    for name in ("SRCC", "PLCC", "RMSE"):
        assert figure(turned, name) == pytest.approx(figure(plain, name))


def test_every_engine_and_an_exported_file_give_the_same_figures(run, tiny_set, tmp_path, capsys):
    assert evaluate(run, "--out", tmp_path / "torch") == 0
    expected, rows = results(tmp_path / "torch")
    exported = tmp_path / "model.onnx"
    assert main(["export", str(run), "--to", "onnx", "--out", str(exported)]) == 0
    assert evaluate(run, "--engine", "onnxruntime", "--out", tmp_path / "onnxruntime") == 0
    found, others = results(tmp_path / "onnxruntime")
    assert figure(found, "SRCC") == figure(expected, "SRCC")
    for one, other in zip(rows, others, strict=True):
        assert float(other["score"]) == pytest.approx(float(one["score"]), abs=1e-3)
    ratings = ("--labels", tiny_set.labels, "--images", tiny_set.folder, "--scale", "0-100")
    ratings += ("--engine", "auto")
    assert evaluate(exported, *ratings, "--out", tmp_path / "file") == 0
    whole, of_file = results(tmp_path / "file")
    assert whole["n"] == len(tiny_set.names)
    scores = {row["path"]: float(row["score"]) for row in of_file}
    for row in rows:
        assert scores[row["path"]] == pytest.approx(float(row["score"]), abs=1e-3)
    # A file keeps no results, and has no split of its own.
    capsys.readouterr()
    assert evaluate(exported, *ratings) == 2
    assert "--out DIR" in capsys.readouterr().err
    assert evaluate(exported, "--engine", "auto", "--out", tmp_path / "none") == 2
    assert "Name rated photographs with --labels" in capsys.readouterr().err


def test_unreadable_photographs_are_left_out_with_status_1(run, tiny_set, tmp_path, capsys):
    labels = tmp_path / "labels.csv"
    write_ratings(labels, [(CORRUPT, 50), *zip(tiny_set.names[:11], tiny_set.mos, strict=False)])
    options = ("--labels", labels, "--images", tiny_set.folder, "--scale", "0-100")
    assert evaluate(run, *options, "--resamples", 100) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("ssliqa: ")
    assert captured.err.count(str(tiny_set.corrupt)) == 1
    assert "Left out: " in captured.err
    # Results on other ratings never take the place of the run's own.
    metrics, predictions = results(run / "evaluation-labels")
    assert metrics["n"] == len(predictions) == 11


def test_the_same_evaluation_gives_the_same_files(run):
    contents = []
    for workers in (1, 3):
        assert evaluate(run, "--workers", workers) == 0
        folder = run / "evaluation"
        contents.append([file.read_bytes() for file in sorted(folder.iterdir())])
    assert contents[0] == contents[1]
    assert len(contents[0]) == 4


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "run"),
        (("nowhere",), "no model folder 'nowhere'"),
        (("RUN", "--labels", "none.csv"), "none.csv does not exist"),
        (("RUN/model",), "not a run folder with a split of its own"),
        (("RUN", "--out", "FILE"), "is a file"),
        (("RUN", "--workers", "0"), "workers=0"),
        (("RUN", "--resamples", "1"), "1 resamples are too few"),
        (("RUN", "--device", "abacus"), "device 'abacus' cannot be used"),
        (("RUN", "--epochs", "3"), "--epochs"),
    ],
)
def test_what_cannot_be_carried_out_is_one_line_and_status_2(
    tiny_run, tmp_path, capsys, arguments, named
):
    file = tmp_path / "file"
    file.touch()
    words = {"RUN": tiny_run, "RUN/model": tiny_run / "model", "FILE": file}
    assert evaluate(*(words.get(word, word) for word in arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ssliqa: ")
    assert captured.err.count("\n") == 1
    assert named in captured.err


def test_a_run_without_test_images_asks_for_rated_photographs(run, capsys):
    split = run / "split.csv"
    split.write_text(split.read_text().replace(",test", ",validation"))
    assert evaluate(run) == 2
    assert "has kept no test images" in capsys.readouterr().err


def database_copy(tiny_set, root):
    """The tiny set as a copy of SPAQ would hold it."""
    pytest.importorskip("openpyxl")
    shutil.copytree(tiny_set.folder, root / "TestImage")
    cells = pd.DataFrame({"Image name": tiny_set.names, "MOS": tiny_set.mos})
    cells.to_excel(root / "MOS and Image attribute scores.xlsx", index=False)
    return root


def test_a_database_gives_the_figures_of_the_same_table(run, tiny_set, tmp_path):
    root = database_copy(tiny_set, tmp_path / "spaq")
    table = ("--labels", tiny_set.labels, "--images", tiny_set.folder, "--scale", "0-100")
    assert evaluate(run, *table, "--resamples", 100, "--out", run / "table") == 0
    assert evaluate(run, "--dataset", "spaq", "--root", root, "--resamples", 100) == 0
    assert results(run / "evaluation-spaq")[0] == results(run / "table")[0]


def test_each_subset_of_a_database_has_results_of_its_own(run, tiny_set, tmp_path):
    for size in ("512", "1024"):
        shutil.copytree(tiny_set.folder, tmp_path / f"sub{size}")
        rows = zip(tiny_set.mos, tiny_set.names, strict=True)
        lines = "".join(f"{mos / 100} {name}\n" for mos, name in rows)
        (tmp_path / f"mos{size}_with_names.txt").write_text(lines)
    common = (run, "--dataset", "nnid", "--root", tmp_path, "--resamples", 100)
    for size in ("512", "1024"):
        assert evaluate(*common, "--subset", size) == 0
        assert results(run / f"evaluation-nnid-{size}")[0]["n"] == 24


def test_a_run_on_a_database_finds_its_copy_again_from_anywhere(tiny_set, tmp_path, monkeypatch):
    database_copy(tiny_set, tmp_path / "spaq")
    monkeypatch.chdir(tmp_path)
    source = ("--dataset", "spaq", "--root", "spaq", "--cache", "cache", "--out", "run")
    quick = ("--method", "supervised", "--epochs", "1")
    assert main(["train", *source, *SMALL, *quick]) == 0
    assert read_config(tmp_path / "run").root == str(tmp_path / "spaq")
    assert read_config(tmp_path / "run").labels is None
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert evaluate(tmp_path / "run", "--resamples", 100) == 0
    assert results(tmp_path / "run" / "evaluation")[0]["n"] == 5


@pytest.mark.parametrize("option", ["--scale", "--root", "--subset"])
def test_options_of_ratings_without_ratings_are_refused(run, capsys, option):
    assert evaluate(run, option, "0-100") == 2
    assert f"{option} belongs to --" in capsys.readouterr().err
