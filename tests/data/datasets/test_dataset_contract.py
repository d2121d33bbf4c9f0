"""What every database adapter promises, tested on a small copy in its authors' layout."""

import shutil

import numpy as np
import pytest
from fake_trees import WRITERS

from ssliqa.data.datasets import dataset_names, find_dataset
from ssliqa.errors import ConfigError, LabelTableError
from ssliqa.opinion import ACR, Scale, distribution_mean

NEEDS_SPREADSHEETS = {"spaq", "bid", "cid2013", "csiq"}

SCALES = {
    "koniq10k": ACR,
    "livec": Scale(0, 100),
    "nnid": Scale(0, 1),
    "kadid10k": ACR,
    "tid2013": Scale(0, 9),
    "spaq": Scale(0, 100),
    "bid": Scale(0, 5),
    "cid2013": Scale(0, 100),
    "flive": Scale(0, 100),
    "csiq": Scale(0, 1, higher_is_better=False),
    "live": Scale(-5, 115, higher_is_better=False),
    "biq2021": Scale(0, 1),
    "ssliqa_lists": ACR,
}


@pytest.fixture(params=dataset_names())
def name(request):
    if request.param in NEEDS_SPREADSHEETS:
        pytest.importorskip("openpyxl")
    return request.param


@pytest.fixture
def copy(name, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    return root, WRITERS[name](root)


def test_every_database_has_a_copy_to_test_it_on():
    assert sorted(WRITERS) == sorted(SCALES) == dataset_names()


def test_the_facts_are_complete(name):
    spec = find_dataset(name)
    assert spec.name == name
    for fact in ("title", "citation", "licence", "url", "label", "groups", "parts"):
        text = getattr(spec, fact)
        assert text, fact
        assert text == text.strip(), fact
    assert spec.url.startswith("http") or spec.url == "see the paper"
    assert spec.layout
    assert spec.images is None or spec.images > 400
    assert spec.scale == SCALES[name]


def test_a_copy_is_read_with_its_names_scores_groups_and_parts(name, copy):
    root, expected = copy
    table = find_dataset(name).read(root)
    assert list(table.names) == expected.names
    np.testing.assert_allclose(table.mos, expected.mos)
    assert list(table.groups) == (expected.groups or expected.names)
    assert table.parts == (tuple(expected.parts) if expected.parts else None)
    if expected.std is None:
        assert table.std is None
    else:
        np.testing.assert_allclose(table.std, expected.std, atol=1e-12)
    assert table.scale == SCALES[name]
    assert table.problems == ()
    assert all(path.is_file() and path.is_relative_to(root) for path in table.paths)
    place = dict(zip(table.names, table.paths, strict=True))
    for image, file in expected.files.items():
        assert place[image] == root / file


def test_the_best_score_is_the_best_distribution(name, copy):
    root, _ = copy
    table = find_dataset(name).read(root)
    levels = distribution_mean(table.distribution)
    np.testing.assert_allclose(table.scale.to_levels(table.mos), levels, atol=1e-8)
    best = np.argmax(table.mos) if table.scale.higher_is_better else np.argmin(table.mos)
    assert np.argmax(levels) == best


def test_a_missing_root_says_where_to_get_the_database(name, tmp_path):
    spec = find_dataset(name)
    with pytest.raises(LabelTableError, match=r"nowhere does not exist.*--root") as caught:
        spec.read(tmp_path / "nowhere")
    assert spec.url in str(caught.value)


def test_a_wrong_root_says_what_was_looked_for_and_what_is_there(name, tmp_path):
    spec = find_dataset(name)
    (tmp_path / "holiday").mkdir()
    (tmp_path / "notes.md").touch()
    with pytest.raises(LabelTableError, match="looked for") as caught:
        spec.read(tmp_path)
    message = str(caught.value)
    assert spec.title in message
    assert "holiday/, notes.md" in message
    assert spec.url in message
    for file in spec.layout:
        assert file in message


def test_a_root_one_folder_too_high_is_pointed_out(name, copy):
    root, _ = copy
    if name == "ssliqa_lists":
        pytest.skip("its lists have no fixed names")
    with pytest.raises(LabelTableError) as caught:
        find_dataset(name).read(root.parent)
    assert f"Perhaps --root {root} is meant." in str(caught.value)


def test_a_missing_photograph_is_named_and_can_be_set_aside(name, copy):
    root, expected = copy
    spec = find_dataset(name)
    spec.read(root).paths[-1].unlink()
    with pytest.raises(LabelTableError, match="No file below") as caught:
        spec.read(root)
    assert expected.names[-1] in str(caught.value)
    assert f"Complete the copy of {spec.title}" in caught.value.remedy
    table = spec.read(root, on_problem="warn")
    assert list(table.names) == expected.names[:-1]
    assert len(table.problems) == 1


def test_a_missing_image_folder_is_named(name, copy):
    root, _ = copy
    if name in ("cid2013",):
        pytest.skip("its photographs lie in folders of the root")
    folder = next(
        path
        for path in sorted(root.iterdir())
        if path.is_dir() and path.name not in ("Data", "Annotations")
    )
    shutil.rmtree(folder)
    with pytest.raises(LabelTableError, match=rf"(?i)looked for .*{folder.name}/"):
        find_dataset(name).read(root)


def test_an_unknown_name_lists_the_databases():
    with pytest.raises(ConfigError, match=r"no database called 'ava'.*koniq10k"):
        find_dataset("ava")
    with pytest.raises(ConfigError):
        find_dataset("contract")
