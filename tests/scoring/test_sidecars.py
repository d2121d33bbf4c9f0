"""Stars beside photographs, as photo programs and our own reader expect them."""

import os
import stat

import pytest
from brightness import grey

from ssliqa.data.tables import read_label_table
from ssliqa.data.xmp import XMP, rating_of
from ssliqa.data.xmp_edit import new_packet, set_property
from ssliqa.errors import SidecarError
from ssliqa.scoring.sidecars import Sidecars, Stars, stars_of


def rated(stars):
    """A sidecar as another program would write it."""
    return set_property(new_packet(), XMP, "xmp", "Rating", str(stars))


def rating(path):
    return rating_of(path.read_bytes())


@pytest.fixture
def photo(tmp_path):
    return grey(tmp_path / "a.jpg", 100)


@pytest.mark.parametrize(
    ("level", "stars"),
    [(1, 1), (1.49, 1), (1.5, 2), (2.5, 3), (3.2, 3), (4.5, 5), (5, 5), (0.2, 1), (5.9, 5)],
)
def test_stars_are_the_nearest_level(level, stars):
    assert stars_of(level) == stars


def test_stars_written_are_read_back_as_ratings(tmp_path):
    photos = {f"{stars}.jpg": stars for stars in range(1, 6)} | {"sub/bad.name.png": 3}
    sidecars = Sidecars()
    for name, stars in photos.items():
        photo = grey(tmp_path / name, 40 * stars)
        content = photo.read_bytes()
        assert sidecars.write(photo, stars) is Stars.WRITTEN
        assert photo.read_bytes() == content
        assert photo.with_name(photo.name + ".xmp").exists()
    table = read_label_table(tmp_path, None)
    assert dict(zip(table.names, table.mos, strict=True)) == photos


@pytest.mark.parametrize("name", ["a.jpg.xmp", "a.jpg.XMP", "a.xmp", "a.XMP"])
def test_a_sidecar_that_is_there_takes_the_stars_and_keeps_the_rest(photo, name):
    sidecar = photo.with_name(name)
    sidecar.write_bytes(set_property(new_packet(), "urn:dc", "dc", "title", "Sea"))
    sidecar.chmod(0o640)
    assert Sidecars().write(photo, 4) is Stars.WRITTEN
    assert sorted(path.name for path in photo.parent.iterdir()) == sorted(["a.jpg", name])
    assert rating(sidecar) == "4"
    assert b'dc:title="Sea"' in sidecar.read_bytes()
    assert stat.S_IMODE(sidecar.stat().st_mode) == 0o640


def test_a_sidecar_of_a_raw_file_is_not_the_photographs(photo):
    photo.with_name("a.CR3").touch()
    raw = photo.with_name("a.xmp")
    raw.write_bytes(rated(2))
    assert Sidecars().write(photo, 4) is Stars.WRITTEN
    assert rating(raw) == "2"
    assert rating(photo.with_name("a.jpg.xmp")) == "4"


@pytest.mark.parametrize("stars", ["1", "5", "-1"])
def test_stars_that_somebody_gave_are_kept_unless_told_otherwise(photo, stars):
    sidecar = photo.with_name("a.jpg.xmp")
    sidecar.write_bytes(rated(stars))
    before = sidecar.read_bytes()
    assert Sidecars().write(photo, 3) is Stars.KEPT
    assert sidecar.read_bytes() == before
    assert Sidecars(replace=True).write(photo, 3) is Stars.WRITTEN
    assert rating(sidecar) == "3"


def test_unrated_is_not_a_rating_of_somebody(photo):
    photo.with_name("a.xmp").write_bytes(rated(0))
    assert Sidecars().write(photo, 3) is Stars.WRITTEN


def test_stars_in_the_photograph_itself_are_somebodys(tmp_path):
    from PIL import Image

    photo = tmp_path / "a.jpg"
    Image.new("RGB", (8, 8)).save(photo, xmp=rated(5))
    assert Sidecars().write(photo, 3) is Stars.KEPT
    assert list(tmp_path.iterdir()) == [photo]


def test_our_own_stars_follow_a_new_score_but_not_once_somebody_changed_them(photo):
    sidecar = photo.with_name("a.jpg.xmp")
    for stars in (2, 4):
        assert Sidecars().write(photo, stars) is Stars.WRITTEN
        assert rating(sidecar) == str(stars)
    unchanged = sidecar.stat()
    Sidecars().write(photo, 4)
    assert os.path.samestat(sidecar.stat(), unchanged)
    sidecar.write_bytes(sidecar.read_bytes().replace(b'xmp:Rating="4"', b'xmp:Rating="1"'))
    assert Sidecars().write(photo, 5) is Stars.KEPT
    assert rating(sidecar) == "1"


@pytest.mark.parametrize("content", [b"<x:xmpmeta", b"<html/>", b"\xff\xfe<\0x\0/\0>\0"])
def test_a_sidecar_that_cannot_be_changed_is_told_and_stays(photo, content):
    sidecar = photo.with_name("a.xmp")
    sidecar.write_bytes(content)
    for sidecars in (Sidecars(), Sidecars(replace=True)):
        with pytest.raises(SidecarError, match=r"a\.xmp: cannot take stars"):
            sidecars.write(photo, 4)
    assert sidecar.read_bytes() == content
    assert len(list(photo.parent.iterdir())) == 2


def test_a_link_to_a_sidecar_stays_a_link(photo, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept.xmp").write_bytes(rated(0))
    photo.with_name("a.xmp").symlink_to(elsewhere / "kept.xmp")
    Sidecars().write(photo, 4)
    assert photo.with_name("a.xmp").is_symlink()
    assert rating(elsewhere / "kept.xmp") == "4"


def test_a_folder_that_cannot_be_written_is_told(photo):
    photo.with_name("a.jpg.xmp").mkdir()
    with pytest.raises(SidecarError, match=r"a\.jpg\.xmp: cannot be written"):
        Sidecars().write(photo, 4)
