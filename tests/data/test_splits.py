"""Splits: properties that hold for every table, and files that come back as they were."""

from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ssliqa.data.splits import PARTS, Split, make_split, read_split, save_split
from ssliqa.errors import SplitError

seeds = st.integers(0, 2**32 - 1)
shares = st.sampled_from([(0.8, 0.0, 0.2), (0.7, 0.1, 0.2), (0.5, 0.5, 0.0), (1.0, 0.0, 0.0)])
# One entry an image: the number of its content group.
tables = st.lists(st.integers(0, 30), min_size=3, max_size=60).map(
    lambda groups: ([f"{row:02}.png" for row in range(len(groups))], [f"g{g}" for g in groups])
)
NAMES = tuple(f"{row:03}.png" for row in range(100))


def all_names(split):
    return [name for part in PARTS for name in getattr(split, part)]


class TestDrawing:
    @given(tables, shares, seeds)
    def test_every_image_is_in_exactly_one_part_and_no_group_in_two(self, table, fractions, seed):
        names, groups = table
        assume(len(set(groups)) >= sum(fraction > 0 for fraction in fractions))
        split = make_split(names, groups, fractions=fractions, seed=seed)
        assert sorted(all_names(split)) == sorted(names)
        group_of = dict(zip(names, groups, strict=True))
        seen = [
            {group_of[name] for name in part}
            for part in (split.labeled + split.unlabeled, split.validation, split.test)
        ]
        assert sum(map(len, seen)) == len(set(groups))

    @given(tables, shares, seeds)
    def test_shares_are_met_to_within_half_a_group(self, table, fractions, seed):
        names, groups = table
        assume(len(set(groups)) >= sum(fraction > 0 for fraction in fractions))
        split = make_split(names, groups, fractions=fractions, seed=seed)
        largest = max(Counter(groups).values())
        group_of = dict(zip(names, groups, strict=True))
        for share, part in zip(fractions[1:], (split.validation, split.test), strict=True):
            assert bool(part) == (share > 0)
            contents = {group_of[name] for name in part}
            missed = abs(len(part) - share * len(names))
            assert missed <= largest / 2 + 1e-9 or len(contents) == 1

    @given(tables, seeds, st.randoms())
    def test_the_order_of_the_table_does_not_matter(self, table, seed, random):
        rows = list(zip(*table, strict=True))
        assume(len(set(table[1])) >= 2)
        first = make_split(*table, seed=seed, label_budget=0.5)
        random.shuffle(rows)
        assert make_split(*zip(*rows, strict=True), seed=seed, label_budget=0.5) == first

    @given(seeds, st.integers(1, 80), st.integers(1, 80))
    def test_a_larger_budget_contains_the_smaller(self, seed, one, other):
        fewer, more = (
            make_split(NAMES, NAMES, seed=seed, label_budget=count)
            for count in sorted([one, other])
        )
        assert set(fewer.labeled) <= set(more.labeled)
        assert len(more.labeled) == max(one, other)
        assert fewer.test == more.test
        assert set(fewer.labeled + fewer.unlabeled) == set(more.labeled + more.unlabeled)

    def test_single_images_are_divided_exactly(self):
        split = make_split(NAMES, NAMES, fractions=(0.7, 0.1, 0.2), seed=0, label_budget=0.2)
        assert [len(getattr(split, part)) for part in PARTS] == [14, 56, 10, 20]

    def test_seeds_give_different_splits(self):
        tests = {make_split(NAMES, NAMES, seed=seed).test for seed in range(5)}
        assert len(tests) == 5

    def test_groups_of_every_size_reach_the_test_part(self):
        # 1 group of 10 and 10 of 1: a rule that dealt by size would never test the large one.
        groups = ["large"] * 10 + [f"small{n}" for n in range(10)]
        drawn = [
            make_split(NAMES[:20], groups, fractions=(0.5, 0, 0.5), seed=seed).test
            for seed in range(40)
        ]
        assert {NAMES[0] in test for test in drawn} == {True, False}

    def test_official_parts_are_kept(self):
        parts = ["train", "test", "validation", "train", "test"]
        split = make_split(NAMES[:5], ["g"] * 5, seed=3, parts=parts, label_budget=1)
        assert split.test == ("001.png", "004.png")
        assert split.validation == ("002.png",)
        assert sorted(split.labeled + split.unlabeled) == ["000.png", "003.png"]
        assert len(split.labeled) == 1

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"label_budget": 81}, "budget is 81, but the training part has 80"),
            ({"label_budget": 0}, "No training image would be labeled"),
            ({"label_budget": 0.001}, "No training image would be labeled"),
            ({"label_budget": 1.5}, "budget is 1.5"),
            ({"label_budget": -0.5}, "budget is -0.5"),
            ({"fractions": (0.0, 0.0, 1.0)}, "No training image would be labeled"),
            ({"parts": ["test"] * 100}, "No training image would be labeled"),
            ({"parts": ["trian"] * 100}, "Unknown parts: trian"),
            ({"fractions": (0.8, 0.0, 0.1)}, "not shares of a whole"),
            ({"fractions": (1.2, -0.2, 0.0)}, "not shares of a whole"),
            ({"seed": -1}, "seed is -1"),
        ],
    )
    def test_impossible_wishes_are_refused(self, options, message):
        with pytest.raises(SplitError, match=message):
            make_split(NAMES, NAMES, **{"seed": 0, **options})

    def test_too_few_groups_are_refused(self):
        with pytest.raises(SplitError, match="1 content groups cannot fill 2 parts"):
            make_split(NAMES, ["same"] * 100, seed=0)

    def test_a_name_given_twice_is_refused(self):
        with pytest.raises(SplitError, match="each image once"):
            make_split(["a", "a"], ["x", "y"], seed=0)


