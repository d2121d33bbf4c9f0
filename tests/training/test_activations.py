"""Activations of frozen layers: computed once, found again, and never a reason to fail."""

import numpy as np
import pytest
import torch

from ssliqa.cli.train import configuration
from ssliqa.images import crop_views, random_crop
from ssliqa.images.entries import SUFFIX
from ssliqa.opinion import Scale
from ssliqa.training import Monitor
from ssliqa.training.activations import keep_activations
from ssliqa.training.build import build_method
from ssliqa.training.photographs import divide_photographs, gather_photographs

OPTIONS = (
    *("--method", "ssliqa", "--views", "3", "--label-budget", "8"),
    *("--student.batch_norm", "frozen", "--student.frozen_stages", "3"),
    *("--teacher.batch_norm", "frozen", "--teacher.frozen_stages", "2"),
)


class Watcher(Monitor):
    def __init__(self):
        self.texts = []
        self.done = []

    def message(self, text):
        self.texts.append(text)

    def preparing(self, done, total):
        self.done.append((done, total))


@pytest.fixture
def keep(tiny_set, tmp_path):
    """Keep the activations of a training of its own cache, and tell what was said."""

    def kept(*more, cache="cache"):
        options = (*OPTIONS, "--cache", tmp_path / cache, *more)
        config = configuration(tiny_set.arguments(tmp_path / "run", *options))
        table, split = divide_photographs(config, None, Monitor())
        photographs = gather_photographs(config, table, split, Monitor())
        torch.manual_seed(0)
        method = build_method(config, Scale(0, 100), torch.device("cpu"))
        used = [*photographs.labeled.tolist(), *photographs.unlabeled.tolist()]
        watcher = Watcher()
        found = keep_activations(
            method, method.branch_names, photographs.prepared, used, config.views, watcher
        )
        return method, photographs.prepared, used, found, watcher

    return kept


def test_both_branches_find_what_their_frozen_layers_make_of_each_view(keep):
    method, prepared, used, found, watcher = keep()
    assert watcher.done[-1] == (2 * len(used), 2 * len(used))
    for name in ("student", "teacher"):
        branch = method.branch(name)
        image = prepared.image(used[4])
        views = [random_crop(image, 64, u, v, bool(flip)) for u, v, flip in crop_views(3)]
        crops = torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2)
        with torch.no_grad():
            expected = branch.trunk.activation(branch.model, crops).permute(0, 2, 3, 1).numpy()
        got = found[branch.trunk_key](used[4])
        assert got.dtype == np.float16
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-5)


def test_a_later_training_computes_nothing_again(keep, tmp_path):
    keep()
    files = {path: path.stat().st_ino for path in (tmp_path / "cache").glob(f"*{SUFFIX}")}
    _, _, _, found, _ = keep("--seed", "5")
    later = {path: path.stat().st_ino for path in (tmp_path / "cache").glob(f"*{SUFFIX}")}
    assert {path: later[path] for path in files} == files  # a rewritten entry is another file
    assert len(found) == 2


@pytest.mark.parametrize(
    "change",
    [
        ("--views", "4"),
        ("--student.frozen_stages", "4"),
        ("--protocol.crop", "48"),
        ("--student.mean", "[0.1, 0.1, 0.1]", "--student.std", "[1, 1, 1]"),
        ("--student", "test_efficientnet"),
    ],
)
def test_whatever_changes_activations_changes_their_names(keep, change):
    method, _, used, found, _ = keep()
    other, _, _, others, _ = keep(*change)
    before = found[method.branch("student").trunk_key]
    after = others[other.branch("student").trunk_key]
    assert before._key(used[0]) != after._key(used[0])


def test_entries_that_vanish_during_training_are_computed_again(keep, tmp_path):
    method, _, used, found, _ = keep()
    kept = found[method.branch("student").trunk_key]
    before = np.array(kept(used[0]))
    for path in (tmp_path / "cache").glob(f"*{SUFFIX}"):
        path.unlink()
    np.testing.assert_array_equal(kept(used[0]), before)


def test_a_cache_that_is_too_small_is_told_before_anything_is_computed(keep):
    _, _, _, found, watcher = keep("--cache-gb", "1e-5", cache="small")
    assert not found
    assert len(watcher.texts) == 2
    assert all("are computed at each step" in text for text in watcher.texts)
    assert not watcher.done


def test_a_disk_that_cannot_be_written_costs_only_time(keep, monkeypatch):
    from ssliqa.images import entry_folder

    keep(cache="full")  # the photographs are there already

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(entry_folder, "write_entry", full)
    _, _, _, found, watcher = keep("--views", "2", cache="full")
    assert not found
    assert all("cannot be stored" in text for text in watcher.texts)


def test_values_beyond_half_precision_are_not_kept(keep):
    method, prepared, used, _, _ = keep()
    student = method.branch("student")
    with torch.no_grad():
        for values in student.model.backbone.parameters():
            if not values.requires_grad and values.ndim == 4:
                values.mul_(1e6)
    student.trunk_key = "another"
    watcher = Watcher()
    found = keep_activations(method, method.branch_names, prepared, used, 3, watcher)
    assert set(found) == {method.branch("teacher").trunk_key}
    assert "test_resnet" in watcher.texts[0]
