"""A folder scored to its end, whatever happens on the way: killed, resumed, changed meanwhile."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from brightness import Brightness, expected, grey, in_child
from PIL import Image

from ssliqa.data import Listing
from ssliqa.scoring import Journal, score_folder, score_photos
from ssliqa.scoring.identity import identity


@pytest.fixture
def photos(tmp_path):
    """60 photographs, each of its own brightness, in two folders."""
    return [grey(tmp_path / "photos" / str(k // 40) / f"{k:02d}.png", 4 * k) for k in range(60)]


@pytest.fixture
def part(tmp_path):
    return tmp_path / "scores.csv.part"


def score(photos, part, scorer=None, **options):
    """The rows of the table, and what was counted."""
    scorer = scorer or Brightness()
    with Journal(part, identity(scorer, "1"), resume=True) as journal:
        scorer.asked.clear()
        scores = score_folder(scorer, photos, journal, **options)
        return list(scores.rows()), scores


def brightness_of(rows):
    return [round(row.score.score / 100 * 255) if row.score else None for row in rows]


def test_every_photograph_gets_its_row_in_order(photos, part):
    rows, scores = score(photos, part)
    assert [row.path for row in rows] == photos
    assert [row.score.score for row in rows] == pytest.approx([expected(4 * k) for k in range(60)])
    assert (scores.scored, scores.failed, scores.before, scores.stopped) == (60, 0, 0, False)


def test_a_killed_process_loses_at_most_the_row_it_was_writing(photos, part):
    whole, _ = score(photos, part.with_name("other.part"))

    def slowly():
        score(photos, part, Brightness(seconds=0.02))

    child = in_child(slowly)
    deadline = time.monotonic() + 60
    while not part.exists() or part.read_bytes().count(b"\n") < 12:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    survived = part.read_bytes().count(b"\n") - 1

    scorer = Brightness()
    rows, scores = score(photos, part, scorer)
    assert rows == whole
    assert scores.before == survived >= 11
    assert len(scorer.asked) == 60 - survived


def test_it_may_be_stopped_again_and_again_and_each_time_gets_further(photos, part):
    for earlier in (0, 9, 18):
        new = []
        rows, scores = score(
            photos,
            part,
            on_photo=lambda row, new=new: new.extend([row] if row else []),
            stop=lambda new=new: len(new) == 9,
        )
        assert (scores.stopped, scores.before, scores.scored) == (True, earlier, earlier + 9)
        assert brightness_of(rows) == [4 * k for k in range(earlier + 9)]
    rows, scores = score(photos, part)
    assert (scores.before, brightness_of(rows)) == (27, [4 * k for k in range(60)])


def test_what_changed_is_scored_again_and_what_is_new_or_gone_takes_its_place(photos, part):
    folder = photos[0].parents[1]
    score(photos, part)
    grey(photos[5], 255)  # another content
    earlier = photos[7].stat()
    grey(photos[7], 254)  # another content of the same size and date
    os.utime(photos[7], ns=(earlier.st_atime_ns, earlier.st_mtime_ns))
    assert photos[7].stat().st_size == earlier.st_size
    photos[9].unlink()
    new = grey(folder / "0" / "06b.png", 253)
    scorer = Brightness()
    rows, scores = score(Listing([folder]).paths(), part, scorer)
    order = [*photos[:7], new, *photos[7:9], *photos[10:]]
    assert [row.path for row in rows] == order
    wanted = [4 * photos.index(path) if path in photos else 253 for path in order]
    wanted[5], wanted[8] = 255, 254
    assert brightness_of(rows) == wanted
    assert sorted(round(level / 4 * 255) for level in scorer.asked) == [253, 254, 255]
    assert (scores.scored, scores.before) == (60, 57)


def test_a_photograph_that_failed_is_tried_again(photos, part):
    content = photos[3].read_bytes()
    photos[3].write_bytes(content[:40])
    rows, scores = score(photos, part)
    assert (scores.scored, scores.failed, rows[3].score) == (59, 1, None)
    photos[3].write_bytes(content)
    rows, scores = score(photos, part)
    assert (scores.scored, scores.failed, scores.before) == (60, 0, 59)
    assert brightness_of(rows)[3] == 12


def test_photographs_that_vanish_or_come_while_a_folder_is_scored_harm_no_other(photos, part):
    folder = photos[0].parents[1]

    def meddle(row):
        if row.path == photos[1]:
            photos[35].unlink()
            for photo in photos[40:]:
                photo.unlink()
            photos[40].parent.rmdir()

    listing = Listing([folder])
    paths = listing.paths(give_unreadable=True, allow_empty=True)
    rows, scores = score(paths, part, on_photo=meddle)
    failed = {row.path: row.error for row in rows if row.score is None}
    assert failed == {
        photos[35]: f"{photos[35]}: no such file.",
        photos[40].parent: f"{photos[40].parent}: no such file.",
    }
    assert (scores.scored, scores.failed) == (39, 2)


def test_odd_files_are_rows_that_say_what_they_are_and_none_hangs(tmp_path, part):
    good = grey(tmp_path / os.fsdecode(b"bad \xff, \n name.png"), 100)
    (tmp_path / "broken.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "null.jpg").symlink_to("/dev/null")
    (tmp_path / "empty.jpg").touch()
    os.mkfifo(tmp_path / "pipe.jpg")
    names = ("broken.jpg", "loop.jpg", "null.jpg", "empty.jpg", "pipe.jpg", "folder.jpg")
    (tmp_path / "folder.jpg").mkdir()
    rows, scores = score([*(tmp_path / name for name in names), good], part)
    reasons = ("leads nowhere", "symbolic links", "device or a pipe", "0 bytes", "pipe", "folder")
    for row, name, reason in zip(rows, names, reasons, strict=False):
        assert row.error.startswith(f"{tmp_path / name}: ")
        assert reason in row.error
    assert brightness_of(rows[-1:]) == [100]
    assert (scores.scored, scores.failed) == (1, 6)


@pytest.mark.skipif(os.geteuid() == 0, reason="everything is permitted to root")
def test_a_file_or_folder_without_permission_is_a_row_that_says_so(photos, part):
    photos[2].chmod(0)
    photos[50].parent.chmod(0)
    listing = Listing([photos[0].parents[1]])
    rows, _ = score(listing.paths(give_unreadable=True), part)
    photos[50].parent.chmod(0o700)
    failed = [row for row in rows if row.score is None]
    assert [row.path for row in failed] == [photos[2], photos[50].parent]
    assert "permission" in failed[0].error


def test_a_file_that_is_being_written_gets_no_score_of_a_state_that_was_never_whole(tmp_path):
    path = tmp_path / "large.png"
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), np.uint8)
    Image.fromarray(noise).save(path, compress_level=1)
    ended = threading.Event()

    def write():
        for k in range(10**9):
            os.utime(path, ns=(k, k))
            if ended.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    (row,) = score_photos(Brightness(), [path])
    ended.set()
    writer.join()
    assert row.score is None
    assert "was changing while it was read" in row.error
