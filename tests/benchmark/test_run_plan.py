"""A small benchmark of real trainings: cells, interruptions, and what it says at the end."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
import yaml
from tiny_set import console_script, environment

from ssliqa.benchmark.plan import read_plan
from ssliqa.benchmark.results import gather
from ssliqa.benchmark.run import cell_folder, pending, run_plan
from ssliqa.benchmark.summary import Section, markdown, write_summary
from ssliqa.benchmark.test_sets import OWN_TEST
from ssliqa.cli.main import main

AXES = ["method", "pair", "student", "teacher", "budget", "ratio", "split", "test", "cell"]


def write_plan(tiny_set, folder, **changes):
    """Three trainings: the supervised student on two splits, ssliqa on one of them."""
    plan = {
        "title": "Small",
        "settings": {
            **{"labels": str(tiny_set.labels), "images": str(tiny_set.folder), "scale": "0-100"},
            **{"cache": str(tiny_set.cache), "weights": "none", "device": "cpu", "batch_size": 4},
            **{"protocol": {"short": 80, "crop": 64, "grid": 2}, "steps": 12},
            **{"student.bf16": "no", "teacher.bf16": "no", "checkpoint_minutes": 0.0008},
        },
        "methods": {"supervised": {"method": "supervised"}, "ssliqa": {"method": "ssliqa"}},
        "pairs": ["test_resnet <- test_efficientnet"],
        "budgets": [8],
        "splits": [3],
        **changes,
    }
    file = folder / "plan.yaml"
    file.write_text(yaml.safe_dump(plan, sort_keys=False))
    return file


def without_times(out):
    return pd.read_csv(out / "results.csv").drop(columns=["seconds", "processor_seconds"])


@pytest.fixture(scope="module")
def plan_file(tiny_set, tmp_path_factory):
    further = {"further": {"labels": str(tiny_set.labels), "images": str(tiny_set.folder)}}
    further["further"]["scale"] = "0-100"
    return write_plan(tiny_set, tmp_path_factory.mktemp("plan"), tests=further)


@pytest.fixture(scope="module")
def undisturbed(plan_file, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    assert main(["benchmark", str(plan_file), "--out", str(out)]) == 0
    return out


def test_the_table_has_a_row_for_each_cell_and_test_set(undisturbed):
    results = pd.read_csv(undisturbed / "results.csv")
    assert results["method"].tolist() == ["supervised"] * 2 + ["ssliqa"] * 2
    assert results["test"].tolist() == [OWN_TEST, "further"] * 2
    assert results["n"].tolist() == [5, 24] * 2
    assert (results["labeled"] == 8).all()
    assert results["unlabeled"].tolist() == [11, 11, 11, 11]
    assert results["ratio"].isna().tolist() == [True, True, False, False]
    assert results["SRCC"].between(-1, 1).all()
    pd.testing.assert_frame_equal(
        pd.read_parquet(undisturbed / "results.parquet")[AXES[-2:]],
        results[AXES[-2:]],
        check_dtype=False,
    )


def test_the_figures_are_those_of_the_runs(undisturbed, plan_file):
    results = pd.read_csv(undisturbed / "results.csv").set_index(["method", "test"])
    for cell in read_plan(plan_file).cells:
        folder = cell_folder(undisturbed, cell)
        metrics = json.loads((folder / "evaluation" / "further" / "metrics.json").read_text())
        found = results.loc[(cell.method, "further")]
        assert found["SRCC"] == pytest.approx(metrics["SRCC"]["value"], abs=1e-5)
        assert found["PLCC_fitted_low"] == pytest.approx(metrics["PLCC_fitted"]["low"], abs=1e-5)


def test_the_summary_names_methods_and_differences_in_both_forms(undisturbed):
    for name in ("summary.md", "summary.html"):
        text = (undisturbed / name).read_text()
        assert "Small" in text
        assert "Against supervised" in text
        assert "Results on the test part" in text
        assert "Results on further" in text
    results = pd.read_csv(undisturbed / "results.csv")
    first = results["SRCC"].iloc[0]
    assert f"{first:.3f}" in (undisturbed / "summary.md").read_text()


def test_the_summary_shows_pictures_of_each_method_once(undisturbed, plan_file):
    text = (undisturbed / "summary.md").read_text()
    page = (undisturbed / "summary.html").read_text()
    for cell in read_plan(plan_file).cells:
        assert f"## Pictures: {cell.method}\n" in text
        for file in (
            "pictures/loss_terms.png",
            "pictures/activation_maps.png",
            "pictures/relation_matrices.png",
            "evaluation/test%20part/distributions.png",
            "evaluation/test%20part/scatter.png",
            "evaluation/further/scatter.png",
        ):
            link = f"cells/{cell.key}/{file}"
            assert (undisturbed / unquote(link)).is_file()
            assert text.count(f"]({link})](") == page.count(f'<a href="{link}">') == 1
    assert page.count("data:image/jpeg;base64,") == 12
    assert len(page) < 2_000_000


def test_a_training_that_stands_in_two_pairs_has_one_row_of_means(undisturbed, plan_file, tmp_path):
    out = Path(shutil.copytree(undisturbed, tmp_path / "out"))
    plan = read_plan(plan_file)
    results = gather(plan, out)
    again = results[results["method"] == "supervised"].assign(pair="another pair")
    other = results[results["method"] == "ssliqa"].assign(pair="another pair")
    write_summary(plan, pd.concat([results, again, other]), out, missing=())
    text = (out / "summary.md").read_text()
    assert text.split("## Results on further")[0].count("| supervised |") == 1
    # Differences say whose baseline they are from.
    differences = text.split("## Against supervised")[1].split("## ")[0]
    assert differences.count("| ssliqa | another pair |") == 2
    assert differences.count(f"| ssliqa | {results['pair'].iloc[0]} |") == 2


def test_only_the_trainings_of_the_first_split_are_drawn(tiny_set, tmp_path):
    methods = {"supervised": {"method": "supervised"}}
    plan = write_plan(tiny_set, tmp_path, methods=methods, splits=[3, 4])
    out = tmp_path / "out"
    assert main(["benchmark", str(plan), "--out", str(out), "--steps", "2"]) == 0
    first, second = (cell_folder(out, cell) for cell in read_plan(plan, {"steps": 2}).cells)
    drawn = [sorted(path.name for path in each.rglob("*.png")) for each in (first, second)]
    assert "loss_terms.png" in drawn[0]
    assert "scatter.png" in drawn[0]
    assert drawn[1] == []
    assert (second / "result.json").is_file()


def test_a_picture_that_fails_costs_no_result_and_is_not_shown(tiny_set, tmp_path, monkeypatch):
    from ssliqa.benchmark import cell as cells
    from ssliqa.benchmark.gallery import chosen_pictures

    def fail(*_, **__):
        raise MemoryError("no room to draw")

    monkeypatch.setattr(cells, "draw_pictures", fail)
    plan = read_plan(
        write_plan(tiny_set, tmp_path, methods={"supervised": {"method": "supervised"}}),
        {"steps": 2},
    )
    (cell,) = plan.cells
    folder = cell_folder(tmp_path / "out", cell)
    cells.write_cell(folder, cell, {}, pictures=True)
    cells.run_cell(folder)
    results = gather(plan, tmp_path / "out")
    assert results["n"].tolist() == [5]
    (choice,) = chosen_pictures(results, tmp_path / "out")
    assert list(choice.files) == ["distributions", "scatter: test part"]


def test_a_second_run_does_nothing_again(undisturbed, plan_file):
    before = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("result.json")}
    table = (undisturbed / "results.csv").read_bytes()
    assert pending(read_plan(plan_file), undisturbed) == []
    assert main(["benchmark", str(plan_file), "--out", str(undisturbed)]) == 0
    assert {path: path.stat().st_mtime_ns for path in undisturbed.rglob("result.json")} == before
    assert (undisturbed / "results.csv").read_bytes() == table


def test_a_test_set_added_later_is_evaluated_without_another_training(
    undisturbed, plan_file, tiny_set, tmp_path, capsys
):
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out)
    before = {file: file.stat().st_mtime_ns for file in out.rglob("run/**/*")}
    rows = without_times(out)
    added = ("--tests.added.labels", str(tiny_set.labels), "--tests.added.scale", "0-100")
    photographs = ("--tests.added.images", str(tiny_set.folder))
    arguments = ["benchmark", str(plan_file), "--out", str(out), *added, *photographs]
    assert main([*arguments, "--dry-run"]) == 0
    assert "2 to do" in capsys.readouterr().out
    assert main(arguments) == 0
    results = without_times(out)
    pd.testing.assert_frame_equal(results[results["test"] != "added"].reset_index(drop=True), rows)
    of_added, of_further = (results[results["test"] == name] for name in ("added", "further"))
    assert of_added["SRCC"].tolist() == of_further["SRCC"].tolist()
    assert {file: file.stat().st_mtime_ns for file in out.rglob("run/**/*")} == before


def test_killed_and_started_again_it_ends_as_if_nothing_had_been(undisturbed, plan_file, tmp_path):
    out = tmp_path / "out"
    command = [*console_script(), "benchmark", str(plan_file), "--out", str(out)]
    process = subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE)
    first, second = (cell_folder(out, cell) for cell in read_plan(plan_file).cells)
    # In the middle of the second training, with a checkpoint written and more to come.
    until(lambda: (second / "run" / "checkpoints").exists(), process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (first / "result.json").exists()
    assert not (second / "result.json").exists()
    done = (first / "result.json").stat().st_mtime_ns

    assert subprocess.run(command, env=environment(), check=False).returncode == 0
    assert (first / "result.json").stat().st_mtime_ns == done
    pd.testing.assert_frame_equal(without_times(out), without_times(undisturbed))


def until(happened, process, seconds=120):
    """Wait for something that a running process does."""
    end = time.monotonic() + seconds
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_cell_that_fails_is_named_and_the_others_go_on(tiny_set, tmp_path, capsys):
    methods = {
        "diverges": {
            **{"method": "supervised", "optimizer.lr": 1e30},
            "optimizer.schedule": "constant",
        },
        "supervised": {"method": "supervised"},
    }
    plan = write_plan(tiny_set, tmp_path, methods=methods, pairs=None)
    options = ("--student", "test_resnet", "--steps", "3")
    out = tmp_path / "out"
    assert main(["benchmark", str(plan), "--out", str(out), "--jobs", "2", *options]) == 1
    results = pd.read_csv(out / "results.csv")
    assert results["method"].tolist() == ["supervised"]
    message = capsys.readouterr().err
    assert "smaller --optimizer.lr" in message
    assert "Missing" in (out / "summary.md").read_text()


def test_the_table_and_the_log_say_which_training_was_given_no_unlabeled_photographs(
    tiny_set, tmp_path
):
    alone = {"method": "ucvme", "method.alone_from": 8}
    methods = {"alone": alone, "both": {**alone, "method.alone_from": 9}}
    plan, out = write_plan(tiny_set, tmp_path, methods=methods, ratios=[2, 1]), tmp_path / "out"
    assert main(["benchmark", str(plan), "--out", str(out), "--steps", "2"]) == 0
    results = pd.read_csv(out / "results.csv")
    assert results["unlabeled"].tolist() == [0, 0, 11, 11]
    assert results["SRCC"][0] == results["SRCC"][1]
    text = (out / "summary.md").read_text()
    assert text.count("| alone | test_resnet <- test_efficientnet | 8 | - | 1 |") == 1
    assert "| both | test_resnet <- test_efficientnet | 8 | 2 : 1 | 1 |" in text
    assert "| both | test_resnet <- test_efficientnet | 8 | 1 : 1 | 1 |" in text
    logs = [
        (cell_folder(out, cell) / "log.txt").read_text()
        for cell in read_plan(plan, {"steps": 2}).cells
    ]
    assert "note: With 8 labels or more (method.alone_from), here 8," in logs[0]
    assert "alone_from" in logs[1]
    assert "alone_from" not in logs[2] + logs[3]


def test_what_a_training_said_before_it_was_killed_is_not_why_it_failed(
    plan_file, tmp_path, monkeypatch
):
    killed = tmp_path / "python"
    killed.write_text("#!/bin/sh\necho 'note: Scores get no intervals.'\nkill -KILL $$\n")
    killed.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(killed))
    failures = run_plan(read_plan(plan_file), tmp_path / "out")
    assert [failure.reason for failure in failures] == ["ended with status -9 and no word"] * 2


def test_only_one_benchmark_works_in_a_folder(plan_file, undisturbed, capsys):
    from ssliqa.training.run_lock import run_lock

    with run_lock(undisturbed, main_process=True):
        assert main(["benchmark", str(plan_file), "--out", str(undisturbed)]) == 2
    assert "at work" in capsys.readouterr().err


def test_a_dry_run_shows_cells_and_time_and_writes_nothing(plan_file, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["benchmark", str(plan_file), "--out", str(out), "--dry-run"]) == 0
    text = capsys.readouterr().out
    assert "2 different trainings, 2 to do" in text
    assert "hours" in text
    assert not out.exists()


def test_a_test_set_that_cannot_be_read_is_told_before_anything_is_trained(
    plan_file, tmp_path, capsys
):
    out = tmp_path / "out"
    arguments = ["benchmark", str(plan_file), "--out", str(out)]
    assert main([*arguments, "--tests.spaq.dataset", "spaq", "--tests.spaq.root", "none/at"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("ssliqa: The test set 'spaq': The folder none/at does not exist.")
    assert "with --tests.spaq.root" in message
    assert not out.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        *(("--jobs", "0"), ("--labels",), ("--nonsense", "1"), ("--steps", "x")),
        *(("--splits", "[1"), ("--seed", "3"), ("--tests.none", "none"), ("--student", "5")),
        *(("--keep", "best"), ("--split", "none.csv"), ("--dry-run", "--split", "none.csv")),
    ],
)
def test_wrong_options_are_one_message(arguments, plan_file, tmp_path, capsys):
    assert main(["benchmark", str(plan_file), "--out", str(tmp_path / "out"), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("ssliqa: ")
    assert not (tmp_path / "out").exists()


def test_results_do_not_go_into_a_file(plan_file, tmp_path, capsys):
    out = tmp_path / "out"
    out.write_text("mine")
    assert main(["benchmark", str(plan_file), "--out", str(out), "--dry-run"]) == 2
    assert "is a file. Name another --out" in capsys.readouterr().err


def test_a_bar_in_a_name_begins_no_cell():
    text = markdown("T", [Section("S", "", [["method", "n"], ["a | b", "1"]])])
    assert "| a \\| b | 1 |" in text


def test_threads_are_shared_out_among_jobs(monkeypatch):
    from ssliqa.benchmark.run import _environment

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    processors = len(os.sched_getaffinity(0))
    assert _environment(1)["OMP_NUM_THREADS"] == str(processors)
    assert _environment(10 * processors)["OMP_NUM_THREADS"] == "1"
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert _environment(1)["OMP_NUM_THREADS"] == "7"
