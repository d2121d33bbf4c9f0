"""Rows on disk as they come: what is kept when a process dies, and what is not believed."""

import json
import os
import resource
import signal
import string
from pathlib import Path

import pytest
from brightness import in_child
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssliqa.errors import ConfigError, ResumeError, ScoreTableError
from ssliqa.models import Score
from ssliqa.scoring import Journal, ScoredPhoto
from ssliqa.scoring.file_state import FileState

MODEL = {
    "engine": "n",
    "scale": "0-100",
    "protocol": {"short": 512},
    "ssliqa": "1",
    "decoder": "2",
    "answers": [[0.5, 0.25, None]],
}
STATE = FileState(10, 20, 30)


def scored(name, value=1 / 3, state=STATE):
    return ScoredPhoto(Path(name), Score(value, 0.1, None, 2.5, (0.2,) * 5), state=state)


ROWS = [
    scored("a.jpg"),
    ScoredPhoto(Path("broken.jpg"), None, "broken.jpg: is empty\nor so"),
    scored('odd, "name"\n\x1b[31m.jpg', 2 / 3),
    scored(os.fsdecode(b"not \xff\xfe text.jpg")),
    scored("ünïcode/\N{PANDA FACE}.jpg"),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "scores.csv.part"


def written(path, rows=ROWS):
    with Journal(path, MODEL, resume=True) as journal:
        return [journal.add(row) for row in rows]


def test_rows_come_back_as_they_were_from_the_same_journal_and_a_later_one(path):
    with Journal(path, MODEL, resume=False) as journal:
        places = [journal.add(row) for row in ROWS]
        assert list(journal.rows(reversed(places))) == ROWS[::-1]
        assert len(journal) == 0
    with Journal(path, MODEL, resume=True) as journal:
        assert len(journal) == len(ROWS)
        assert list(journal.rows(places)) == ROWS


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(min_size=1, max_size=40).filter(lambda name: not set(b"\0/") & set(name)),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_any_name_and_any_number_come_back(path, name, value):
    path.unlink(missing_ok=True)
    row = scored(os.fsdecode(name), value)
    (place,) = written(path, [row])
    with Journal(path, MODEL, resume=True) as journal:
        assert journal.row(place) == row
        assert journal.done(row.path, STATE) == place


def test_whatever_byte_the_last_write_ended_at_whole_rows_are_kept_and_torn_ones_dropped(path):
    places = written(path)
    whole = path.read_bytes()
    ends = [*places[1:], len(whole)]
    for cut in {*range(0, len(whole), 41), *places, *(end - 1 for end in ends)}:
        path.write_bytes(whole[:cut])
        kept = [row for row, end in zip(ROWS, ends, strict=True) if end <= cut]
        with Journal(path, MODEL, resume=True) as journal:
            assert len(journal) == len(kept)
            found = [row.path for row in ROWS if journal.done(row.path, STATE) is not None]
            assert found == [row.path for row in kept if row.score]
            journal.add(ROWS[0])
        for line in path.read_bytes().splitlines():
            json.loads(line)


def test_a_row_that_the_disk_has_damaged_is_scored_again_and_the_others_are_kept(path):
    places = written(path)
    content = bytearray(path.read_bytes())
    content[places[2] : places[2] + 100] = bytes(100)
    path.write_bytes(content)
    with Journal(path, MODEL, resume=True) as journal:
        kept = [journal.done(row.path, STATE) for row in ROWS]
    assert kept == [places[0], None, None, places[3], places[4]]


def test_only_the_same_file_with_a_score_is_done_and_its_last_row_counts(path):
    changed = STATE._replace(changed=31)
    rows = [scored("a"), scored("a", 5, changed), scored("b"), ScoredPhoto(Path("b"), None, "gone")]
    places = written(path, rows)
    with Journal(path, MODEL, resume=True) as journal:
        assert journal.done(Path("a"), STATE) is None
        assert journal.done(Path("a"), changed) == places[1]
        assert journal.done(Path("b"), STATE) is None
        assert journal.done(Path("c"), STATE) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"engine": "other"}, "scored by the engine n, not other"),
        ({"scale": "1-5"}, "a model on the scale 0-100, not 1-5"),
        ({"protocol": {"short": 224}}, "the image protocol"),
        ({"ssliqa": "2"}, "ssliqa 1, not 2"),
        ({"decoder": "3"}, "the decoder 2, not 3"),
        ({"answers": [[0.5, 0.2501, None]]}, "a model with other weights"),
        ({"answers": [[0.5, 0.25, 0.1]]}, "a model with other weights"),
    ],
)
def test_rows_of_another_model_are_refused_and_stay(path, change, message):
    written(path)
    before = path.read_bytes()
    with pytest.raises(ResumeError, match=message):
        Journal(path, MODEL | change, resume=True)
    assert path.read_bytes() == before


