"""Pairing the names of photographs between tables."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssliqa.data.names import match_names

PATHS = st.lists(
    st.lists(st.sampled_from(["a", "b", "x.jpg", "y.png", "z"]), min_size=1, max_size=3).map(
        "/".join
    ),
    max_size=8,
    unique=True,
)


def partners(wanted, given, files=None):
    return [None if p is None else given[p] for p in match_names(wanted, given, files).positions]


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("a/x.jpg", "a/x.jpg"),
        ("a/x.jpg", "./a/x.jpg"),
        ("a/x.jpg", "a\\x.jpg"),
        ("a/x.jpg", "/data/photos/a/x.jpg"),
        ("a/x.jpg", "C:\\photos\\a\\x.jpg"),
        ("photos/a/x.jpg", "a/x.jpg"),
        ("a/x.jpg", "x.jpg"),
        ("x.jpg", "somewhere/x.jpg"),
        ("953619", "photos/953619.jpg"),
        ("a/953619.jpg", "953619"),
        ("gr\u00f6\u00dfe.jpg", "gro\u0308\u00dfe.jpg"),
    ],
)
def test_one_photograph_is_found_however_it_is_written(wanted, given):
    others = [f"other {k}.jpg" for k in range(3)]
    assert partners([others[0], wanted], [*others, given]) == [others[0], given]


@pytest.mark.parametrize(
    ("wanted", "given"),
    [("x.jpg", "y.jpg"), ("x.jpg", "x.png"), ("x.jpg", "X.jpg"), ("x.jpg", "ax.jpg"), ("x.1", "x")],
)
def test_different_names_are_different_photographs(wanted, given):
    matches = match_names([wanted], [given])
    assert matches.positions == (None,)
    assert matches.surplus == (given,)
    assert matches.ambiguous == ()


def test_the_same_file_name_in_several_folders_is_told_apart_by_the_folders():
    names = ["512/1.jpg", "1024/1.jpg", "2048/1.jpg"]
    given = [f"/photos/{name}" for name in reversed(names)]
    assert partners(names, given) == given[::-1]


def test_a_file_name_that_several_photographs_have_is_left_unpaired_and_named():
    matches = match_names(["512/1.jpg", "1024/1.jpg", "512/2.jpg"], ["1.jpg", "2.jpg"])
    assert matches.positions == (None, None, 1)
    assert matches.ambiguous == ("512/1.jpg", "1024/1.jpg")
    assert matches.surplus == ("1.jpg",)


def test_elimination_is_no_evidence():
    # 1.jpg could be either of the two, although one has a partner of its own.
    matches = match_names(["a/1.jpg", "b/1.jpg"], ["a/1.jpg", "1.jpg"])
    assert matches.positions == (0, None)
    assert matches.ambiguous == ("b/1.jpg",)


def test_a_stem_that_several_files_have_is_left_unpaired():
    matches = match_names(["1"], ["1.jpg", "1.png"])
    assert matches.positions == (None,)
    assert matches.ambiguous == ("1",)


def test_pairs_across_different_folders_are_pointed_out():
    matches = match_names(["512/1.jpg", "2.jpg"], ["1024/1.jpg", "1024/2.jpg"])
    assert matches.positions == (0, 1)
    assert matches.across_folders == (("512/1.jpg", "1024/1.jpg"),)


def test_a_path_that_leads_to_the_file_is_sure_where_the_names_alone_are_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wanted = ["1.jpg", "sub/1.jpg"]
    files = [Path("photos") / name for name in wanted]
    given = ["photos/1.jpg", str(tmp_path / "photos/sub/1.jpg")]
    assert partners(wanted, given, files) == given
    assert partners(["1.jpg"], ["photos/1.jpg"], files[:1]) == ["photos/1.jpg"]


@given(PATHS, PATHS)
def test_pairs_are_one_to_one_and_nobody_is_lost(wanted, given):
    matches = match_names(wanted, given)
    used = [p for p in matches.positions if p is not None]
    assert len(set(used)) == len(used)
    assert {given[p] for p in used}.isdisjoint(matches.surplus)
    assert len(used) + len(matches.surplus) == len(given)
    paired = {w for w, p in zip(wanted, matches.positions, strict=True) if p is not None}
    assert paired.isdisjoint(matches.ambiguous)


@given(PATHS)
def test_every_name_finds_itself(names):
    assert partners(names, names[::-1]) == names


@given(PATHS, PATHS, st.randoms())
def test_the_order_of_the_tables_does_not_matter(wanted, given, random):
    before = dict(zip(wanted, partners(wanted, given), strict=True))
    random.shuffle(wanted)
    random.shuffle(given)
    assert dict(zip(wanted, partners(wanted, given), strict=True)) == before
