"""Score tables of other programs and of our own."""

import json

import numpy as np
import pandas as pd
import pytest

from ssliqa.data import read_score_table
from ssliqa.data.scores import table_names
from ssliqa.errors import ScoreTableError
from ssliqa.opinion import Scale


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("t.csv", "path,score\na.jpg,1.5\nb.jpg,2\n"),
        ("t.csv", "image;Predicted MOS\na.jpg;1.5\nb.jpg;2\n"),
        ("t.tsv", "filename\tother\tquality score\na.jpg\tx\t1.5\nb.jpg\ty\t2\n"),
        ("t.csv", "name,niqe\na.jpg,1.5\nb.jpg,2\n"),
        ("t.csv", "name,mos\na.jpg,1.5\nb.jpg,2\n"),
        ("t.txt", "1.5 a.jpg\n2 b.jpg\n"),
        ("t.json", '[{"img": "a.jpg", "score": 1.5}, {"img": "b.jpg", "score": "2"}]'),
        ("t.jsonl", '{"path": "a.jpg", "score": 1.5}\n\n{"path": "b.jpg", "score": 2}\n'),
    ],
)
def test_names_and_scores_are_found_in_usual_forms(tmp_path, file, text):
    table = read_score_table(write(tmp_path / file, text))
    assert table.name == "t"
    assert table.names == ("a.jpg", "b.jpg")
    assert table.scores.tolist() == [1.5, 2]
    assert table.scale is None
    assert not table.counts_as_ratings


def test_parquet_is_read(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"path": ["a.jpg"], "score": [1.5]}).to_parquet(tmp_path / "t.parquet")
    assert read_score_table(tmp_path / "t.parquet").scores.tolist() == [1.5]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_our_own_scores_table_is_read_with_its_scale_and_its_failures(tmp_path, ending):
    from ssliqa.models import Score
    from ssliqa.scoring import ScoredPhoto, write_scores

    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    photo = ScoredPhoto(tmp_path / "a.jpg", Score(71.5, 2.0, 68.0, 75.0, np.ones(5) / 5))
    broken = ScoredPhoto(tmp_path / "b.jpg", None, "It cannot be read.")
    path = tmp_path / f"scores{ending}"
    write_scores([photo, broken], path, model="m", scale="0-100, lower is better")
    table = read_score_table(path)
    assert table.names == (str(photo.path),)
    assert table.scores.tolist() == [71.5]
    assert table.missing == (str(broken.path),)
    assert table.scale == Scale(0, 100, higher_is_better=False)


def test_predictions_of_an_evaluation_count_like_the_ratings(tmp_path):
    from ssliqa.evaluation import evaluate

    _, predictions = evaluate([1, 2, 4], [1, 3, 5], names=["a", "b", "c"]).write(tmp_path)
    table = read_score_table(predictions, name="mine")
    assert (table.name, table.counts_as_ratings) == ("mine", True)
    assert table.scores.tolist() == [1, 2, 4]


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "inf", "-inf", "failed", "1,5"])
def test_scores_that_are_no_finite_numbers_are_set_aside_by_name(tmp_path, cell):
    path = write(tmp_path / "t.csv", f'name,score\na.jpg,"{cell}"\nb.jpg,2\n')
    table = read_score_table(path)
    assert table.names == ("b.jpg",)
    assert table.missing == ("a.jpg",)


def test_columns_can_be_named(tmp_path):
    path = write(tmp_path / "t.csv", "id,where,niqe,musiq\n1,a.jpg,9,40\n2,b.jpg,3,70\n")
    table = read_score_table(path, name_column="where", score_column="musiq")
    assert dict(zip(table.names, table.scores, strict=True)) == {"a.jpg": 40, "b.jpg": 70}


def test_rows_that_repeat_a_score_count_once(tmp_path):
    path = write(tmp_path / "t.csv", "name,score\na,1\nb,\na,1.0\nb,nan\n")
    table = read_score_table(path)
    assert (table.names, table.missing) == (("a",), ("b",))


def test_a_scale_of_another_programs_own_is_passed_over(tmp_path):
    path = write(tmp_path / "t.csv", "name,score,scale\na,1,percent\n")
    assert read_score_table(path).scale is None


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("t.csv", "name,niqe,musiq\na,1,2\n", "No column of .* known to hold scores.*niqe, musiq"),
        ("t.csv", "name,score,pred\na,1,2\n", "Several columns .* could hold the scores: score, p"),
        ("t.csv", "who,score\na,1\n", "known to hold names.*--name-column NAME"),
        ("t.csv", "name,path,score\na,b,1\n", "Several columns .* names: name, path"),
        ("t.csv", "name,score\na,x\nb,\n", "No cell in the column 'score'"),
        ("t.csv", "name,score\na,1\na,2\nb,1\n", "1 rows .* another score .*: a"),
        ("t.csv", "name,score\n,1\n", "name no photograph: rows 1"),
        ("t.csv", "name,score,score\na,1,2\n", "twice in the header"),
        ("t.csv", "name,score,scale\na,1,1-5\nb,1,0-100\n", "different scales: 0-100, 1-5"),
        ("t.csv", "name,score\n", "The score table .* holds no rows"),
        ("t.csv", "name,score\na,1,2\n", "not lines 2"),
        ("t.json", '{"a": 1}', "not a list of JSON objects"),
        ("t.jsonl", "[1]\n", "Not every line of .* is a JSON object"),
        ("t.jsonl", "{'a'\n", "The score table .* cannot be read"),
        ("t.xlsx", "", "The score table .* unknown form.*jsonl"),
        ("t.parquet", "", "cannot be read"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_its_reason(tmp_path, file, text, words):
    if file.endswith("parquet"):
        pytest.importorskip("pyarrow")
    with pytest.raises(ScoreTableError, match=words):
        read_score_table(write(tmp_path / file, text))


def test_a_missing_file_or_column_is_refused(tmp_path):
    with pytest.raises(ScoreTableError, match=r"score table .* does not exist. Correct its path"):
        read_score_table(tmp_path / "none.csv")
    path = write(tmp_path / "t.csv", "name,score\na,1\n")
    with pytest.raises(ScoreTableError, match=r"no column 'x'.*Correct --score-column"):
        read_score_table(path, score_column="x")
    with pytest.raises(ScoreTableError, match=r"no column 'x'.*Correct --name-column"):
        read_score_table(path, name_column="x")


def test_short_names_take_as_many_folders_as_it_takes_to_tell_files_apart():
    assert table_names(["x/a.csv", "y/b.csv"]) == ["a", "b"]
    runs = [f"runs/{name}/evaluation/predictions.csv" for name in ("one", "two")]
    expected = ["one/evaluation/predictions", "two/evaluation/predictions"]
    assert table_names([*runs, "c.csv"]) == [*expected, "c"]
    assert table_names(["a.csv", "a.jsonl"]) == ["a.csv", "a.jsonl"]
    with pytest.raises(ScoreTableError, match=r"given twice: a\.csv"):
        table_names(["a.csv", "b.csv", "a.csv"])


def test_json_lines_are_a_form_of_label_tables_too(tmp_path):
    from ssliqa.data import read_label_table

    rows = [{"image": f"{k}.jpg", "mos": k} for k in (1, 2, 3)]
    path = write(tmp_path / "labels.jsonl", "\n".join(json.dumps(row) for row in rows))
    table = read_label_table(path, None, find_files=False)
    assert table.mos.tolist() == [1, 2, 3]
    assert table.paths[0] == tmp_path / "1.jpg"
