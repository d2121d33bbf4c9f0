"""``ssliqa compare``: tables of any program against ratings."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from ssliqa.cli.main import main
from ssliqa.evaluation.comparison import COLUMNS

N = 40
NAMES = [f"photo {k}.jpg" for k in range(N)]
MOS = np.random.default_rng(0).uniform(1, 5, N)


def write(path, header, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def files(tmp_path):
    """Ratings, and three score tables in the manner of different programs."""
    rng = np.random.default_rng(1)
    labels = write(tmp_path / "labels.csv", ("image", "mos"), zip(NAMES, MOS, strict=True))
    good = write(
        tmp_path / "good.csv",
        ("path", "score"),
        [(f"/photos/{n}", m + 0.3 * rng.normal()) for n, m in zip(NAMES, MOS, strict=True)],
    )
    fair = tmp_path / "fair.jsonl"
    fair.write_text(
        "\n".join(
            json.dumps({"filename": n, "musiq": 20 * (m + rng.normal())})
            for n, m in zip(NAMES, MOS, strict=True)
        )
    )
    niqe = write(
        tmp_path / "niqe.csv",
        ("name", "score"),
        [(n.removesuffix(".jpg"), 9 - m + rng.normal()) for n, m in zip(NAMES, MOS, strict=True)],
    )
    return {"LABELS": labels, "GOOD": good, "FAIR": fair, "NIQE": niqe, "DIR": tmp_path}


def compare(files, *arguments):
    words = [str(files.get(word, word)) for word in arguments]
    return main(["compare", *words, "--labels", str(files["LABELS"]), "--resamples", "100"])


def test_tables_of_several_programs_are_compared(files, tmp_path, capsys):
    out = tmp_path / "new" / "out"
    arguments = ("GOOD", "FAIR", "NIQE", "--lower-better", "niqe", "--out", str(out))
    assert compare(files, *arguments) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0] == "n = 40, scale of the ratings: 1-5; value [95 % interval]"
    assert lines[1].split() == ["good", "fair", "niqe"]
    found = json.loads((out / "compare.json").read_text())
    srcc = [found["tables"][name]["SRCC"]["value"] for name in ("good", "fair", "niqe")]
    shown = next(line for line in lines if line.startswith("SRCC"))
    assert [float(cell) for cell in shown.split()[1::3]] == [round(value, 3) for value in srcc]
    assert min(srcc) > 0
    for pair in ("fair - good", "niqe - good", "niqe - fair"):
        assert any(line.startswith(pair) for line in lines)
    assert "p (Holm)" in captured.out
    assert "niqe: lower is better, unlike in the ratings" in captured.out
    assert f"Results: {out / 'compare.json'}, compare.csv" in captured.out
    with (out / "compare.csv").open(newline="") as file:
        assert tuple(next(csv.reader(file))) == COLUMNS


def test_without_out_nothing_is_written(files, capsys):
    before = sorted(files["DIR"].iterdir())
    assert compare(files, "GOOD", "FAIR", "--against", "first") == 0
    assert sorted(files["DIR"].iterdir()) == before
    assert "Results" not in capsys.readouterr().out


def test_rated_photographs_without_a_score_give_status_1(files, capsys):
    short = files["DIR"] / "short.csv"
    short.write_text("".join(files["GOOD"].read_text().splitlines(keepends=True)[:-3]))
    assert compare(files, "GOOD", str(short)) == 1
    captured = capsys.readouterr().out
    assert "short: Rated photographs without a row (3): photo 37.jpg, " in captured
    assert captured.startswith("n = 37")


def test_a_lower_better_table_that_is_not_declared_is_pointed_out(files, capsys):
    assert compare(files, "GOOD", "NIQE") == 0
    captured = capsys.readouterr().out
    assert "If lower is better, say --lower-better niqe." in captured


def test_tables_are_named_on_the_command_line_or_by_their_folders(files, tmp_path, capsys):
    assert compare(files, f"ours [new]={files['GOOD']}", "FAIR") == 0
    assert "fair - ours [new]" in capsys.readouterr().out
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        (tmp_path / run / "predictions.csv").write_bytes(files["GOOD"].read_bytes())
    tables = [str(tmp_path / run / "predictions.csv") for run in ("one", "two")]
    assert compare(files, *tables) == 0
    captured = capsys.readouterr().out
    assert "two/predictions - one/predictions" in captured
    assert "0.000 [0.000, 0.000]" in captured
    assert "1.000" in captured


def test_the_tables_of_score_and_evaluate_are_taken(tiny_set, tiny_run, tmp_path, capsys):
    scores, folder = tmp_path / "scores.csv", tmp_path / "evaluation"
    arguments = ["--model", str(tiny_run), "--out", str(scores), "--engine", "torch"]
    assert main(["score", str(tiny_set.folder), *arguments])
    ratings = ("--labels", str(tiny_set.labels), "--images", str(tiny_set.folder))
    ratings += ("--scale", "0-100", "--resamples", "100")
    assert (
        main(["evaluate", str(tiny_run), *ratings, "--engine", "torch", "--out", str(folder)]) == 0
    )
    out = tmp_path / "out"
    tables = (str(scores), str(folder / "predictions.csv"))
    capsys.readouterr()
    assert main(["compare", *tables, *ratings, "--out", str(out)]) == 0
    found = json.loads((out / "compare.json").read_text())
    evaluated = json.loads((folder / "metrics.json").read_text())
    for name in ("scores", "predictions"):
        for figure, value in found["tables"][name].items():
            assert value["value"] == pytest.approx(evaluated[figure]["value"], abs=1e-6)
    passed_over = f"Rows that name no rated photograph, passed over (1): {tiny_set.corrupt}."
    assert passed_over in capsys.readouterr().out
    (difference,) = found["differences"]
    assert difference["SRCC"]["value"] == 0
    assert difference["SRCC"]["p"] == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "tables"),
        (("none.csv",), "score table none.csv does not exist"),
        (("GOOD", "GOOD"), "given twice"),
        (("GOOD", "--lower-better", "nique"), "no score table called nique"),
        (("GOOD", "--score-column", "x"), "no column 'x'"),
        (("GOOD", "--against", "last"), "--against"),
        (("GOOD", "--out", "LABELS"), "is a file"),
        (("GOOD", "--images", "nowhere"), "image folder nowhere does not exist"),
        (("GOOD", "--images", "DIR"), "No file below"),
        (("GOOD", "--scale", "0-2"), "Score outside the scale"),
        (("GOOD", "--resamples", "10"), "10 resamples are too few"),
    ],
)
def test_what_cannot_be_carried_out_is_one_line_and_status_2(files, capsys, arguments, named):
    words = [str(files.get(word, word)) for word in arguments]
    common = ["--labels", str(files["LABELS"])]
    assert main(["compare", *words, *common]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ssliqa: ")
    assert captured.err.count("\n") == 1
    assert named in captured.err


def test_it_runs_as_a_program_whose_output_another_one_reads(files):
    command = [sys.executable, "-m", "ssliqa", "compare", "--resamples", "100"]
    done = subprocess.run(
        [*command, files["GOOD"], files["FAIR"], "--labels", files["LABELS"]],
        capture_output=True,
        text=True,
        check=True,
    )
    # No line is folded, whatever the width.
    rows = [line for line in done.stdout.splitlines() if line.startswith("RMSE_fitted")]
    assert len(rows) == 1
    assert rows[0].count("[") == 2
