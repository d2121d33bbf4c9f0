"""What is particular to single databases."""

import sys

import numpy as np
import pandas as pd
import pytest
from fake_trees import WRITERS, cells, photos
from scipy.io import savemat

from ssliqa.data.datasets import find_dataset
from ssliqa.errors import LabelTableError, MissingExtraError


@pytest.fixture
def make(tmp_path):
    def _make(name):
        if name in ("spaq", "bid", "cid2013", "csiq"):
            pytest.importorskip("openpyxl")
        WRITERS[name](tmp_path)
        return tmp_path

    return _make


class TestKoniq:
    def test_the_older_label_file_gives_counts_and_no_split(self, make):
        root = make("koniq10k")
        (root / "koniq10k_distributions_sets.csv").unlink()
        (root / "koniq10k_scores_and_distributions.csv").write_text(
            '"image_name","c1","c2","c3","c4","c5","c_total","MOS","SD","MOS_zscore"\n'
            '"1.jpg",0,0,25,75,0,100,3.75,0.4,77.4\n"2.jpg",0,0,0,0,105,105,5,0,99\n'
        )
        table = find_dataset("koniq10k").read(root)
        assert table.parts is None
        np.testing.assert_allclose(table.mos, [3.75, 5])
        np.testing.assert_allclose(table.distribution[0], [0, 0, 0.25, 0.75, 0])

    def test_of_two_label_files_the_one_with_the_split_is_read(self, make):
        root = make("koniq10k")
        (root / "koniq10k_scores_and_distributions.csv").write_text("damaged")
        assert find_dataset("koniq10k").read(root).parts is not None

    def test_the_half_size_folder_serves_where_it_is_alone(self, make):
        root = make("koniq10k")
        (root / "1024x768").rename(root / "512x384")
        assert find_dataset("koniq10k").read(root).paths[0].parent.name == "512x384"

    def test_of_two_image_folders_the_full_size_is_read(self, make):
        root = make("koniq10k")
        photos(root / "512x384", "1.jpg", "2.jpg", "3.jpg")
        assert find_dataset("koniq10k").read(root).paths[0].parent.name == "1024x768"

    def test_the_real_label_file_is_read_whole(self, shared, tmp_path):
        labels = shared / "data/label_files/koniq10k_distributions_sets.csv"
        (tmp_path / labels.name).write_bytes(labels.read_bytes())
        (tmp_path / "1024x768").mkdir()
        for name in np.genfromtxt(labels, delimiter=",", dtype=str, skip_header=1, usecols=0):
            (tmp_path / "1024x768" / name).touch()
        spec = find_dataset("koniq10k")
        table = spec.read(tmp_path)
        assert len(table) == spec.images
        counts = [table.parts.count(part) for part in ("train", "validation", "test")]
        assert counts == [7058, 1000, 2015]


class TestLiveChallenge:
    def test_images_that_trained_the_raters_are_left_out_wherever_they_stand(self, make):
        root = make("livec")
        names = ("3.bmp", "10.jpg", "t1.bmp", "T7.BMP")
        savemat(root / "Data/AllImages_release.mat", {"AllImages_release": cells(*names)[:, None]})
        for array in ("AllMOS_release", "AllStdDev_release"):
            savemat(root / f"Data/{array}.mat", {array: np.array([[1.0, 2, 3, 4]])})
        table = find_dataset("livec").read(root)
        assert table.names == ("3.bmp", "10.jpg")
        np.testing.assert_array_equal(table.mos, [1, 2])

    def test_arrays_of_different_lengths_are_refused(self, make):
        root = make("livec")
        savemat(root / "Data/AllMOS_release.mat", {"AllMOS_release": np.zeros((1, 3))})
        with pytest.raises(LabelTableError, match="9 names, 3 MOS and 9 standard deviations"):
            find_dataset("livec").read(root)

    @pytest.mark.parametrize("content", [b"", b"not MATLAB at all, but longer than its header" * 9])
    def test_a_damaged_file_is_named(self, make, content):
        root = make("livec")
        (root / "Data/AllMOS_release.mat").write_bytes(content)
        with pytest.raises(LabelTableError, match=r"AllMOS_release\.mat cannot be read"):
            find_dataset("livec").read(root)

    def test_an_array_of_another_name_lists_those_there_are(self, make):
        root = make("livec")
        savemat(root / "Data/AllMOS_release.mat", {"scores": np.zeros((1, 9))})
        with pytest.raises(LabelTableError, match=r"no array 'AllMOS_release'; it has scores"):
            find_dataset("livec").read(root)


