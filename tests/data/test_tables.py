"""Label tables: every form in use, and every way in which one can be wrong."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ssliqa.data.tables import read_label_table
from ssliqa.errors import LabelTableError
from ssliqa.opinion import (
    ACR,
    Scale,
    distribution_mean,
    mos_std_to_distribution,
    mos_to_distribution,
)

SHARED = (Path(__file__).parents[2] / ".." / "shared/data").resolve()


@pytest.fixture
def write(tmp_path):
    """Write a label file and one tiny photograph for each name."""

    def _write(file, content, photos=()):
        for name in photos:
            path = tmp_path / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (2, 2)).save(path)
        (tmp_path / "photos").mkdir(exist_ok=True)
        path = tmp_path / file
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path, tmp_path / "photos"

    return _write


AB = ("a.png", "b.png")


class TestForms:
    def test_mos_alone_gives_the_distribution_of_the_sos_hypothesis(self, write):
        table = read_label_table(*write("r.csv", "image,mos\na.png,2.5\nb.png,4\n", AB))
        assert table.names == AB
        assert [path.name for path in table.paths] == list(AB)
        assert all(path.is_file() for path in table.paths)
        assert table.scale == ACR
        assert table.std is None
        assert table.parts is None
        assert table.groups == AB
        assert table.problems == ()
        np.testing.assert_array_equal(table.mos, [2.5, 4])
        np.testing.assert_array_equal(table.distribution, mos_to_distribution([2.5, 4]))

    @pytest.mark.parametrize(
        ("text", "source"),
        [
            ("image,mos\na.png,2.5\nb.png,4\n", "MOS"),
            ("image,mos,std\na.png,2.5,0.5\nb.png,4,\n", "MOS and SD"),
            ("image,c1,c2,c3,c4,c5\na.png,0,1,2,3,4\nb.png,1,1,1,1,1\n", "votes"),
        ],
    )
    def test_it_is_said_what_the_distributions_are_made_from(self, write, text, source):
        assert read_label_table(*write("r.csv", text, AB)).distribution_source == source

    def test_sd_split_and_group_are_recognized_in_any_letter_case(self, write):
        text = "Filename,Score,StdDev,Set,Ref_Img\na.png,20,25,training,x\nb.png,80,0,Test,y\n"
        table = read_label_table(*write("r.csv", text, AB), scale=Scale(0, 100))
        assert table.parts == ("train", "test")
        assert table.groups == ("x", "y")
        np.testing.assert_array_equal(table.std, [25, 0])
        np.testing.assert_array_equal(
            table.distribution, mos_std_to_distribution([1.8, 4.2], [1, 0])
        )

    def test_lower_is_better_turns_the_distribution_round(self, write):
        files = write("r.csv", "image,dmos\na.png,10\nb.png,90\n", AB)
        table = read_label_table(*files, scale=Scale(0, 100, higher_is_better=False))
        np.testing.assert_array_equal(table.mos, [10, 90])
        np.testing.assert_allclose(distribution_mean(table.distribution), [4.6, 1.4])

    def test_an_image_without_sd_among_others_counts_as_mos_alone(self, write):
        table = read_label_table(*write("r.csv", "image,mos,sd\na.png,2,1\nb.png,4,\n", AB))
        np.testing.assert_array_equal(table.std, [1, np.nan])
        np.testing.assert_array_equal(table.distribution[1:], mos_to_distribution([4]))

    def test_votes_win_over_the_mos_column(self, write):
        text = "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD\na.png,0,0,1,3,0,4,77.2,0.5\n"
        table = read_label_table(*write("r.csv", text, ["a.png"]))
        assert table.scale == ACR
        np.testing.assert_allclose(table.distribution, [[0, 0, 0.25, 0.75, 0]])
        np.testing.assert_allclose(table.mos, [3.75])
        np.testing.assert_allclose(table.std, [np.sqrt(0.25 * 0.75)])

    def test_a_declared_score_wins_over_votes_and_leaves_their_sd(self, write):
        text = "image,c1,c2,c3,c4,c5,MOS_zscore,SD\na.png,0,0,1,3,0,75,0.5\n"
        files = write("r.csv", text, ["a.png"])
        columns = {"mos": "MOS_zscore"}
        table = read_label_table(*files, columns=columns, scale=Scale(0, 100))
        assert table.std is None
        np.testing.assert_array_equal(table.distribution, mos_to_distribution([4.0]))

    def test_votes_of_a_reversed_scale_are_turned_round(self, write):
        files = write("r.csv", "image,p1,p2,p3,p4,p5\na.png,3,1,0,0,0\n", ["a.png"])
        table = read_label_table(*files, scale=Scale(1, 5, higher_is_better=False))
        np.testing.assert_allclose(table.distribution, [[0, 0, 0, 0.25, 0.75]])
        np.testing.assert_allclose(table.mos, [1.25])

    def test_ten_shares_in_json_fold_onto_five_levels(self, write):
        rows = [
            {"image_id": 953619, "label": [0, 1, 5, 17, 38, 36, 15, 6, 5, 1]},
            {"image_id": 2, "label": [1] + [0] * 9},
        ]
        files = write("r.json", json.dumps(rows), ["953619.png", "2.png"])
        table = read_label_table(*files)
        mean = np.dot(rows[0]["label"], np.arange(1, 11)) / sum(rows[0]["label"])
        assert table.names == ("953619", "2")
        assert table.scale == Scale(1, 10)
        np.testing.assert_allclose(table.mos, [mean, 1])
        np.testing.assert_allclose(
            distribution_mean(table.distribution), Scale(1, 10).to_levels(table.mos)
        )

    def test_json_objects_may_hold_scores(self, write):
        rows = [{"name": "a.png", "mos": 3, "std": None}, {"name": "b.png", "mos": 4, "std": 0.5}]
        table = read_label_table(*write("r.json", json.dumps(rows), AB))
        np.testing.assert_array_equal(table.mos, [3, 4])
        np.testing.assert_array_equal(table.std, [np.nan, 0.5])

    def test_parquet_holds_scores_or_lists_of_shares(self, write, tmp_path):
        pytest.importorskip("pyarrow")
        _, images = write("unused", "", AB)
        scores, shares = tmp_path / "scores.parquet", tmp_path / "shares.parquet"
        pd.DataFrame({"image": AB, "mos": [2, 3]}).to_parquet(scores)
        pd.DataFrame({"image": AB, "label": [[1, 0, 0, 0, 1], [0, 0, 1, 0, 0]]}).to_parquet(shares)
        np.testing.assert_array_equal(read_label_table(scores, images).mos, [2, 3])
        expected = [[0.5, 0, 0, 0, 0.5], [0, 0, 1, 0, 0]]
        np.testing.assert_allclose(read_label_table(shares, images).distribution, expected)

    def test_whole_ratings_of_several_raters_become_votes(self, write):
        text = "image,rater,score\na.png,1,5\nb.png,1,2\na.png,2,4\na.png,3,4\nb.png,2,2\n"
        table = read_label_table(*write("r.csv", text, AB))
        assert table.names == AB
        np.testing.assert_allclose(
            table.distribution, [[0, 0, 0, 2 / 3, 1 / 3], [0, 1, 0, 0, 0]], atol=1e-12
        )
        np.testing.assert_allclose(table.mos, [13 / 3, 2])

    def test_whole_ratings_where_lower_is_better_become_votes_turned_round(self, write):
        text = "image,rater,score\na.png,1,1\na.png,2,2\n"
        files = write("r.csv", text, ["a.png"])
        table = read_label_table(*files, scale=Scale(1, 5, higher_is_better=False))
        np.testing.assert_allclose(table.distribution, [[0, 0, 0, 0.5, 0.5]])
        np.testing.assert_allclose(table.mos, [1.5])

    def test_other_ratings_of_several_raters_become_mos_and_sd(self, write):
        text = "image,worker_id,score\na.png,1,50\na.png,2,70\nb.png,2,31\n"
        table = read_label_table(*write("r.csv", text, AB), scale=Scale(0, 100))
        np.testing.assert_allclose(table.mos, [60, 31])
        np.testing.assert_allclose(table.std, [np.sqrt(200), np.nan])
        np.testing.assert_array_equal(table.distribution[1:], mos_to_distribution([2.24]))

    def test_published_lists_hold_five_shares_and_a_name_with_spaces(self, write):
        text = "0 0 0.25 0.75 0.0 my photo 1.png\r\n1 0 0 0 0 b.png\r\n"
        table = read_label_table(*write("train.txt", text, ["my photo 1.png", "b.png"]))
        assert table.names == ("my photo 1.png", "b.png")
        np.testing.assert_allclose(table.distribution, [[0, 0, 0.25, 0.75, 0], [1, 0, 0, 0, 0]])

    def test_lines_of_score_and_name_are_read(self, write):
        text = "0.5 a.png\n\n0.75 2 b.png\n"
        files = write("mos_with_names.txt", text, ["a.png", "2 b.png"])
        table = read_label_table(*files, scale=Scale(0, 1))
        assert table.names == ("a.png", "2 b.png")
        np.testing.assert_array_equal(table.mos, [0.5, 0.75])

    def test_lines_of_another_form_are_named(self, write):
        files = write("list.txt", "1 0 0 0 0 a.png\n0 1 0 0 b.png\n")
        with pytest.raises(LabelTableError, match=r"like its first.*: lines 2 "):
            read_label_table(*files)

    def test_byte_order_mark_windows_lines_quotes_and_spaces_are_understood(self, write):
        text = '\ufeff"Image name";MOS\r\n"a; b.png";2\r\n c d.png ; 3.5\r\n\r\n'
        table = read_label_table(*write("r.csv", text, ["a; b.png", "c d.png"]))
        assert table.names == ("a; b.png", "c d.png")
        np.testing.assert_array_equal(table.mos, [2, 3.5])

    def test_tabs_separate_columns(self, write):
        table = read_label_table(*write("r.tsv", "name\tmos\na, b.png\t2\n", ["a, b.png"]))
        assert table.names == ("a, b.png",)

    def test_a_text_file_with_a_header_is_a_table(self, write):
        table = read_label_table(*write("r.txt", "name,mos\na.png,2\n", ["a.png"]))
        np.testing.assert_array_equal(table.mos, [2])


class TestNames:
    def test_sub_folders_and_backslashes_are_followed(self, write):
        text = "image,mos\nx/a.png,2\nx\\b.png,3\n"
        table = read_label_table(*write("r.csv", text, ["x/a.png", "x/b.png"]))
        assert [path.parent.name for path in table.paths] == ["x", "x"]

    def test_a_name_without_ending_stands_for_the_one_file_of_that_stem(self, write):
        photos = ["007.jpg", "x/v1.2.png", "x/007.png"]
        table = read_label_table(*write("r.csv", "image,mos\n007,2\nx/v1.2,3\n", photos))
        assert [path.name for path in table.paths] == ["007.jpg", "v1.2.png"]

    def test_without_image_folder_names_are_relative_to_the_table(self, write):
        labels, _ = write("r.csv", "image,mos\nphotos/a.png,2\n", AB)
        assert len(read_label_table(labels, None)) == 1

    def test_an_ambiguous_stem_is_refused(self, write):
        files = write("r.csv", "image,mos\na,2\n", ["a.png", "a.jpg"])
        with pytest.raises(LabelTableError, match=r"several files \(1\): a \(a.jpg, a.png\)"):
            read_label_table(*files)


def subset_of(write):
    text = "image,mos,std,split,group\na.png,2,1,train,x\nb.png,3,1,val,y\nc.png,4,1,test,z\n"
    return read_label_table(*write("r.csv", text, [*AB, "c.png"]))


def test_a_subset_keeps_rows_together(write):
    table = subset_of(write).subset(np.array([2, 0]))
    assert table.names == ("c.png", "a.png")
    assert [path.name for path in table.paths] == ["c.png", "a.png"]
    assert table.parts == ("test", "train")
    assert table.groups == ("z", "x")
    np.testing.assert_array_equal(table.mos, [4, 2])
    assert table.distribution.shape == (2, 5)
    assert len(table) == len(table.std) == 2


# content, photographs that exist, what the error names, what "warn" keeps
BAD_ROWS = {
    "a score that is no number": (
        "image,mos\na.png,2\nb.png,n/a\nc.png,\n",
        r"no number \(2\): b.png, c.png",
        ["a.png"],
    ),
    "a missing file": (
        "image,mos\na.png,2\nd.png,3\nA.PNG,3\n",
        r"No file below .*\(2\): d.png, A.PNG",
        ["a.png"],
    ),
    "an identical duplicate": (
        "image,mos\na.png,2\nb.png,3\na.png,2\n",
        r"same label \(1\): a.png",
        ["a.png", "b.png"],
    ),
    "a contradicting duplicate": (
        "image,mos\na.png,2\nb.png,3\na.png,4\n",
        r"different labels \(1\): a.png",
        ["b.png"],
    ),
    "one image in two parts": (
        "image,mos,split\na.png,2,train\nb.png,3,train\na.png,2,test\n",
        r"several parts \(1\): a.png \(train, test\)",
        ["b.png"],
    ),
    "two names of one file": (
        "image,mos\na.png,2\nb.png,3\na,2\n./b.png,4\n",
        r"same label \(1\): a.png = a; .*different labels \(1\): b.png = ./b.png",
        ["a.png"],
    ),
    "a row without name": (
        "image,mos\na.png,2\n,3\n",
        r"No image name \(1\): row 2",
        ["a.png"],
    ),
    "an unknown part": (
        "image,mos,split\na.png,2,train\nb.png,3,\nc.png,3,fold1\n",
        r"Part that is not .*\(2\): b.png \(''\), c.png \('fold1'\)",
        ["a.png"],
    ),
    "an SD below zero": (
        "image,mos,std\na.png,2,1\nb.png,3,-1\n",
        r"SD below 0 .*\(1\): b.png",
        ["a.png"],
    ),
    "votes that cannot be used": (
        "image,c1,c2,c3,c4,c5\na.png,1,0,0,0,0\nb.png,0,0,0,0,0\nc.png,1,,0,0,0\n",
        r"Votes missing.*\(2\): b.png, c.png",
        ["a.png"],
    ),
    "a rater who rates twice": (
        "image,rater,score\na.png,1,2\na.png,2,4\na.png,1,5\nb.png,1,3\n",
        r"Rated twice by the same rater \(1\): a.png",
        ["a.png", "b.png"],
    ),
    "an image of single ratings in two parts": (
        "image,rater,score,set\na.png,1,2,train\na.png,2,4,test\nb.png,1,3,train\n",
        r"several parts \(1\): a.png",
        ["b.png"],
    ),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_rows_are_refused_with_the_first_offenders(write, case):
    text, message, _ = BAD_ROWS[case]
    with pytest.raises(LabelTableError, match=message) as caught:
        read_label_table(*write("r.csv", text, [*AB, "c.png"]))
    assert "--on-problem warn" in caught.value.remedy


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_rows_are_set_aside_on_demand(write, case):
    text, message, kept = BAD_ROWS[case]
    table = read_label_table(*write("r.csv", text, [*AB, "c.png"]), on_problem="warn")
    assert list(table.names) == kept
    assert re.search(message, "; ".join(table.problems))
    np.testing.assert_allclose(table.distribution.sum(axis=1), 1)


def test_all_kinds_of_problems_are_told_at_once(write):
    text = "image,mos,split\na.png,2,train\nb.png,x,test\nd.png,3,test\n"
    with pytest.raises(LabelTableError, match=r"no number \(1\): b.png; No file .*: d.png"):
        read_label_table(*write("r.csv", text, AB))


def test_a_link_to_a_named_file_is_the_same_file(write):
    labels, images = write("r.csv", "image,mos\na.png,2\nb.png,3\n", ["a.png"])
    (images / "b.png").symlink_to(images / "a.png")
    with pytest.raises(LabelTableError, match=r"different labels \(1\): a.png = b.png"):
        read_label_table(labels, images)


def test_a_table_that_keeps_no_row_is_an_error_even_with_warnings(write):
    with pytest.raises(LabelTableError, match=r"No row .* can be used.*: a.png, b.png") as caught:
        read_label_table(*write("r.csv", "image,mos\na.png,2\nb.png,3\n"), on_problem="warn")
    assert "--images" in caught.value.remedy


class TestScale:
    @pytest.mark.parametrize(
        ("scores", "proposal"),
        [
            ("0.2 0.9", "--scale 0-1."),
            ("0 4.5", "--scale 0-5."),
            ("2 8.5", "--scale 0-9."),
            ("3 82.9", "--scale 0-100."),
            ("-3 820", "--scale 0-100."),
        ],
    )
    @pytest.mark.parametrize("on_problem", ["error", "warn"])
    def test_undeclared_scores_outside_one_to_five_are_never_guessed(
        self, write, scores, proposal, on_problem
    ):
        first, second = scores.split()
        files = write("r.csv", f"image,mos\na.png,{first}\nb.png,{second}\n", AB)
        with pytest.raises(LabelTableError, match="scale assumed when none is declared") as caught:
            read_label_table(*files, on_problem=on_problem)
        assert proposal in caught.value.remedy

    def test_a_slip_among_many_ratings_proposes_no_other_scale(self, write):
        names = [f"{k}.png" for k in range(12)]
        scores = [7.0, *np.linspace(1, 5, 11)]
        rows = "".join(f"{name},{score}\n" for name, score in zip(names, scores, strict=True))
        with pytest.raises(LabelTableError, match="1 of 12 scores are outside 1-5") as caught:
            read_label_table(*write("r.csv", f"image,mos\n{rows}", names))
        assert caught.value.remedy.startswith("Correct them")

    def test_scores_outside_a_declared_scale_are_bad_rows(self, write):
        files = write("r.csv", "image,mos\na.png,20\nb.png,101.5\n", AB)
        with pytest.raises(LabelTableError, match=r"scale 0-100 \(1\): b.png \(101.5\)"):
            read_label_table(*files, scale=Scale(0, 100))
        table = read_label_table(*files, scale=Scale(0, 100), on_problem="warn")
        assert table.names == ("a.png",)

    @pytest.mark.parametrize("columns", [None, {"mos": "my_dmos"}])
    def test_the_direction_of_a_dmos_must_be_declared(self, write, columns):
        name = "DMOS" if columns is None else "my_dmos"
        files = write("r.csv", f"image,{name}\na.png,2\nb.png,3\n", AB)
        with pytest.raises(LabelTableError, match="whether higher is better") as caught:
            read_label_table(*files, columns=columns)
        assert "--scale" in caught.value.remedy
        assert read_label_table(*files, columns=columns, scale=ACR).scale == ACR

    def test_votes_refuse_a_scale_that_is_not_theirs(self, write):
        files = write("r.csv", "image,c1,c2,c3,c4,c5,mos\na.png,1,0,0,0,0,7\n", AB)
        with pytest.raises(LabelTableError, match=r"levels 1\.\.5, but the declared") as caught:
            read_label_table(*files, scale=Scale(0, 100))
        assert "--columns.mos" in caught.value.remedy


BAD_TABLES = {
    "no name column": ("r.csv", "a,mos\nx,1\n", None, r"columns are a, mos.*--columns\.image"),
    "no score column": ("r.csv", "image,b\nx,1\n", None, r"columns are image, b.*--columns\.mos"),
    "two score columns": ("r.csv", "image,mos,score\nx,1,1\n", None, r"mos: mos, score"),
    "two name columns": ("r.csv", "image,name,mos\nx,y,1\n", None, r"image: image, name"),
    "two kinds of votes": ("r.csv", "image,c1,c2,c3,p1,p2,p3\nx,1,1,1,1,1,1\n", None, "votes"),
    "a column twice": ("r.csv", "image,mos,mos\nx,1,1\n", None, "twice in the header: mos"),
    "a declared column that is missing": (
        "r.csv",
        "image,mos\nx,1\n",
        {"std": "spread"},
        r"no column 'spread'.*--columns\.std",
    ),
    "an unknown role": ("r.csv", "image,mos\nx,1\n", {"weight": "w"}, "no role weight"),
    "an unquoted separator": ("r.csv", "image,mos\na,b.png,1\n", None, "not lines 2.*quotes"),
    "header only": ("r.csv", "image,mos\n", None, "holds no rows"),
    "empty file": ("r.csv", "", None, "holds no rows"),
    "empty list": ("r.txt", "", None, "holds no rows"),
    "unknown form": ("r.xlsx", "", None, r"unknown form.*\.csv"),
    "not UTF-8": ("r.csv", b"image,mos\n\xe9.png,1\n", None, "not UTF-8"),
    "broken quotes": ("r.csv", 'image,mos\n"a"b,1\n', None, "cannot be read"),
    "broken JSON": ("r.json", "[{", None, "cannot be read"),
    "JSON of another shape": ("r.json", '{"a.png": 3}', None, "not a list of JSON objects"),
    "lists of several lengths": (
        "r.json",
        '[{"image": "a", "label": [1, 0, 1]}, {"image": "b", "label": [1, 0]}]',
        None,
        "3 shares like the first: b",
    ),
    "lists that hold no levels": (
        "r.json",
        '[{"image": "a", "label": [3.2]}]',
        None,
        "lists of 1 shares",
    ),
    "broken Parquet": ("r.parquet", "PAR1", None, "cannot be read"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_tables_that_cannot_be_read_say_why_and_what_to_do(write, case):
    file, content, columns, message = BAD_TABLES[case]
    with pytest.raises(LabelTableError, match=message):
        read_label_table(*write(file, content), columns=columns)


def test_a_role_can_be_declared_absent(write):
    files = write("r.csv", "image,mos,set\na.png,2,IS1\nb.png,3,IS2\n", AB)
    assert read_label_table(*files, columns={"split": ""}).parts is None
    table = read_label_table(*files, columns={"split": "", "group": "set"})
    assert table.groups == ("IS1", "IS2")


def test_missing_table_and_missing_folder_name_their_flags(write, tmp_path):
    labels, _ = write("r.csv", "image,mos\na.png,2\n")
    with pytest.raises(LabelTableError, match=r"does not exist.*--labels"):
        read_label_table(tmp_path / "no.csv", tmp_path)
    with pytest.raises(LabelTableError, match=r"is a folder.*--labels"):
        read_label_table(tmp_path, tmp_path)
    with pytest.raises(LabelTableError, match=r"does not exist.*--images"):
        read_label_table(labels, tmp_path / "no")


class TestRealTables:
    def test_live_challenge_is_read_whole(self):
        folder = SHARED / "livec"
        if not folder.exists():
            pytest.skip("needs ../shared/data/livec")
        table = read_label_table(folder / "ratings.csv", folder / "images", scale=Scale(0, 100))
        assert len(table) == 930
        assert table.names[0] == "10.jpg"
        np.testing.assert_allclose(
            table.scale.from_levels(distribution_mean(table.distribution)), table.mos
        )

    def test_koniq_is_read_whole(self, tmp_path):
        labels = SHARED / "label_files/koniq10k_distributions_sets.csv"
        if not labels.exists():
            pytest.skip("needs ../shared/data/label_files")
        for name in np.genfromtxt(labels, delimiter=",", dtype=str, skip_header=1, usecols=0):
            (tmp_path / name).touch()
        table = read_label_table(labels, tmp_path)
        assert [table.parts.count(part) for part in ("train", "validation", "test")] == [
            7058,
            1000,
            2015,
        ]
        np.testing.assert_allclose(table.distribution[0, 2], 0.238095238095)

    def test_spaq_is_read_as_its_authors_wrote_it(self, tmp_path):
        labels = SHARED / "label_files/spaq_MOS_and_Image_attribute_scores.head.csv"
        if not labels.exists():
            pytest.skip("needs ../shared/data/label_files")
        for number in range(1, 21):
            (tmp_path / f"{number:05}.jpg").touch()
        table = read_label_table(labels, tmp_path, scale=Scale(0, 100))
        np.testing.assert_array_equal(table.mos[:2], [48.86, 62.5])


@pytest.mark.parametrize(
    ("highest", "count", "told"), [(5, 12, True), (5, 9, False), (11, 12, False), (1, 12, True)]
)
def test_scores_that_fill_little_of_their_scale_are_remarked_on(highest, count, told, write):
    names = [f"{k}.png" for k in range(count)]
    scores = np.linspace(1, highest, count)
    rows = [f"{name},{score}" for name, score in zip(names, scores, strict=True)]
    path, photos = write("r.csv", "\n".join(["image,mos", *rows]), names)
    remarks = read_label_table(path, photos, scale="0-100").remarks
    assert [f"1 to {highest}, a small part of the scale 0-100" in line for line in remarks] == (
        [True] if told else []
    )