class TestFiles:
    SPLIT = Split(("a.png", "ü, 1.png"), (' "b".png',), (), ("c.png",))

    def test_a_saved_split_comes_back(self, tmp_path):
        path = tmp_path / "new" / "split.csv"
        save_split(self.SPLIT, path)
        save_split(self.SPLIT, path)
        assert path.read_text(encoding="utf-8").startswith("image,part\na.png,labeled\n")
        assert read_split(path, all_names(self.SPLIT)) == self.SPLIT
        assert [left.name for left in path.parent.iterdir()] == ["split.csv"]

    def test_a_failed_write_leaves_the_old_file(self, tmp_path):
        path = tmp_path / "split.csv"
        save_split(self.SPLIT, path)
        before = path.read_bytes()
        with pytest.raises(UnicodeEncodeError):
            save_split(Split(("\ud800",), (), (), ()), path)
        assert path.read_bytes() == before
        assert len(list(tmp_path.iterdir())) == 1

    def test_byte_order_mark_and_windows_lines_are_understood(self, tmp_path):
        path = tmp_path / "split.csv"
        path.write_bytes("\ufeffimage,part\r\na,labeled\r\n\r\nb,test\r\n".encode())
        assert read_split(path, ["b", "a"]) == Split(("a",), (), (), ("b",))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("image,part\na,labeled\nb,train\n", r"1 unknown parts: train.* labeled, unlabeled"),
            ("image,part\na,labeled\na,test\nb,test\n", r"more than once: a \(labeled, test\)"),
            ("image,part\na,labeled\nb,test\nc,test\n", "label table does not hold: c"),
            ("image,part\na,labeled\n", "label table missing: b"),
            ("image,part\na,unlabeled\nb,test\n", "no labeled images"),
            ("name,set\na,labeled\nb,test\n", "of another form"),
            ("image,part\na,labeled,x\nb,test\n", "of another form"),
            ('image,part\n"a,labeled\n', "cannot be read"),
            ("", "of another form"),
        ],
    )
    def test_a_split_that_does_not_fit_the_table_is_refused(self, tmp_path, text, message):
        path = tmp_path / "split.csv"
        path.write_text(text)
        with pytest.raises(SplitError, match=message):
            read_split(path, ["a", "b"])

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(SplitError, match="does not exist"):
            read_split(tmp_path / "no.csv", [])
