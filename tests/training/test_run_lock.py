"""The lock of a run folder: what it keeps out, and what it leaves behind."""

import pytest

from ssliqa.errors import ConfigError, ResumeError
from ssliqa.training.run_lock import run_lock


def fails(folder, write=None):
    """A run that fails, perhaps after it has written something."""

    def run():
        with run_lock(folder, True):
            assert (folder / ".lock").exists()
            if write is not None:
                (folder / write).touch()
            raise ConfigError("no good")

    with pytest.raises(ConfigError):
        run()


def test_of_a_run_that_never_began_no_folder_remains(tmp_path):
    fails(tmp_path / "new" / "runs" / "first")
    assert list(tmp_path.iterdir()) == []


def test_folders_that_were_there_before_stay(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "other").touch()
    fails(tmp_path / "runs" / "new" / "first")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["other"]
    (tmp_path / "empty").mkdir()
    fails(tmp_path / "empty")
    assert list((tmp_path / "empty").iterdir()) == []


def test_what_a_run_has_written_stays(tmp_path):
    fails(tmp_path / "runs" / "first", write="config.yaml")
    assert (tmp_path / "runs" / "first" / "config.yaml").exists()


def test_one_that_is_kept_out_takes_nothing_away(tmp_path):
    folder = tmp_path / "first"
    with run_lock(folder, True):
        for _ in range(2):
            with pytest.raises(ResumeError, match="at work"), run_lock(folder, True):
                pass
        assert (folder / ".lock").exists()


def test_a_lock_that_was_removed_while_it_was_waited_for_keeps_others_out(tmp_path, monkeypatch):
    import fcntl

    folder = tmp_path / "first"
    real = fcntl.flock
    removed = []

    def flock(file, how):
        if not removed:  # its holder goes between our opening it and our locking it
            removed.append((folder / ".lock").unlink())
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with run_lock(folder, True):
        with pytest.raises(ResumeError), run_lock(folder, True):
            pass
        (folder / "config.yaml").touch()
