"""Trainings are recognized by what their files hold, wherever these lie."""

import shutil

import pytest
from tiny_set import make_tiny_set

from ssliqa.benchmark.contents import without_places
from ssliqa.cli.train import configuration


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return make_tiny_set(tmp_path_factory.mktemp("here"))


@pytest.fixture
def there(here, tmp_path):
    """A copy of the set in another folder."""
    shutil.copytree(here.folder.parent, tmp_path / "there")
    return type(here)(
        **vars(here)
        | {
            "folder": tmp_path / "there" / here.folder.name,
            "labels": tmp_path / "there" / here.labels.name,
            "further": tmp_path / "there" / here.further.name,
        }
    )


def told(of, *more):
    options = ("--unlabeled", of.further, *more)
    return without_places(configuration(of.arguments("run", *options)))


def test_the_same_files_in_another_folder_are_the_same_training(here, there):
    one, other = told(here), told(there)
    assert {name for name in one if one[name] != other[name]} <= {"cache"}


@pytest.mark.parametrize("change", ["rating", "photograph", "unlabeled"])
def test_other_content_is_another_training(here, there, change):
    match change:
        case "rating":
            there.labels.write_text(there.labels.read_text().replace("90.0", "89.0"))
        case "photograph":
            there.folder.joinpath(there.names[3]).write_bytes(b"another photograph")
        case "unlabeled":
            next(there.further.iterdir()).unlink()
    assert told(here) != told(there)


def test_a_network_that_the_method_has_not_tells_nothing_apart(here):
    options = ("--method", "supervised")
    assert told(here, *options) == told(here, *options, "--teacher", "resnet18")
    assert told(here) != told(here, "--teacher", "resnet18")


def test_settings_tell_trainings_apart(here):
    assert told(here) != told(here, "--steps", "7")
    assert told(here) != told(here, "--student.frozen_stages", "1")


def test_weights_and_split_files_are_told_by_their_content(here, tmp_path):
    for folder, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / folder).mkdir()
        for name in ("test_resnet", "test_efficientnet"):
            (tmp_path / folder / f"{name}.safetensors").write_bytes(content)
        (tmp_path / folder / "of another network.safetensors").write_text(folder)
        (tmp_path / folder / "split.csv").write_bytes(b"image,part" + content)
    for option, name in (("--weights", ""), ("--split", "split.csv")):
        a, b, c = (told(here, option, tmp_path / folder / name) for folder in "abc")
        assert a == b
        assert a != c


def test_what_cannot_be_read_is_left_to_the_training(here, tmp_path):
    values = told(here, "--labels", tmp_path / "none.csv", "--unlabeled", tmp_path / "nowhere")
    assert "none.csv" in values["labels"]
    assert values["unlabeled"] == [str(tmp_path / "nowhere")]


@pytest.mark.parametrize(
    "later",
    [
        *(("--screen", "0.1"), ("--unlabeled-crops", "2"), ("--fit-head", "true")),
        ("--student.levels", "4"),
    ],
)
def test_settings_that_came_later_count_only_where_they_change_something(here, later):
    assert not {"screen", "unlabeled_crops", "fit_head"} & told(here).keys()
    assert "levels" not in told(here)["student"]
    assert told(here) != told(here, *later)


def test_one_level_is_what_a_trained_network_is_read_from_and_a_fitted_head_is_not(here):
    one = ("--student.levels", "1")
    assert told(here) == told(here, *one)
    fitted = ("--method", "supervised", "--fit-head", "true", "--steps", "0")
    assert told(here, *fitted) != told(here, *fitted, *one)
    assert told(here, "--method", "committee") != told(here, "--method", "committee", *one)
