"""Streams of crops as pure functions of the step, and making batches ahead of their use."""

import threading
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ssliqa.data import CropStream, ahead

CROP = 5


def photo(index):
    """Pixels that tell which photo they are of, and from which row and column."""
    height, width = 9 + index % 3, 12 - index % 2
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    pixels[..., 0] = index
    pixels[..., 1] = np.arange(height)[:, None]
    pixels[..., 2] = np.arange(width)
    return pixels


def stream(count=7, batch_size=3, seed=1, **options):
    return CropStream(count, photo, CROP, batch_size, seed, **options)


streams = st.fixed_dictionaries(
    {
        "count": st.integers(1, 12),
        "batch_size": st.integers(1, 7),
        "repeats": st.integers(1, 3),
        "seed": st.integers(0, 2**32),
        "stream": st.integers(0, 3),
        "processes": st.integers(1, 3),
    }
)


@settings(max_examples=30)
@given(streams, st.integers(0, 5), st.integers(0, 30))
def test_a_batch_is_a_pure_function_of_epoch_and_step(options, epoch, step):
    used = stream(**options)
    for other in range(3):
        used.batch(epoch + other, step + other)
    again, fresh = used.batch(epoch, step), stream(**options).batch(epoch, step)
    np.testing.assert_array_equal(again.images, fresh.images)
    np.testing.assert_array_equal(again.indices, fresh.indices)
    assert fresh.images.shape == (options["batch_size"], CROP, CROP, 3)
    assert fresh.images.dtype == np.uint8
    assert fresh.indices.shape == (options["batch_size"],)


