"""``ssliqa map``: pictures and numbers of where photographs are good or bad."""

import shutil

import numpy as np
import pytest
from PIL import Image

from ssliqa import load_model
from ssliqa.cli.main import main


@pytest.fixture
def photos(tiny_set, tmp_path):
    """Three photographs, two of one name but for the suffix, and one in a subfolder."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    shutil.copy(tiny_set.folder / "photo 01.jpg", folder / "a.jpg")
    shutil.copy(tiny_set.folder / "photo 00.png", folder / "a.png")
    shutil.copy(tiny_set.folder / "photo 02.jpg", folder / "more" / "b.jpg")
    return folder


def draw(run, *arguments):
    return main(["map", *map(str, arguments), "--model", str(run)])


@pytest.mark.parametrize("raw", ["npy", "csv", "png"])
def test_numbers_are_those_of_the_model(raw, tiny_run, photos, tmp_path, capsys):
    assert draw(tiny_run, photos / "a.jpg", "--out", tmp_path / "map.png", "--raw", raw) == 0
    expected = load_model(tiny_run).quality_map(photos / "a.jpg")
    with Image.open(tmp_path / "map.png") as picture:
        assert min(picture.size) > 300
    match raw:
        case "npy":
            found = np.load(tmp_path / "map.npy", allow_pickle=False)
        case "csv":
            found = np.loadtxt(tmp_path / "map.csv", delimiter=",")
        case "png":
            with Image.open(tmp_path / "map-16bit.png") as gray:
                assert gray.mode.startswith("I;16")
                assert gray.text["Scale"] == "0-100"
                found = np.asarray(gray) / 65535 * 100
    np.testing.assert_allclose(found, expected.values, atol=1e-3)
    captured = capsys.readouterr()
    assert f"score {expected.score.score:.4g}, places" in captured.out
    assert "1 map on the scale 0-100" in captured.err


def test_a_folder_of_photographs_becomes_a_folder_of_pictures(tiny_run, photos, tmp_path):
    assert draw(tiny_run, photos, "--out", tmp_path / "maps") == 0
    found = {str(file.relative_to(tmp_path / "maps")) for file in (tmp_path / "maps").rglob("*.*")}
    assert found == {"a.jpg.png", "a.png.png", "more/b.png"}


def test_photographs_from_anywhere_lie_side_by_side_where_names_do_not_repeat(
    tiny_run, tiny_set, photos, tmp_path
):
    chosen = (photos / "a.jpg", photos / "more" / "b.jpg", tiny_set.folder / "photo 03.jpg")
    assert draw(tiny_run, *chosen, "--out", tmp_path / "maps") == 0
    found = {str(file.relative_to(tmp_path / "maps")) for file in (tmp_path / "maps").rglob("*.*")}
    assert found == {"a.png", "b.png", "photo 03.png"}


def test_a_bad_photograph_costs_one_line(tiny_run, tiny_set, photos, tmp_path, capsys):
    shutil.copy(tiny_set.corrupt, photos / "broken.jpg")
    assert draw(tiny_run, photos, "--out", tmp_path / "maps") == 1
    captured = capsys.readouterr()
    assert len(list((tmp_path / "maps").rglob("*.png"))) == 3
    assert captured.err.count("broken.jpg") == 1
    assert "3 maps on the scale 0-100, 1 failed" in captured.err


def test_a_photograph_is_never_written_over(tiny_run, photos, capsys):
    before = {file: file.read_bytes() for file in photos.rglob("*.*")}
    (photos / "a.jpg").rename(photos / "c.jpg")
    assert draw(tiny_run, photos, "--out", photos) == 2
    assert draw(tiny_run, photos / "a.png", "--out", photos / "a.png") == 2
    assert capsys.readouterr().err.count("written over a photograph") == 2
    assert (photos / "a.png").read_bytes() == before[photos / "a.png"]


def test_a_photograph_that_is_not_scored_is_not_written_over_but_an_earlier_map_is(
    tiny_run, photos, tmp_path, capsys
):
    before = (photos / "a.png").read_bytes()
    assert draw(tiny_run, photos / "a.jpg", "--out", photos / "a.png") == 2
    assert "written over a photograph" in capsys.readouterr().err
    assert (photos / "a.png").read_bytes() == before
    for _ in range(2):
        assert draw(tiny_run, photos / "a.jpg", "--out", tmp_path / "map.png") == 0


@pytest.mark.parametrize(
    ("out", "message"),
    [("map.png", "one picture, but there are 3"), ("map.jpg", "no picture that can be drawn")],
)
def test_an_out_that_cannot_be_is_told_before_anything_is_drawn(
    out, message, tiny_run, photos, tmp_path, capsys
):
    assert draw(tiny_run, photos, "--out", tmp_path / out) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / out).exists()


def test_a_file_where_the_folder_should_be_is_told(tiny_run, photos, tmp_path, capsys):
    (tmp_path / "maps").write_text("")
    assert draw(tiny_run, photos, "--out", tmp_path / "maps") == 2
    assert "is a file" in capsys.readouterr().err