class TestArtificialDistortions:
    def test_tid_can_do_without_standard_deviations(self, make):
        root = make("tid2013")
        (root / "mos_std.txt").unlink()
        assert find_dataset("tid2013").read(root).std is None

    def test_standard_deviations_of_tid_must_be_one_for_each_image(self, make):
        root = make("tid2013")
        (root / "mos_std.txt").write_text("0.5\n0.25\n")
        with pytest.raises(LabelTableError, match="2 numbers for 3 images"):
            find_dataset("tid2013").read(root)
        (root / "mos_std.txt").write_text("0.5\nhalf\n1\n")
        with pytest.raises(LabelTableError, match=r"not a list of numbers.*half"):
            find_dataset("tid2013").read(root)

    def test_two_files_that_differ_in_letter_case_alone_are_no_guess(self, make):
        root = make("tid2013")
        photos(root / "distorted_images", "i01_01_1.BMP")
        with pytest.raises(LabelTableError, match=r"several files \(1\): I01_01_1.bmp"):
            find_dataset("tid2013").read(root)

    def test_copies_of_references_in_live_are_no_distorted_images(self, make):
        table = find_dataset("live").read(make("live"))
        assert len(table) == 982 - 197
        assert table.names[:2] == ("jp2k/img2.bmp", "jp2k/img3.bmp")
        assert "jpeg/img1.bmp" in table.names  # entry 228: the first of the second folder
        assert len(set(table.groups)) == 29

    def test_live_arrays_of_another_length_are_refused(self, make):
        root = make("live")
        savemat(root / "refnames_all.mat", {"refnames_all": cells(*"abc")[None]})
        with pytest.raises(LabelTableError, match=r"arrays of 3, 982 entries; expected 982"):
            find_dataset("live").read(root)

    def test_an_unknown_distortion_of_csiq_is_named(self, make):
        root = make("csiq")
        header = ["image", "dst_type", "dst_lev", "dmos_std", "dmos"]
        frame = pd.DataFrame([[1600, "vignette", 1, 0.1, 0.5]], columns=header)
        frame.to_excel(root / "csiq.DMOS.xlsx", sheet_name="all_by_image", index=False)
        with pytest.raises(LabelTableError, match="unknown distortion 'vignette'"):
            find_dataset("csiq").read(root)


class TestSpreadsheets:
    def test_a_missing_package_gives_the_line_that_installs_it(self, make, monkeypatch):
        root = make("spaq")
        monkeypatch.setitem(sys.modules, "openpyxl", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'ssliqa\[datasets\]'"):
            find_dataset("spaq").read(root)

    def test_a_damaged_spreadsheet_is_named(self, make):
        root = make("bid")
        (root / "DatabaseGrades.xlsx").write_bytes(b"PK\x03\x04 damaged")
        with pytest.raises(LabelTableError, match=r"DatabaseGrades\.xlsx cannot be read"):
            find_dataset("bid").read(root)

    def test_a_sheet_of_another_name_lists_those_there_are(self, make):
        root = make("cid2013")
        file = root / "CID2013 data - version 12112014.xlsx"
        pd.DataFrame({"Source_ID": ["x"]}).to_excel(file, sheet_name="Data", index=False)
        with pytest.raises(LabelTableError, match="no sheet 'CID2013 MOS'; its sheets are Data"):
            find_dataset("cid2013").read(root)

    def test_a_header_or_column_that_is_not_there_is_named(self, make):
        root = make("bid")
        file = root / "DatabaseGrades.xlsx"
        pd.DataFrame({"Number": [1]}).to_excel(file, index=False)
        with pytest.raises(LabelTableError, match="no column 'Image Number' in its first 20 rows"):
            find_dataset("bid").read(root)
        pd.DataFrame({"image number": [1], "Grade": [2]}).to_excel(file, index=False)
        with pytest.raises(
            LabelTableError, match=r"no column 'Average.*its columns are image number, Grade"
        ):
            find_dataset("bid").read(root)

    def test_a_name_of_another_form_in_cid2013_is_named(self, make):
        root = make("cid2013")
        file = root / "CID2013 data - version 12112014.xlsx"
        frame = pd.DataFrame({"Source_ID": ["IS_IX_1"], "Realigned MOS": [3]})
        frame.to_excel(file, sheet_name="CID2013 MOS", index=False)
        with pytest.raises(LabelTableError, match=r"'IS_IX_1' in .* is not a name such as"):
            find_dataset("cid2013").read(root)


def test_flive_without_sizes_has_no_test_part_and_without_flags_no_parts(make):
    root = make("flive")
    file = root / "labels_image.csv"
    file.write_text("name_image,mos_image,is_valid\nvoc/a.jpg,70,1\nvoc/b.jpg,60,0\n")
    assert find_dataset("flive").read(root).parts == ("validation", "train")
    file.write_text("name_image,mos_image\nvoc/a.jpg,70\nvoc/b.jpg,60\n")
    assert find_dataset("flive").read(root).parts is None


def test_published_lists_of_one_part_alone_are_no_split(make):
    root = make("ssliqa_lists")
    (root / "test.txt").unlink()
    table = find_dataset("ssliqa_lists").read(root)
    assert table.names == ("my photo.png",)
    assert table.parts is None
