"""Where rated photographs come from: exactly one of a label table and a database."""

import pytest
from PIL import Image

from ssliqa.data import RatedSource, find_dataset, read_rated
from ssliqa.errors import ConfigError


@pytest.fixture
def kadid(tmp_path):
    (tmp_path / "images").mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "images/I01_01_01.png")
    (tmp_path / "dmos.csv").write_text("dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,4,0.5\n")
    return tmp_path


def test_a_database_is_read_by_its_adapter(kadid):
    table = read_rated(RatedSource(dataset="kadid10k", root=str(kadid)))
    assert table.groups == find_dataset("kadid10k").read(kadid).groups == ("I01.png",)


def test_the_same_copy_can_be_read_as_a_table(kadid):
    source = RatedSource(labels=str(kadid / "dmos.csv"), images=str(kadid / "images"), scale="1-5")
    assert source.read().groups == ("I01.png",)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "No ratings are named"),
        ({"labels": "r.csv", "dataset": "livec", "root": "x"}, "Both --labels r.csv and --dataset"),
        ({"dataset": "livec"}, "lacks the folder of its copy.*--root"),
        ({"dataset": "livec", "root": "x", "images": "y"}, "--images belongs to --labels"),
        ({"dataset": "livec", "root": "x", "scale": "0-1"}, "--scale belongs to --labels"),
        ({"dataset": "livec", "root": "x", "columns": {"mos": "Q"}}, "--columns belongs"),
        ({"labels": "r.csv", "root": "x"}, "--root belongs to --dataset"),
        ({"labels": "r.csv", "subset": "512"}, "--subset belongs to --dataset"),
    ],
)
def test_anything_but_one_whole_source_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        RatedSource(**settings)


def test_a_subset_needs_no_more_than_its_own_files(tmp_path):
    (tmp_path / "sub1024").mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "sub1024/a.png")
    (tmp_path / "mos1024_with_names.txt").write_text("0.5 a.png\n")
    source = RatedSource(dataset="nnid", root=str(tmp_path), subset="1024")
    assert source.read().names == ("sub1024/a.png",)
    with pytest.raises(ConfigError, match="no subset '512x384'"):
        RatedSource(dataset="nnid", root=str(tmp_path), subset="512x384").read()


def test_an_unknown_database_is_refused_on_reading(tmp_path):
    with pytest.raises(ConfigError, match="no database called 'ava'"):
        RatedSource(dataset="ava", root=str(tmp_path)).read()
