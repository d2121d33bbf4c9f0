"""Which photographs and which ratings a training sees, and which it must never see."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file
from tiny_set import CORRUPT, write_ratings

from ssliqa.cli.train import configuration
from ssliqa.data import read_split
from ssliqa.errors import ConfigError, ImageReadError, SplitError
from ssliqa.training import Monitor, train
from ssliqa.training.photographs import divide_photographs, gather_photographs

SHORT = ("--epochs", "1", "--method", "ssliqa", "--label-budget", "8")


class Messages(Monitor):
    def __init__(self):
        self.texts = []

    def message(self, text):
        self.texts.append(text)


def gathered(tiny_set, tmp_path, *options):
    config = configuration(tiny_set.arguments(tmp_path / "run", *options))
    messages = Messages()
    table, split = divide_photographs(config, tmp_path / "split.csv", messages)
    return gather_photographs(config, table, split, messages), messages.texts


def files(photographs, part):
    return {photographs.prepared.paths[k].name for k in getattr(photographs, part)}


@pytest.mark.parametrize(("budget", "labeled"), [("8", 8), ("0.25", 5), ("19", 19)])
def test_a_label_budget_turns_the_other_training_images_into_unlabeled_ones(
    tiny_set, tmp_path, budget, labeled
):
    found, _ = gathered(tiny_set, tmp_path, "--label-budget", budget)
    assert len(found.labeled) == labeled
    assert len(found.unlabeled) == 19 - labeled
    assert np.isfinite(found.distribution[found.labeled]).all()
    assert np.isnan(found.distribution[found.unlabeled]).all()
    assert np.isnan(found.mos[found.unlabeled]).all()
    assert files(found, "labeled") == set(found.split.labeled)
    assert files(found, "unlabeled") == set(found.split.unlabeled)


def test_official_parts_are_kept_unless_a_split_is_to_be_drawn(tiny_set, tmp_path):
    table = tmp_path / "parts.csv"
    parts = ["train"] * 20 + ["test"] * 4
    rows = zip(tiny_set.names, tiny_set.mos, parts, strict=True)
    table.write_text("name,mos,set\n" + "".join(f"{n},{m},{p}\n" for n, m, p in rows))
    options = ("--labels", table, "--seed", "3")
    official, _ = gathered(tiny_set, tmp_path, *options)
    assert official.split.test == tuple(sorted(tiny_set.names[20:]))
    drawn, _ = gathered(tiny_set, tmp_path, *options, "--official-split", "false")
    unknown, _ = gathered(tiny_set, tmp_path, "--seed", "3")
    assert drawn.split == unknown.split != official.split


def test_photographs_that_the_table_calls_unrated_are_unlabeled_ones(tiny_set, tmp_path):
    table = tmp_path / "words.csv"
    scores = [*tiny_set.mos[:20], *["unrated"] * 3, "rejected"]
    write_ratings(table, zip(tiny_set.names, scores, strict=True))
    # A photograph that is given as unlabeled besides stands there once.
    more = ("--unlabeled", tiny_set.folder / tiny_set.names[20])
    found, messages = gathered(tiny_set, tmp_path, "--labels", table, *more)
    assert files(found, "unlabeled") == set(tiny_set.names[20:23])
    assert len(found.unlabeled) == 3
    everything = {path.name for path in found.prepared.paths}
    assert tiny_set.names[23] not in everything
    assert [text.partition(" (")[0] for text in messages] == [
        "Not rated, so only of use as unlabeled photographs",
        "Rejected, so left out",
    ]


def test_labels_stand_with_the_photographs_they_belong_to(tiny_set, tmp_path):
    found, _ = gathered(tiny_set, tmp_path, "--fractions", "[0.5, 0.5, 0]")
    rated = dict(zip(tiny_set.names, tiny_set.mos, strict=True))
    for k in [*found.labeled, *found.validation]:
        assert found.mos[k] == rated[found.prepared.paths[k].name]
        levels = found.distribution[k] @ np.arange(1, 6)
        assert levels == pytest.approx(1 + 4 * found.mos[k] / 100)


def test_test_images_in_an_unlabeled_folder_never_reach_training(tiny_set, tmp_path):
    # The folder of all photographs, once by its name and once by way of a link.
    (tmp_path / "link").symlink_to(tiny_set.folder, target_is_directory=True)
    more = ("--fractions", "[0.6, 0.2, 0.2]", "--unlabeled", tiny_set.folder, tmp_path / "link")
    found, texts = gathered(tiny_set, tmp_path, *SHORT, *more, tiny_set.further)
    assert len(found.split.test) == 5
    names = [path.name for path in found.prepared.paths]
    assert set(names).isdisjoint(found.split.test)
    assert files(found, "unlabeled").isdisjoint(found.split.validation)
    assert len(names) == len(set(names)) == 24 - 5 + 10 + 1
    assert texts == [t for t in texts if CORRUPT in t] != []


def test_labels_outside_the_budget_and_of_test_images_do_not_touch_the_weights(tiny_set, tmp_path):
    """The same training with every label that must not be seen turned around."""
    weights = []
    ratings = dict(zip(tiny_set.names, tiny_set.mos, strict=True))
    for run in ("true", "turned"):
        labels = tmp_path / f"{run}.csv"
        write_ratings(labels, ratings.items())
        arguments = tiny_set.arguments(tmp_path / run, *SHORT, "--labels", labels)
        train(configuration(arguments))
        weights.append(load_file(tmp_path / run / "model" / "model.safetensors"))
        split = read_split(tmp_path / run / "split.csv", tiny_set.names)
        for name in split.unlabeled + split.test:
            ratings[name] = 100 - ratings[name]
    assert len(split.unlabeled) == 11
    assert ratings != dict(zip(tiny_set.names, tiny_set.mos, strict=True))
    assert [name for name in weights[0] if not weights[0][name].equal(weights[1][name])] == []


@pytest.fixture
def with_corrupt(tiny_set, tmp_path):
    """A label table that rates the corrupt photograph, too."""
    path = tmp_path / "with corrupt.csv"
    rows = zip(tiny_set.names[:11], tiny_set.mos, strict=False)
    write_ratings(path, [(CORRUPT, 50.0), *rows])
    return path


@pytest.mark.parametrize("method", ["self_training", "ucvme"])
def test_a_method_that_has_labels_enough_is_given_no_unlabeled_photographs(
    method, tiny_set, tmp_path
):
    def run(name, *options):
        more = ("--method", method, "--label-budget", "8", "--steps", "3", *options)
        train(configuration(tiny_set.arguments(tmp_path / name, *more)), Monitor())
        count = json.loads((tmp_path / name / "environment.json").read_text())["unlabeled"]
        return count, load_file(tmp_path / name / "model" / "model.safetensors")

    further = ("--unlabeled", tiny_set.further)
    none, few = run("few", "--method.alone_from", "8")
    nor, more = run("more", "--method.alone_from", "8", *further, "--screen", "0.1")
    some, taught = run("taught", "--method.alone_from", "9")
    assert (none, nor, some) == (0, 0, 11)
    assert all(np.array_equal(few[key], more[key]) for key in few)
    assert not all(np.array_equal(few[key], taught[key]) for key in few)


def test_an_unreadable_photograph_is_left_out_with_a_count(tiny_set, tmp_path, with_corrupt):
    options = ("--labels", with_corrupt, "--fractions", "[1, 0, 0]")
    found, texts = gathered(tiny_set, tmp_path, *options)
    assert len(texts) == 1
    assert texts[0].startswith(f"1 of 12 photographs cannot be read: {CORRUPT}: ")
    assert texts[0].endswith("They are left out.")
    assert files(found, "labeled") == set(tiny_set.names[:11])
    assert CORRUPT in found.split.labeled


def test_strict_refuses_an_unreadable_photograph_and_names_it(tiny_set, tmp_path, with_corrupt):
    options = ("--labels", with_corrupt, "--fractions", "[1, 0, 0]", "--strict", "true")
    with pytest.raises(ImageReadError, match=f"1 of 12 photographs cannot be read: {CORRUPT}"):
        gathered(tiny_set, tmp_path, *options)


def test_an_unreadable_unlabeled_photograph_counts_likewise(tiny_set, tmp_path):
    options = (*SHORT, "--unlabeled", tiny_set.corrupt, tiny_set.further)
    found, texts = gathered(tiny_set, tmp_path, *options)
    assert texts[0].startswith("1 of 30 photographs")
    assert len(found.unlabeled) == 11 + 10
    with pytest.raises(ImageReadError, match="1 of 30"):
        gathered(tiny_set, tmp_path, *options, "--strict", "true")


def test_no_readable_labeled_photograph_is_an_error(tiny_set, tmp_path):
    labels = tmp_path / "labels.csv"
    write_ratings(labels, [(CORRUPT, 50.0)])
    with pytest.raises(ConfigError, match="None of the labeled photographs can be read"):
        gathered(tiny_set, tmp_path, "--labels", labels, "--fractions", "[1, 0, 0]")


def test_a_split_file_says_who_plays_which_part(tiny_set, tmp_path):
    parts = ["labeled"] * 6 + ["unlabeled"] * 6 + ["validation"] * 6 + ["test"] * 6
    lines = [f"{name},{part}" for name, part in zip(tiny_set.names, parts, strict=True)]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(["image,part", *lines]))
    found, _ = gathered(tiny_set, tmp_path, "--split", file)
    assert files(found, "labeled") == set(tiny_set.names[:6])
    assert files(found, "unlabeled") == set(tiny_set.names[6:12])
    assert files(found, "validation") == set(tiny_set.names[12:18])
    with pytest.raises(SplitError, match="already says which images are labeled"):
        gathered(tiny_set, tmp_path, "--split", file, "--label-budget", "3")


def test_the_fingerprint_tells_photographs_parts_and_labels(tiny_set, tmp_path):
    def fingerprint(*options):
        return gathered(tiny_set, tmp_path, *options)[0].fingerprint()

    changed = tmp_path / "changed.csv"
    rows = list(zip(tiny_set.names, tiny_set.mos, strict=True))
    write_ratings(changed, [(name, 100 - mos) for name, mos in rows])
    prints = [
        fingerprint(*SHORT),
        fingerprint(*SHORT, "--seed", "1"),
        fingerprint(*SHORT, "--label-budget", "9"),
        fingerprint(*SHORT, "--unlabeled", tiny_set.further),
        fingerprint(*SHORT, "--protocol.short", "90"),
        fingerprint(*SHORT, "--labels", changed),
    ]
    assert len(set(prints)) == len(prints)
    assert fingerprint(*SHORT) == prints[0]


def test_a_run_records_what_it_was_made_from(tiny_run, tiny_set):
    facts = json.loads((tiny_run / "environment.json").read_text())
    assert (facts["labeled"], facts["unlabeled"], facts["validation"]) == (19, 0, 0)
    assert facts["seed"] == 0
    assert facts["bf16"] == {"student": False}
    assert {"ssliqa", "torch", "numpy"} <= facts["versions"].keys()
    split = read_split(tiny_run / "split.csv", tiny_set.names)
    assert (len(split.labeled), len(split.test)) == (19, 5)
    card = Path(tiny_run / "model" / "README.md").read_text()
    assert "19 labeled" in card
    assert "`supervised`" in card
