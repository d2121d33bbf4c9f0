"""``ssliqa pictures``: of runs with one and two branches, and every way in which it can fail."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from ssliqa.cli.main import main

pytest.importorskip("matplotlib", reason="needs the extra 'report'")

from ssliqa.report.pictures import PICTURES


def pictures(*arguments):
    return main(["pictures", *map(str, arguments)])


@pytest.fixture(scope="module")
def pair_run(tiny_set, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "pair"
    options = ("--steps", 4, "--method.relation", "gram")
    assert main(["train", *tiny_set.arguments(out, *options)]) == 0
    return out


def test_all_pictures_of_a_run_are_written_into_it_and_named(pair_run, capsys):
    capsys.readouterr()
    assert pictures(pair_run, "--count", 2) == 0
    captured = capsys.readouterr()
    files = [pair_run / "pictures" / f"{name}.png" for name in PICTURES]
    assert captured.out.split("\n")[:-1] == [str(file) for file in files]
    assert captured.err == ""
    assert sorted((pair_run / "pictures").iterdir()) == sorted(files)
    for file in files:
        with Image.open(file) as image:
            assert min(image.size) > 300


def test_a_run_without_a_teacher_is_drawn_with_its_student_only(tiny_run, pair_run, tmp_path):
    names = "activation-maps, relation_matrices"
    for run, out in ((tiny_run, "one"), (pair_run, "two")):
        options = ("--only", names, "--count", 1, "--out", tmp_path / out)
        assert pictures(run, *options) == 0
    for name in ("activation_maps.png", "relation_matrices.png"):
        with Image.open(tmp_path / "one" / name) as one, Image.open(tmp_path / "two" / name) as two:
            assert one.width < two.width


def test_photographs_of_ones_own_are_drawn_and_unreadable_ones_named(
    tiny_run, tiny_set, tmp_path, capsys
):
    photos = (tiny_set.folder / tiny_set.names[0], tiny_set.corrupt)
    options = ("--only", "activation_maps", "--out", tmp_path / "out")
    assert pictures(tiny_run, *options, "--photos", *photos) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("ssliqa: ")
    assert captured.err.count(str(tiny_set.corrupt)) == 1
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["activation_maps.png"]


def test_a_picture_that_a_network_does_not_allow_leaves_the_others(tiny_set, tmp_path, capsys):
    run = tmp_path / "run"
    options = ("--method", "supervised", "--steps", 2, "--student", "scene_statistics")
    assert main(["train", *tiny_set.arguments(run), *map(str, options)]) == 0
    assert pictures(run, "--only", "activation_maps,loss_terms") == 1
    assert "activation_maps is not drawn" in capsys.readouterr().err
    assert [file.name for file in (run / "pictures").iterdir()] == ["loss_terms.png"]


def test_an_unfinished_run_has_its_loss_terms_only(pair_run, tmp_path, capsys):
    run = Path(shutil.copytree(pair_run, tmp_path / "run"))
    shutil.rmtree(run / "pictures", ignore_errors=True)
    shutil.rmtree(run / "checkpoints")
    shutil.rmtree(run / "model")
    assert pictures(run, "--only", "loss_terms") == 0
    assert pictures(run) == 2
    assert str(run) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "run"),
        (("nowhere",), "'nowhere' holds no run"),
        (("RUN/model",), "holds no run"),
        (("RUN", "--only", "loss_terms,curves"), "no picture called 'curves'"),
        (("RUN", "--only", ""), "The pictures are: loss_terms"),
        (("RUN", "--count", "0"), "Name 1 to 12"),
        (("RUN", "--photos", "none.jpg"), "none.jpg does not exist"),
        (("RUN", "--photos", "CORRUPT", "--only", "activation_maps"), "None of the photographs"),
        (("RUN", "--out", "FILE"), "is a file"),
    ],
)
def test_what_cannot_be_carried_out_is_one_line_and_status_2(
    tiny_run, tiny_set, tmp_path, capsys, arguments, named
):
    file = tmp_path / "file"
    file.touch()
    words = {"RUN": tiny_run, "RUN/model": tiny_run / "model", "FILE": file}
    words["CORRUPT"] = tiny_set.corrupt
    assert pictures(*(words.get(word, word) for word in arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ssliqa: ")
    assert captured.err.count("\n") == 1
    assert named in captured.err
