"""From files to scores, in order, whatever happens to one of them."""

import itertools
import threading
from pathlib import Path

import pytest

from ssliqa import load_model
from ssliqa.errors import ConfigError
from ssliqa.scoring import score_photos


@pytest.fixture(scope="module")
def model(tiny_run):
    return load_model(tiny_run)


@pytest.fixture
def paths(tiny_set):
    """Photographs in no order of their names, one of them twice, with one corrupt between."""
    photos = [tiny_set.folder / name for name in tiny_set.names]
    return [*photos[12:3:-1], tiny_set.corrupt, *photos[:4], photos[9]]


def test_scores_come_in_the_order_given_and_equal_those_of_single_photographs(model, paths):
    rows = list(score_photos(model, paths))
    assert [row.path for row in rows] == paths
    for row in rows[::4]:
        assert row.score == model.score(row.path)
    assert len({row.score.score for row in rows if row.score}) == len(paths) - 2
    assert rows[-1].score == rows[3].score


def test_a_corrupt_photograph_costs_one_row_with_its_reason(model, paths, tiny_set):
    rows = list(score_photos(model, paths))
    failed = [row for row in rows if row.score is None]
    assert [row.path for row in failed] == [tiny_set.corrupt]
    assert str(tiny_set.corrupt) in failed[0].error
    assert all(row.error == "" for row in rows if row.score is not None)


def test_a_photograph_that_has_vanished_costs_one_row(model, tiny_set, tmp_path):
    photo = tiny_set.folder / tiny_set.names[0]
    rows = list(score_photos(model, [tmp_path / "gone.jpg", photo]))
    assert rows[0].score is None
    assert "gone.jpg" in rows[0].error
    assert rows[1].score == model.score(photo)


@pytest.mark.parametrize("workers", [1, 3, 40])
def test_the_number_of_workers_changes_no_score(model, paths, workers):
    expected = list(score_photos(model, paths, workers=2))
    assert list(score_photos(model, paths, workers=workers)) == expected


def test_scores_are_on_the_scale_of_the_model(model, paths):
    assert (model.scale.low, model.scale.high) == (0, 100)
    for row in score_photos(model, paths[:4]):
        levels = sum((k + 1) * share for k, share in enumerate(row.score.distribution))
        assert row.score.score == pytest.approx(25 * (levels - 1))
        assert 0 < row.score.std < 100


def test_no_photograph_gives_no_row(model):
    assert list(score_photos(model, [])) == []


def test_less_than_one_worker_is_refused(model, paths):
    with pytest.raises(ConfigError, match="workers=0"):
        list(score_photos(model, paths, workers=0))


def test_endless_paths_are_taken_as_needed_and_threads_end_when_nobody_asks_on(model, paths):
    taken = []

    def endless():
        for path in itertools.cycle(paths):
            taken.append(path)
            yield path

    threads = threading.active_count()
    rows = score_photos(model, endless(), workers=2)
    assert [next(rows).path for _ in range(3)] == paths[:3]
    rows.close()
    assert len(taken) < 15
    assert threading.active_count() == threads


def test_a_path_stays_as_it_was_written(model, tiny_set, monkeypatch):
    monkeypatch.chdir(tiny_set.folder)
    (row,) = score_photos(model, [Path(tiny_set.names[0])])
    assert str(row.path) == tiny_set.names[0]
    assert row.score is not None
