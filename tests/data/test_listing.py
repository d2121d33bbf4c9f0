"""Which photographs a source stands for, however many."""

from pathlib import Path

import pytest
from PIL import Image

from ssliqa.data.listing import list_photographs
from ssliqa.errors import ConfigError


@pytest.fixture
def folder(tmp_path):
    for name in ("b.jpg", "a.PNG", "sub/c.webp", "sub.gif", ".hidden.jpg", ".cache/d.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2)).save(path)
    (tmp_path / "notes.md").write_text("no photograph")
    return tmp_path


def names(paths, folder):
    return [path.relative_to(folder).as_posix() for path in paths]


def test_a_folder_gives_all_visible_photographs_below_it_sorted(folder):
    found = list_photographs([folder])
    assert names(found, folder) == ["a.PNG", "b.jpg", "sub/c.webp", "sub.gif"]
    assert found == sorted(found)
    assert list_photographs([str(folder)]) == found


def test_a_pattern_is_sorted_and_gives_photographs_only(folder):
    assert names(list_photographs([folder / "*"]), folder) == ["a.PNG", "b.jpg", "sub.gif"]
    assert names(list_photographs([f"{folder}/**/*.webp"]), folder) == ["sub/c.webp"]


def test_a_file_is_taken_as_it_is_even_if_its_name_looks_like_a_pattern(folder):
    odd = folder / "shot[1].jpg"
    odd.touch()
    assert list_photographs([odd, folder / "notes.md"]) == [odd, folder / "notes.md"]


@pytest.mark.parametrize("suffix", [".txt", ".LST"])
def test_a_list_is_relative_to_its_own_folder(folder, suffix):
    listing = folder / "sub" / f"list{suffix}"
    content = f"\ufeff# chosen\r\n\r\n../b.jpg\r\n c.webp \r\n{folder / 'a.PNG'}\r\n"
    listing.write_bytes(content.encode())
    found = list_photographs([listing])
    assert [path.name for path in found] == ["b.jpg", "c.webp", "a.PNG"]
    assert all(path.is_file() for path in found)


def test_a_photograph_met_again_keeps_its_first_place(folder):
    (folder / "z.jpg").symlink_to(folder / "b.jpg")
    found = list_photographs([folder / "sub.gif", folder, Path(f"{folder}/sub/../b.jpg")])
    assert names(found, folder) == ["sub.gif", "a.PNG", "b.jpg", "sub/c.webp"]


def test_no_source_gives_no_photograph():
    assert list_photographs([]) == []


def test_sources_without_photographs_are_refused(folder):
    (folder / "empty").mkdir()
    listing = folder / "list.txt"
    for source, message in (
        (folder / "no.jpg", r"no\.jpg does not exist"),
        (folder / "empty", "empty holds no photographs"),
        (folder / "*.heic", "holds no photographs"),
    ):
        with pytest.raises(ConfigError, match=message):
            list_photographs([folder, source])
    listing.write_text("# nothing\n")
    with pytest.raises(ConfigError, match="holds no photographs"):
        list_photographs([listing])
    listing.write_text("a.PNG\nx.jpg\nsub\n")
    with pytest.raises(ConfigError, match=r"2 of 3 paths .* not files: .*x\.jpg, .*sub\."):
        list_photographs([listing])
    listing.write_bytes(b"\xff\xfe\xe9")
    with pytest.raises(ConfigError, match="not UTF-8"):
        list_photographs([listing])


def test_an_empty_name_is_not_the_folder_we_are_in(folder, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(ConfigError, match="empty"):
        list_photographs([""])
