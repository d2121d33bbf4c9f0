import os
import stat

import pytest

from ssliqa.files import whole_file, write_text


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_written_file_holds_the_text_and_leaves_nothing_beside_it(tmp_path):
    write_text(tmp_path / "notes.txt", "größer ✓\n")
    assert (tmp_path / "notes.txt").read_bytes() == "größer ✓\n".encode()
    assert entries(tmp_path) == ["notes.txt"]


def test_missing_folders_are_made(tmp_path):
    write_text(tmp_path / "a" / "b" / "notes.txt", "here")
    assert (tmp_path / "a" / "b" / "notes.txt").read_text() == "here"


def test_a_file_below_a_file_is_refused_by_name(tmp_path):
    (tmp_path / "file").touch()
    for out in (tmp_path / "file" / "a.txt", tmp_path / "file" / "b" / "a.txt"):
        with pytest.raises(NotADirectoryError, match=r"a.txt' cannot be written, since a file"):
            write_text(out, "text")


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("old")
    with whole_file(file) as temporary:
        temporary.write_text("half of the n")
        assert file.read_text() == "old"
    assert file.read_text() == "half of the n"


@pytest.mark.parametrize("interruption", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_write_changes_nothing(tmp_path, interruption):
    file = tmp_path / "table.csv"
    file.write_text("old")

    def write():
        with whole_file(file) as temporary:
            temporary.write_text("half of the n")
            raise interruption

    with pytest.raises(interruption):
        write()
    assert file.read_text() == "old"
    assert entries(tmp_path) == ["table.csv"]


def test_an_interrupted_first_write_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match="stop"), whole_file(tmp_path / "new.csv"):
        raise ValueError("stop")
    assert entries(tmp_path) == []


def test_the_temporary_file_is_in_the_same_folder_with_the_same_suffix(tmp_path):
    # The same folder, or the replacement would not be atomic; the suffix, since pandas and others
    # tell the format from it.
    with whole_file(tmp_path / "table.parquet") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".parquet"


def test_two_writers_at_once_do_not_mix(tmp_path):
    file = tmp_path / "table.csv"
    with whole_file(file) as first, whole_file(file) as second:
        first.write_text("first")
        second.write_text("second")
    assert file.read_text() == "first"  # the block that ended last
    assert entries(tmp_path) == ["table.csv"]


def test_a_result_has_the_rights_of_an_ordinary_file(tmp_path):
    (tmp_path / "ordinary").touch()
    with whole_file(tmp_path / "ours") as temporary:
        os.chmod(temporary, 0o600)  # noqa: PTH101 - as libraries that write for the owner alone
    rights = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ordinary", "ours")]
    assert rights[0] == rights[1]