@settings(max_examples=30)
@given(streams, st.integers(0, 3))
def test_every_round_shows_every_photo_as_often_as_asked(options, epoch):
    dealt = options["count"] * options["repeats"]
    joined = options["batch_size"] * options["processes"]
    rounds = 2
    steps = -(-rounds * dealt // joined)
    shown = []
    for step in range(steps):
        for rank in range(options["processes"]):
            shown += stream(**options, rank=rank).batch(epoch, step).indices.tolist()
    for number in range(rounds):
        counted = Counter(shown[number * dealt : (number + 1) * dealt])
        assert counted == dict.fromkeys(range(options["count"]), options["repeats"])


@settings(max_examples=30)
@given(streams, st.integers(0, 3), st.integers(0, 20))
def test_the_batches_of_all_processes_joined_are_the_batch_of_one(options, epoch, step):
    processes, batch_size = options.pop("processes"), options.pop("batch_size")
    parts = [
        stream(**options, batch_size=batch_size, rank=rank, processes=processes).batch(epoch, step)
        for rank in range(processes)
    ]
    whole = stream(**options, batch_size=batch_size * processes).batch(epoch, step)
    np.testing.assert_array_equal(np.concatenate([part.images for part in parts]), whole.images)
    np.testing.assert_array_equal(np.concatenate([part.indices for part in parts]), whole.indices)


def test_an_index_names_the_photo_its_crop_was_cut_from():
    batch = stream(count=11, batch_size=40).batch(0, 0)
    assert len(set(batch.indices.tolist())) == 11
    for image, index in zip(batch.images, batch.indices, strict=True):
        assert np.unique(image[..., 0]).tolist() == [index]
        top = int(image[0, 0, 1])
        left = int(image[..., 2].min())
        window = photo(index)[top : top + CROP, left : left + CROP]
        assert any(np.array_equal(image, seen) for seen in (window, window[:, ::-1]))


def test_positions_are_uniform_and_half_of_the_crops_are_mirrored():
    batch = stream(count=1, batch_size=4000).batch(0, 0)  # photo 0 is 9 x 12: 5 x 8 positions
    left = batch.images[..., 2].min(axis=(1, 2))
    flipped = batch.images[:, 0, 0, 2] > batch.images[:, 0, 1, 2]
    places = Counter(zip(batch.images[:, 0, 0, 1].tolist(), left.tolist(), strict=True))
    assert len(places) == 5 * 8
    assert stats.chisquare(list(places.values())).pvalue > 1e-3
    assert stats.binomtest(int(flipped.sum()), 4000).pvalue > 1e-3


def test_epochs_steps_seeds_and_streams_differ_in_order_and_in_crops():
    reference = stream().batch(2, 0)
    others = (
        stream().batch(3, 0),
        stream().batch(2, 1),
        stream(seed=2).batch(2, 0),
        stream(stream=1).batch(2, 0),
    )
    for other in others:
        assert not np.array_equal(reference.images, other.images)
    orders = {
        tuple(stream(count=30, batch_size=30, seed=seed, stream=number).batch(epoch, 0).indices)
        for seed in (0, 1)
        for number in (0, 1)
        for epoch in (0, 1)
    }
    assert len(orders) == 8


def test_a_set_smaller_than_a_batch_is_dealt_again_within_it():
    batch = stream(count=2, batch_size=7).batch(0, 0)
    assert sorted(Counter(batch.indices.tolist()).values()) == [3, 4]
    # The two views of one photo are crops of their own.
    of_first = batch.images[batch.indices == 0]
    assert len({image.tobytes() for image in of_first}) > 1


@pytest.mark.parametrize(
    ("count", "batch_size", "repeats", "processes", "steps"),
    [(16, 4, 1, 1, 4), (10, 4, 1, 1, 2.5), (10, 4, 3, 1, 7.5), (16, 4, 1, 2, 2)],
)
def test_a_round_takes_as_many_steps_as_it_has_batches(
    count, batch_size, repeats, processes, steps
):
    found = stream(count=count, batch_size=batch_size, repeats=repeats, processes=processes)
    assert found.round_steps == steps


@given(st.integers(0, 8), st.integers(0, 12), st.integers(1, 5))
@settings(max_examples=25)
def test_ahead_makes_each_item_once_and_in_order(start, length, depth):
    made = []

    def make(k):
        made.append(k)
        return k * k

    expected = list(range(start, start + length))
    assert list(ahead(make, start, start + length, depth)) == [k * k for k in expected]
    assert made == expected


def test_ahead_runs_ahead_in_another_thread_but_no_further_than_its_depth():
    made = []
    items = ahead(lambda k: made.append((k, threading.current_thread())), 0, 100, depth=3)
    next(items)
    until(lambda: len(made) == 4)
    time.sleep(0.05)
    items.close()
    assert [k for k, _ in made] == [0, 1, 2, 3]
    assert {thread for _, thread in made} != {threading.current_thread()}


def test_what_making_an_item_raises_comes_out_where_the_item_would_have():
    def make(k):
        if k == 2:
            raise OSError("the photo is gone")
        return k

    items = ahead(make, 0, 10)
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(OSError, match="the photo is gone"):
        next(items)


def test_closing_early_cancels_what_waits_and_ends_the_thread():
    threads = threading.active_count()
    made = []

    def make(k):
        time.sleep(0.01)
        made.append(k)

    items = ahead(make, 0, 1000, depth=50)
    next(items)
    items.close()
    done = len(made)
    assert done < 50
    assert threading.active_count() == threads
    time.sleep(0.05)
    assert len(made) == done


def until(condition, seconds=10.0):
    """Wait for another thread."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_stream_of_views_draws_each_view_about_as_often_and_no_other_crop():
    views = np.array([[0.0, 0.0, 0], [0.99, 0.99, 0], [0.5, 0.0, 1]])
    drawn = stream(count=6, batch_size=300, views=views).batch(0, 0)
    rows = drawn.images[:, 0, 0, 1] + 0
    corners = Counter(zip(rows.tolist(), drawn.images[:, 0, 0, 2].tolist(), strict=True))
    top_left, mirrored = corners[0, 0], sum(corners[row, CROP - 1] for row in (2, 3))
    assert 70 < top_left < 130
    assert 70 < mirrored < 130
    rest = [corner for corner in corners if corner != (0, 0) and corner[1] != CROP - 1]
    assert {row for row, _ in rest} <= {4, 5, 6}


def test_activations_are_those_of_the_views_that_are_shown():
    views = np.array([[0.0, 0.0, 0], [0.99, 0.0, 0]])
    known = {k: np.array([[k, 0], [k, 1]], dtype=np.float16) for k in range(5)}
    options = {"views": views, "activations": {"a": known.__getitem__}}
    drawn = stream(count=5, batch_size=40, **options).batch(2, 1)
    np.testing.assert_array_equal(drawn.activations["a"][:, 0], drawn.indices)
    np.testing.assert_array_equal(drawn.activations["a"][:, 1], drawn.images[:, 0, 0, 1] > 0)
    without = stream(count=5, batch_size=40, with_pixels=False, **options).batch(2, 1)
    assert without.images is None
    np.testing.assert_array_equal(without.activations["a"], drawn.activations["a"])


@pytest.mark.parametrize("views", [None, np.array([[0.1 * k, 0, k % 2] for k in range(5)])])
def test_crops_of_one_photo_stand_together_and_are_of_different_views(views):
    crops = stream(count=7, batch_size=12, crops_each=3, views=views)
    shown = Counter()
    for step in range(7):
        batch = crops.batch(0, step)
        groups = batch.indices.reshape(4, 3)
        assert (groups == groups[:, :1]).all()
        shown.update(groups[:, 0].tolist())
        if views is not None:
            for images in batch.images.reshape(4, 3, -1):
                assert len({image.tobytes() for image in images}) == 3
    assert shown == dict.fromkeys(range(7), 4)
    assert crops.round_steps == 7 * 3 / 12


def test_processes_share_photos_and_never_the_crops_of_one():
    whole = stream(count=7, batch_size=12, crops_each=2).batch(0, 1)
    parts = [
        stream(count=7, batch_size=4, crops_each=2, rank=rank, processes=3).batch(0, 1)
        for rank in range(3)
    ]
    np.testing.assert_array_equal(np.concatenate([part.images for part in parts]), whole.images)
