"""``ssliqa score``: results on standard output or in a table, the rest on standard error."""

import csv
import io
import json

import pandas as pd
import pytest

from ssliqa import load_model
from ssliqa.cli.main import main


def score(*arguments):
    return main(["score", *map(str, arguments)])


@pytest.fixture
def photos(tiny_set):
    return [tiny_set.folder / name for name in tiny_set.names[:4]]


def test_without_a_table_standard_output_is_csv_and_nothing_else(tiny_run, photos, capsys):
    assert score(*photos, "--model", tiny_run) == 0
    captured = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(captured.out)))
    assert [row["path"] for row in rows] == [str(photo) for photo in photos]
    model = load_model(tiny_run)
    for row, photo in zip(rows, photos, strict=True):
        assert float(row["score"]) == pytest.approx(model.score(photo).score, rel=1e-3)
        assert float(row["std"]) == pytest.approx(model.score(photo).std, rel=1e-2)
    assert captured.err == "4 photographs scored on the scale 0-100\n"


def test_a_corrupt_photograph_gives_status_1_and_is_named(tiny_set, tiny_run, capsys):
    assert score(tiny_set.folder, "--model", tiny_run) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1 + 24
    assert str(tiny_set.corrupt) not in captured.out
    named, summary = captured.err.splitlines()
    assert named.startswith("ssliqa: ")
    assert str(tiny_set.corrupt) in named
    assert summary == "24 photographs scored on the scale 0-100, 1 failed"


@pytest.mark.parametrize(
    ("ending", "read"),
    [
        (".csv", lambda path: pd.read_csv(path, keep_default_na=False).to_dict("records")),
        (".jsonl", lambda path: [json.loads(line) for line in path.read_text().splitlines()]),
        (".parquet", lambda path: pd.read_parquet(path).to_dict("records")),
    ],
)
def test_a_table_has_a_row_for_every_photograph(tiny_set, tiny_run, tmp_path, capsys, ending, read):
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    out = tmp_path / "new folder" / f"scores{ending}"
    assert score(tiny_set.folder, "--model", tiny_run, "--out", out) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith(f"1 failed -> {out}\n")
    rows = read(out)
    assert [row["path"] for row in rows] == sorted(map(str, tiny_set.folder.iterdir()))
    model = load_model(tiny_run)
    for row in rows:
        assert (row["model"], row["scale"]) == (str(tiny_run), "0-100")
        if row["path"] == str(tiny_set.corrupt):
            assert row["status"] == "failed"
            assert str(tiny_set.corrupt) in row["error"]
        else:
            assert (row["status"], row["error"]) == ("ok", "")
            assert float(row["score"]) == pytest.approx(model.score(row["path"]).score, rel=1e-13)


def test_the_number_of_workers_changes_nothing(tiny_set, tiny_run, tmp_path):
    tables = []
    for workers in (1, 4):
        out = tmp_path / f"{workers}.csv"
        score(tiny_set.folder, "--model", tiny_run, "--out", out, "--workers", workers)
        tables.append(out.read_bytes())
    assert tables[0] == tables[1]


def test_run_folder_and_model_folder_name_the_same_model(tiny_run, photos, capsys):
    outputs = []
    for model in (tiny_run, tiny_run / "model"):
        assert score(photos[0], "--model", model) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


def test_folders_patterns_and_lists_are_taken(tiny_set, tiny_run, tmp_path, capsys):
    listing = tmp_path / "chosen.txt"
    listing.write_text(f"{tiny_set.folder / tiny_set.names[2]}\n")
    further = tiny_set.further
    assert score(listing, further / "*[0-3].jpg", further, "--model", tiny_run) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    expected = [tiny_set.folder / tiny_set.names[2]]
    expected += [further / f"further {k}.jpg" for k in range(10)]
    assert [row["path"] for row in rows] == list(map(str, expected))


def test_an_impossible_table_is_refused_before_anything_is_scored(photos, tmp_path, capsys):
    for name in ("scores.txt", "scores.csv/scores.csv"):
        (tmp_path / "scores.csv").touch()
        # With no model there, only a check made first can be what fails.
        assert score(*photos, "--model", "no model", "--out", tmp_path / name) == 2
        captured = capsys.readouterr()
        assert captured.err.startswith(f"ssliqa: '{tmp_path}")
        assert captured.err.count("\n") == 1
    assert (tmp_path / "scores.csv").read_bytes() == b""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("PHOTO",), "model"),
        (("--model", "RUN"), "paths"),
        (("PHOTO", "--model", "nowhere"), "no model folder 'nowhere'"),
        (("PHOTO", "--model", "PHOTOS"), "holds no model"),
        (("nowhere.jpg", "--model", "RUN"), "nowhere.jpg does not exist"),
        (("PHOTO", "--model", "RUN", "--workers", "0"), "workers=0"),
        (("PHOTO", "--model", "RUN", "--workers", "two"), "workers"),
        (("PHOTO", "--model", "RUN", "--device", "abacus"), "device 'abacus' cannot be used"),
        (("PHOTO", "--model", "RUN", "--speed", "fast"), "--speed"),
    ],
)
def test_what_cannot_be_carried_out_is_one_line_and_status_2(
    tiny_set, tiny_run, photos, capsys, arguments, named
):
    words = {"PHOTO": photos[0], "RUN": tiny_run, "PHOTOS": tiny_set.folder}
    assert score(*(words.get(word, word) for word in arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ssliqa: ")
    assert captured.err.count("\n") == 1
    assert named in captured.err


def test_an_unfinished_run_is_no_model(tiny_run, photos, tmp_path, capsys):
    (tmp_path / "config.yaml").write_bytes((tiny_run / "config.yaml").read_bytes())
    assert score(photos[0], "--model", tmp_path) == 2
    assert "its training has not finished" in capsys.readouterr().err