def test_the_last_digits_of_sums_make_no_other_model(path):
    written(path)
    Journal(path, MODEL | {"answers": [[0.500001, 0.25, None]]}, resume=True).__exit__()


def test_rows_are_not_lost_by_forgetting_to_resume(path):
    written(path)
    with pytest.raises(ResumeError, match=r"holds 5 photographs .* Go on with --resume"):
        Journal(path, MODEL, resume=False)


def test_a_journal_without_rows_is_taken_over_also_from_another_model(path):
    written(path, [])
    with Journal(path, MODEL | {"scale": "1-5"}, resume=False) as journal:
        journal.add(ROWS[0])
    with pytest.raises(ResumeError, match="on the scale 1-5, not 0-100"):
        Journal(path, MODEL, resume=True)


@pytest.mark.parametrize(
    "content", [b"holiday plans", b"{}\n", b"[1]\n", b"\0" * 99, b'{"ssliqa scores": 2}\n', b"\n"]
)
def test_a_file_that_is_no_journal_is_refused_and_stays(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ResumeError, match="not what an unfinished table of scores looks like"):
        Journal(path, MODEL, resume=True)
    assert path.read_bytes() == content


def test_two_processes_cannot_write_the_same_journal(path):
    with Journal(path, MODEL, resume=True), pytest.raises(ResumeError, match="at work on"):
        Journal(path, MODEL, resume=True)
    Journal(path, MODEL, resume=True).__exit__()


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        Journal(tmp_path / "file" / "scores.csv.part", MODEL, resume=False)


def test_a_full_disk_is_told_and_all_rows_before_it_are_kept(path, tmp_path):
    said = tmp_path / "said.txt"

    def fill_the_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
        with Journal(path, MODEL, resume=False) as journal:
            try:
                for letter in string.ascii_letters * 9:
                    journal.add(scored(f"{letter}.jpg" if letter < "b" else letter * 90))
            except ScoreTableError as error:
                said.write_text(str(error))

    os.waitpid(in_child(fill_the_disk), 0)
    assert "cannot be written (File too large). Make room and go on with --resume" in (
        said.read_text()
    )
    assert path.stat().st_size == 20_000
    with Journal(path, MODEL, resume=True) as journal:
        assert len(journal) > 30
        assert journal.done(Path("A.jpg"), STATE) is not None
        journal.add(ROWS[0])
    for line in path.read_bytes().splitlines():
        json.loads(line)


def test_the_lock_of_a_killed_process_holds_nobody_up(path):
    ready, wait = os.pipe()

    def hold():
        with Journal(path, MODEL, resume=True) as journal:
            journal.add(ROWS[0])
            os.write(wait, b"!")
            signal.pause()

    child = in_child(hold)
    os.read(ready, 1)
    with pytest.raises(ResumeError, match="at work on"):
        Journal(path, MODEL, resume=True)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with Journal(path, MODEL, resume=True) as journal:
        assert len(journal) == 1
    os.close(ready)
    os.close(wait)
