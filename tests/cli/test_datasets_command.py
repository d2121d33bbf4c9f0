"""``ssliqa datasets``: the list, and the check of a copy."""

import json

import pytest
from tiny_set import CORRUPT, write_ratings

from ssliqa.cli.main import main
from ssliqa.data import dataset_names

pytest.importorskip("imagehash")


def datasets(*arguments):
    return main(["datasets", *map(str, arguments)])


def test_the_list_names_every_database_with_its_scale_and_direction(capsys):
    assert datasets() == 0
    lines = capsys.readouterr().out.splitlines()
    for name in dataset_names():
        (line,) = [line for line in lines if line.split()[:1] == [name]]
        assert " lower " in line if name in ("csiq", "live") else " higher " in line


def test_a_sound_copy_is_status_0_and_shows_how_scores_are_spread(tiny_set, capsys):
    options = ("--labels", tiny_set.labels, "--images", tiny_set.folder, "--scale", "0-100")
    assert datasets("check", *options) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.startswith("24 images\n")
    assert captured.out.endswith("All well.\n")
    rows = [line.split()[:4] for line in captured.out.splitlines() if " - " in line]
    assert [int(count) for _, _, _, count in rows] == [0, 3, 3, 3, 3, 3, 3, 3, 2, 1]


def test_findings_are_status_1_and_stand_in_full_in_the_json_file(tiny_set, tmp_path, capsys):
    labels, outcome = tmp_path / "labels.csv", tmp_path / "out" / "check.json"
    write_ratings(labels, [(CORRUPT, 50), ("gone.jpg", 5), (tiny_set.names[0], 60)])
    options = ("--labels", labels, "--images", tiny_set.folder, "--scale", "0-100")
    assert datasets("check", *options, "--json", outcome) == 1
    out = capsys.readouterr().out
    assert "gone.jpg" in out
    assert f"unreadable: Photographs that cannot be read (1): {tiny_set.corrupt}" in out
    found = json.loads(outcome.read_text())
    assert [finding["kind"] for finding in found["findings"]] == ["rows", "unreadable"]
    assert found["findings"][1]["photographs"] == [[CORRUPT]]
    assert found["labels"] == str(labels)


def test_an_incomplete_copy_of_a_database_is_found_by_its_count(tiny_set, tmp_path, capsys):
    (tmp_path / "database").symlink_to(tiny_set.folder)
    rows = zip(tiny_set.names, tiny_set.mos, strict=True)
    write_ratings(tmp_path / "labels_image.csv", rows)
    assert datasets("check", "flive", "--root", tmp_path) == 1
    assert "count: 24 images can be used; a complete copy has 39810." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("check",), "No ratings are named"),
        (("check", "livec"), "lacks the folder of its copy"),
        (("check", "livec", "--root", "nowhere"), "nowhere does not exist"),
        (("check", "ava", "--root", "."), "no database called 'ava'"),
        (("check", "livec", "--root", ".", "--labels", "r.csv"), "Both --labels"),
        (("check", "--labels", "none.csv"), "none.csv does not exist"),
        (("list", "--root", "."), "takes no options"),
        (("chek",), "chek"),
    ],
)
def test_what_cannot_be_carried_out_is_one_line_and_status_2(arguments, named, capsys):
    assert datasets(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ssliqa: ")
    assert captured.err.count("\n") == 1
    assert named in captured.err
