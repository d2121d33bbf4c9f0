"""The table of scores in its three formats."""

import csv
import json
import os
from pathlib import Path

import pandas as pd
import pytest

from ssliqa.errors import ConfigError
from ssliqa.models import Score
from ssliqa.scoring import ScoredPhoto, write_scores
from ssliqa.scoring.table import COLUMNS, check_format

SCORE = Score(2 / 3, 0.1234567890123456, None, None, (0.2,) * 5)
BOUNDED = Score(71.5, 3.25, 60.0, 80.0, (0.0, 0.0, 0.0, 0.5, 0.5))
ROWS = [
    ScoredPhoto(Path('odd, "name".jpg'), SCORE),
    ScoredPhoto(Path("broken.jpg"), None, "broken.jpg: is damaged, or\nincomplete"),
    ScoredPhoto(Path("ünïcode/b.png"), BOUNDED),
]


def written(folder, ending):
    path = folder / "new" / f"scores{ending}"
    write_scores(ROWS, path, model="runs/first", scale="0-100")
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    return path


def assert_holds_the_rows(records):
    assert [record["path"] for record in records] == [str(row.path) for row in ROWS]
    assert [record["status"] for record in records] == ["ok", "failed", "ok"]
    assert [record["score"] for record in records] == [2 / 3, None, 71.5]
    assert [record["std"] for record in records] == [0.1234567890123456, None, 3.25]
    assert [record["lower"] for record in records] == [None, None, 60.0]
    assert [record["upper"] for record in records] == [None, None, 80.0]
    assert [record["error"] for record in records] == ["", ROWS[1].error, ""]
    assert {record["model"] for record in records} == {"runs/first"}
    assert {record["scale"] for record in records} == {"0-100"}


def test_csv_holds_every_digit(tmp_path):
    with written(tmp_path, ".csv").open(newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    assert tuple(records[0]) == COLUMNS
    for record in records:
        for name in ("score", "std", "lower", "upper"):
            record[name] = float(record[name]) if record[name] else None
    assert_holds_the_rows(records)


def test_json_lines_hold_one_object_a_photograph(tmp_path):
    lines = written(tmp_path, ".jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert [tuple(record) for record in records] == [COLUMNS] * 3
    assert_holds_the_rows(records)


def test_parquet_holds_numbers_as_numbers(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.read_parquet(written(tmp_path, ".parquet"))
    assert tuple(frame.columns) == COLUMNS
    assert set(map(str, frame.dtypes[["score", "std", "lower", "upper"]])) == {"float64"}
    assert_holds_the_rows(frame.astype(object).where(frame.notna(), None).to_dict("records"))


def test_a_table_of_failures_only_can_be_written(tmp_path):
    write_scores([ROWS[1]], tmp_path / "scores.CSV", model="m", scale="1-5")
    assert pd.read_csv(tmp_path / "scores.CSV")["score"].isna().tolist() == [True]


def test_a_table_replaces_the_one_before(tmp_path):
    path = written(tmp_path, ".csv")
    write_scores(ROWS[:1], path, model="m", scale="1-5")
    assert len(pd.read_csv(path)) == 1


@pytest.mark.parametrize("name", ["scores.txt", "scores", "scores.csv.gz"])
def test_an_unknown_ending_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match=r"Name a file ending in \.csv, \.jsonl, \.parquet"):
        check_format(tmp_path / name)


def test_a_folder_or_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is a folder"):
        check_format(tmp_path / "folder.csv")
    with pytest.raises(ConfigError, match=r"file' is a file, not a folder"):
        check_format(tmp_path / "file" / "below" / "scores.csv")
    check_format(tmp_path / "to be made" / "scores.csv")


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_a_name_that_is_no_text_costs_no_score(tmp_path, ending):
    odd = Path(os.fsdecode(b"bad\xff.jpg"))
    table = tmp_path / f"scores{ending}"
    rows = [ScoredPhoto(odd, SCORE), ScoredPhoto(odd, None, f"{odd}: is empty")]
    write_scores(rows, table, model="m", scale="1-5")
    assert table.read_text(encoding="utf-8").count("udcff") == 3


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_ranks_are_a_last_column_of_whole_numbers_empty_for_failures(tmp_path, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"scores{ending}"
    write_scores(iter(ROWS), path, model="m", scale="1-5", ranks=iter([2, 0, 1]))
    if ending == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file))
        assert lines[0] == [*COLUMNS, "rank"]
        assert [line[-1] for line in lines[1:]] == ["2", "", "1"]
        return
    frame = pd.read_parquet(path) if ending == ".parquet" else pd.read_json(path, lines=True)
    assert list(frame.columns) == [*COLUMNS, "rank"]
    assert frame["rank"].fillna(0).tolist() == [2, 0, 1]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_table_that_cannot_be_finished_leaves_the_one_before_whole(tmp_path, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"scores{ending}"
    write_scores(ROWS, path, model="m", scale="1-5")
    before = path.read_bytes()

    def rows():
        yield from ROWS
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_scores(rows(), path, model="m", scale="1-5")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_parquet_table_of_many_parts_or_none_is_one_table(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "scores.parquet"
    for count in (25_001, 0):
        write_scores((ROWS[k % 3] for k in range(count)), path, model="m", scale="1-5")
        frame = pd.read_parquet(path)
        assert len(frame) == count
        assert tuple(frame.columns) == COLUMNS
