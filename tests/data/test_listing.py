"""Which photographs a source stands for, however many."""

import inspect
import os
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ssliqa.data.listing import Listing, list_photographs
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


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_of_a_file_and_a_link_below_one_folder_the_file_counts_wherever_it_stands(tmp_path):
    touch(tmp_path, "photos/m.jpg", "photos/sub/n.jpg", "outside/o.jpg", "photos/.hidden/h.jpg")
    photos = tmp_path / "photos"
    for link, target in (
        ("a.jpg", "m.jpg"),
        ("b.jpg", "sub/n.jpg"),
        ("c.jpg", "../outside/o.jpg"),
        ("d.jpg", "../outside/o.jpg"),
        ("e.jpg", ".hidden/h.jpg"),
        ("z.jpg", "m.jpg"),
    ):
        (photos / link).symlink_to(target)
    assert names(list_photographs([photos]), photos) == ["c.jpg", "e.jpg", "m.jpg", "sub/n.jpg"]
    assert names(list_photographs([photos / "d.jpg", photos]), photos) == [
        *("d.jpg", "e.jpg", "m.jpg", "sub/n.jpg")
    ]


def test_sources_that_overlap_give_each_file_once(tmp_path):
    touch(tmp_path, "a.jpg", "b/c.jpg", "b/d/e.jpg", "f.jpg", ".h/i.jpg")
    whole = ["a.jpg", "b/c.jpg", "b/d/e.jpg", "f.jpg"]
    for sources, found in (
        ([".", "b", "b/d/e.jpg", ".h"], [*whole, ".h/i.jpg"]),
        (["b/d", "f.jpg", "."], ["b/d/e.jpg", "f.jpg", "a.jpg", "b/c.jpg"]),
        ([".h", ".", ".h/i.jpg"], [".h/i.jpg", *whole]),
        (["b/*", "b"], ["b/c.jpg", "b/d/e.jpg"]),
    ):
        assert names(list_photographs([tmp_path / source for source in sources]), tmp_path) == found


def test_a_folder_named_from_inside_or_by_a_link_is_the_same_folder(tmp_path, monkeypatch):
    touch(tmp_path, "photos/a.jpg", "photos/b.jpg")
    (tmp_path / "photos/c.jpg").symlink_to("a.jpg")
    (tmp_path / "link").symlink_to("photos")
    monkeypatch.chdir(tmp_path / "photos")
    found = list_photographs(["b.jpg", ".", tmp_path / "link", "../photos"])
    assert list(map(str, found)) == ["b.jpg", "a.jpg"]


def test_links_to_nowhere_are_given_and_what_is_no_file_is_not(tmp_path):
    (tmp_path / "gone.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "folder.jpg").symlink_to(tmp_path)  # would never end
    os.mkfifo(tmp_path / "pipe.jpg")
    touch(tmp_path, "real folder.jpg/a.jpg")
    assert names(list_photographs([tmp_path, tmp_path]), tmp_path) == [
        *("gone.jpg", "loop.jpg", "real folder.jpg/a.jpg")
    ]


def test_names_may_hold_any_bytes_and_folders_be_very_deep(tmp_path):
    touch(tmp_path, os.fsdecode(b"\xff\n,.jpg"), "/".join("d" * 150) + "/a.jpg")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 60)
    try:
        found = list_photographs([tmp_path])
    finally:
        sys.setrecursionlimit(before)
    assert [os.fsencode(path.name) for path in found] == [b"a.jpg", b"\xff\n,.jpg"]


def test_of_photographs_that_are_not_asked_for_yet_only_the_names_are_in_memory(tmp_path):
    for k in range(3000):
        (tmp_path / f"{k:040d}.jpg").touch()
    paths = Listing([tmp_path]).paths()
    tracemalloc.start()
    try:
        next(paths)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / 3000 < 130  # a string of 44 letters is 93 bytes


def test_a_folder_is_read_when_its_turn_comes(folder):
    paths = Listing([folder]).paths()
    first = next(paths)
    touch(folder, "sub/d.jpg")
    assert names([first, *paths], folder) == [
        "a.PNG",
        "b.jpg",
        "sub/c.webp",
        "sub/d.jpg",
        "sub.gif",
    ]


def test_a_folder_that_cannot_be_read_is_refused_or_given(folder):
    for give, last in ((False, []), (True, ["sub", "sub.gif"])):
        touch(folder, "sub/c.webp")
        paths = Listing([folder]).paths(give_unreadable=give)
        found = [next(paths), next(paths)]
        (folder / "sub/c.webp").unlink()
        (folder / "sub").rmdir()
        if give:
            assert names([*found, *paths], folder) == ["a.PNG", "b.jpg", *last]
        else:
            with pytest.raises(ConfigError, match=r"folder .*sub cannot be read \(No such file"):
                list(paths)


def test_a_source_that_has_become_empty_may_be_passed_over(folder):
    listing = Listing([folder / "sub", folder / "b.jpg"])
    (folder / "sub/c.webp").unlink()
    assert names(listing.paths(allow_empty=True), folder) == ["b.jpg"]
    with pytest.raises(ConfigError, match="sub holds no photographs"):
        list(listing.paths())


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.text("ab.", min_size=1, max_size=3), max_size=6), st.randoms())
def test_any_tree_is_listed_in_the_order_of_sorted_paths(tmp_path_factory, parts, random):
    root = tmp_path_factory.mktemp("tree")
    parts = sorted(parts - {".", "..", "..."})
    for _ in range(8):
        folders = random.choices(parts, k=random.randrange(3)) if parts else []
        touch(root, "/".join([*folders, random.choice("xyz.") + random.choice("ab") + ".jpg"]))
    hidden = [p for p in root.rglob("*.jpg") if "/." in str(p)[len(str(root)) :]]
    wanted = sorted(set(root.rglob("*.jpg")) - set(hidden))
    assert list(Listing([root]).paths(allow_empty=True)) == wanted
