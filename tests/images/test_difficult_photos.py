"""Every difficult file gives the right pixels, every broken one the right reason."""

import os
import sys

import numpy as np
import pytest
from difficult_photos import CASES, encoded, scene

from ssliqa.errors import ImageReadError
from ssliqa.images import read_photo

GOOD = [case for case in CASES.values() if not case.error]
BAD = [case for case in CASES.values() if case.error]


def by_name(cases):
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases])


@pytest.fixture(autouse=True)
def extras(request):
    case = request.node.callspec.params.get("case") if hasattr(request.node, "callspec") else None
    if case is not None and case.needs:
        pytest.importorskip(case.needs)


@by_name(GOOD)
def test_a_difficult_file_gives_the_right_pixels(case, tmp_path):
    content, expected = case.make()
    expected = np.asarray(expected)
    file = tmp_path / case.name
    file.write_bytes(content)
    photo = read_photo(file)
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.shape == expected.shape
    if case.tolerance == 0:
        assert np.array_equal(photo.pixels, expected.round().astype(np.uint8))
    else:
        difference = np.abs(photo.pixels - expected.astype(np.float32))
        assert difference.max() <= case.tolerance
        assert difference.mean() <= max(1, case.tolerance / 4)
    if case.note:
        assert len(photo.notes) == 1
        assert case.note in photo.notes[0]
    else:
        assert photo.notes == ()


@pytest.mark.filterwarnings("ignore:Truncated File Read", "ignore:Corrupt EXIF data")
@by_name(BAD)
def test_a_broken_file_is_refused_in_one_line_that_names_it_and_says_why(case, tmp_path):
    file = tmp_path / case.name
    file.write_bytes(case.make())
    with pytest.raises(ImageReadError, match=case.error) as refusal:
        read_photo(file)
    assert str(refusal.value).startswith(f"{file}: ")
    assert "\n" not in str(refusal.value)


def test_there_are_many_cases():
    assert len(CASES) >= 150
    assert len(BAD) >= 50


@pytest.mark.parametrize(
    ("content", "package", "extra", "kind"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "pillow_heif", "heif", "HEIC"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(99), "rawpy", "raw", "RAW"),
    ],
)
def test_without_its_extra_a_file_is_refused_with_the_line_that_installs_it(
    content, package, extra, kind, monkeypatch
):
    monkeypatch.setitem(sys.modules, package, None)  # importing it now fails
    with pytest.raises(ImageReadError, match=rf"{kind}.*pip install 'ssliqa\[{extra}\]'"):
        read_photo(content)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    (tmp_path / "lost.jpg").symlink_to(tmp_path / "gone.jpg")
    with pytest.raises(ImageReadError, match="is a pipe or a device"):
        read_photo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageReadError, match="is a pipe or a device"):
        read_photo("/dev/zero")
    with pytest.raises(ImageReadError, match="cannot be opened"):
        read_photo(tmp_path / "loop.jpg")
    with pytest.raises(ImageReadError, match="no such file"):
        read_photo(tmp_path / "lost.jpg")


def test_a_file_of_terabytes_is_refused_before_it_is_read(tmp_path):
    file = tmp_path / "endless.jpg"
    with file.open("wb") as stream:
        stream.write(encoded(scene(), "JPEG"))
        stream.truncate(10**12)  # takes no room on the disk
    with pytest.raises(ImageReadError, match=r"has 1e\+03 GB, more than the 2 GB allowed"):
        read_photo(file)


@pytest.mark.parametrize("name", ["Größe 写真.png", "line\nbreak.png", b"\xff\xfe.png"])
def test_a_name_in_any_encoding_is_read(name, tmp_path):
    file = os.fsencode(tmp_path) + b"/" + os.fsencode(name)
    with open(file, "wb") as stream:  # noqa: PTH123 (the name is bytes)
        stream.write(encoded(scene(), "PNG"))
    np.testing.assert_array_equal(read_photo(os.fsdecode(file)).pixels, scene())
