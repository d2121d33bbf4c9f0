from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ssliqa.errors import ConfigError, ImageReadError
from ssliqa.images import ImageCache, Protocol, default_cache_folder, read_image, resize_image
from ssliqa.images.decode import decoder_version
from ssliqa.images.entries import entry_bytes

SMALL = Protocol(short=32, crop=24)
ENTRY = entry_bytes((32, 40, 3))  # bytes of one photo of the fixture below
PLENTY = 10**9


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    return [write_photo(folder / f"{number}.png", seed=number) for number in range(6)]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def write_photo(path, seed, size=(48, 60)):
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def prepare(folder, paths, protocol=SMALL, limit=PLENTY, **options):
    return ImageCache(folder, limit).prepare(paths, protocol, **{"workers": 2} | options)


def entries(folder):
    return sorted(folder.glob("*.pixels"))


def identities(folder):
    """Inode of each entry: a rebuilt one gets another."""
    return {path.name: path.stat().st_ino for path in entries(folder)}


def bytes_in(folder):
    return sum(path.stat().st_size for path in folder.iterdir())


def assert_right(prepared, protocol=SMALL):
    for index, path in enumerate(prepared.paths):
        expected = resize_image(read_image(path), protocol)
        np.testing.assert_array_equal(prepared.image(index), expected)


def test_pixels_from_the_cache_are_those_of_decode_and_resize(photos, folder):
    cold = prepare(folder, photos)
    assert_right(cold)
    assert len(cold) == len(entries(folder)) == 6
    assert (cold.failures, cold.uncached, cold.note) == ((), 0, "")
    assert {(photo.height, photo.width) for photo in cold.photos} == {(32, 40)}
    assert not cold.image(0).flags.writeable


def test_a_second_run_decodes_nothing(photos, folder):
    first = prepare(folder, photos)
    before = identities(folder)
    second = prepare(folder, photos)
    assert identities(folder) == before
    assert second.photos == first.photos
    assert_right(second)


def test_photos_with_the_same_content_share_an_entry_and_a_path_may_repeat(photos, folder):
    twin = photos[0].with_name("twin.png")
    twin.write_bytes(photos[0].read_bytes())
    prepared = prepare(folder, [photos[0], twin, photos[1], photos[0]])
    assert len(entries(folder)) == 2
    assert_right(prepared)


def test_changed_content_at_the_same_path_gives_new_pixels(photos, folder):
    stale = prepare(folder, photos).image(0).copy()
    state = photos[0].stat()
    write_photo(photos[0], seed=99)
    os.utime(photos[0], ns=(state.st_atime_ns, state.st_mtime_ns))  # time alone would not tell
    prepared = prepare(folder, photos)
    assert_right(prepared)
    assert not np.array_equal(prepared.image(0), stale)


def test_another_protocol_has_entries_of_its_own(photos, folder):
    larger = Protocol(short=40, crop=24)
    exact = Protocol(resize="exact", height=50, width=30, crop=24)
    for protocol in (SMALL, larger, exact):
        assert_right(prepare(folder, photos[:2], protocol), protocol)
    assert len(entries(folder)) == 6
    prepare(folder, photos[:2], Protocol(short=32, crop=20, grid=2))  # same pixels
    assert len(entries(folder)) == 6


def test_what_another_decoder_has_left_is_not_used(photos, folder, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr("ssliqa.images.cache.decoder_version", lambda: "an earlier decoder")
        old = prepare(folder, photos[:2])
    new = prepare(folder, photos[:2])
    assert {photo.key for photo in old.photos}.isdisjoint(photo.key for photo in new.photos)
    assert len(entries(folder)) == 4


def test_the_decoder_is_named_with_the_packages_that_decode():
    assert f"pillow {metadata.version('pillow')}" in decoder_version()
    assert f"simplejpeg {metadata.version('simplejpeg')}" in decoder_version()


def test_progress_counts_every_photo_once(photos, folder):
    bad = photos[0].with_name("bad.png")
    bad.write_bytes(b"no photo")
    prepare(folder, photos[:2])
    seen = []
    prepare(folder, [*photos, photos[5], bad], progress=lambda done, of: seen.append((done, of)))
    assert seen == [(done, 8) for done in range(1, 9)]


def test_unreadable_photos_are_reported_with_reasons_and_the_rest_is_prepared(photos, folder):
    cut, text, gone = (photos[0].with_name(name) for name in ("cut.png", "text.jpg", "gone.jpg"))
    cut.write_bytes(photos[0].read_bytes()[:-2000])
    text.write_text("no photo")
    prepared = prepare(folder, [cut, photos[0], text, gone, photos[0].parent, photos[1]])
    reasons = dict(prepared.failures)
    assert list(reasons) == [cut, text, gone, photos[0].parent]
    assert "damaged or incomplete" in reasons[cut]
    assert "not a photo" in reasons[text]
    assert "no such file" in reasons[gone]
    assert "is a folder" in reasons[photos[0].parent]
    assert [photo is None for photo in prepared.photos] == [True, False, True, True, True, False]
    assert len(entries(folder)) == 2
    np.testing.assert_array_equal(prepared.image(5), prepare(folder, [photos[1]]).image(0))
    with pytest.raises(ImageReadError, match=r"gone\.jpg: no such file"):
        prepared.image(3)


def flip_a_bit(content, position):
    return content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]


DAMAGE = {
    "cut short": lambda content: content[:-1],
    "cut within the header": lambda content: content[:10],
    "empty": lambda _: b"",
    "too long": lambda content: content + b"\0",
    "wrong magic": lambda content: flip_a_bit(content, 0),
    "another version": lambda content: flip_a_bit(content, 8),
    "height and width swapped": lambda content: (
        content[:12] + content[16:20] + content[12:16] + content[20:]
    ),
    "a flipped bit in the first pixel": lambda content: flip_a_bit(content, 24),
    "a flipped bit in the last pixel": lambda content: flip_a_bit(content, -2),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_entry_is_rebuilt_by_the_next_run(photos, folder, kind):
    prepare(folder, photos[:1])
    (entry,) = entries(folder)
    whole = entry.read_bytes()
    entry.write_bytes(DAMAGE[kind](whole))
    assert_right(prepare(folder, photos[:1]))
    assert entry.read_bytes() == whole


@pytest.mark.parametrize("kind", ["cut short", "empty", "wrong magic"])
def test_an_entry_damaged_while_in_use_is_rebuilt_on_access(photos, folder, kind):
    prepared = prepare(folder, photos[:1])
    (entry,) = entries(folder)
    whole = entry.read_bytes()
    entry.write_bytes(DAMAGE[kind](whole))
    assert_right(prepared)
    assert entry.read_bytes() == whole


def test_an_entry_removed_while_in_use_is_rebuilt_on_access_and_open_pixels_survive(photos, folder):
    prepared = prepare(folder, photos)
    held = prepared.image(2)
    before = held.copy()
    for entry in entries(folder):
        entry.unlink()
    np.testing.assert_array_equal(held, before)
    assert_right(prepared)
    assert len(entries(folder)) == 6


def test_a_photo_that_changed_or_vanished_during_the_run_is_an_error_not_other_pixels(
    photos, folder
):
    prepared = prepare(folder, photos[:2])
    for entry in entries(folder):
        entry.unlink()
    write_photo(photos[0], seed=99)
    photos[1].unlink()
    with pytest.raises(ImageReadError, match=r"0\.png: has changed since it was prepared"):
        prepared.image(0)
    with pytest.raises(ImageReadError, match=r"1\.png: no such file"):
        prepared.image(1)


def test_the_entries_used_longest_ago_make_room(photos, folder):
    limit = 4 * ENTRY + 10
    old = prepare(folder, photos[:3], limit=limit)
    for age, photo in zip((30, 10, 20), old.photos, strict=True):
        used = time.time() - age
        os.utime(folder / f"{photo.key}.pixels", (used, used))
    prepare(folder, photos[:1], limit=limit)  # used again: now the youngest
    prepare(folder, photos[3:5], limit=limit)
    left = {entry.stem for entry in entries(folder)}
    assert old.photos[0].key in left
    assert old.photos[2].key not in left
    assert bytes_in(folder) <= limit


def test_the_folder_never_grows_beyond_its_limit(photos, folder):
    for limit in (0, 1, ENTRY, 2 * ENTRY, 5 * ENTRY, 2 * ENTRY - 1, 3 * ENTRY):
        for chosen in (photos[:2], photos[2:], photos, photos[::-2]):
            assert_right(prepare(folder, chosen, limit=limit))
            assert bytes_in(folder) <= limit


def test_photos_beyond_the_limit_are_decoded_at_each_access_and_counted(photos, folder):
    prepared = prepare(folder, photos, limit=4 * ENTRY)
    assert prepared.uncached == 2
    assert "limit" in prepared.note
    assert_right(prepared)
    assert len(entries(folder)) == 4
    again = prepare(folder, photos, limit=4 * ENTRY)
    assert again.uncached == 2
    assert len(entries(folder)) == 4


def test_one_run_never_removes_what_it_prepared_before(photos, folder):
    cache = ImageCache(folder, 4 * ENTRY)
    training = cache.prepare(photos[:3], SMALL, workers=1)
    before = identities(folder)
    validation = cache.prepare(photos[3:], SMALL, workers=1)
    assert before.items() <= identities(folder).items()
    assert (training.uncached, validation.uncached) == (0, 2)
    assert_right(validation)


def test_other_files_in_the_folder_are_left_alone_and_abandoned_parts_removed(photos, folder):
    folder.mkdir()
    precious = folder / "thesis.txt"
    precious.write_text("x" * 5 * ENTRY)
    abandoned, recent = folder / "a.1-1.pixels-part", folder / "b.2-2.pixels-part"
    abandoned.write_bytes(b"half")
    recent.write_bytes(b"half")
    os.utime(abandoned, (0, 0))
    prepare(folder, photos, limit=2 * ENTRY)
    assert precious.exists()
    assert recent.exists()
    assert not abandoned.exists()


PREPARE = """
import sys
from pathlib import Path
from ssliqa.images import ImageCache, Protocol, read_image, resize_image
import numpy as np
folder, limit, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
paths, protocol = [Path(name) for name in sys.argv[4:]], Protocol(short=32, crop=24)
expected = [resize_image(read_image(path), protocol) for path in paths]
print("ready", flush=True)
sys.stdin.readline()
for _ in range(rounds):
    prepared = ImageCache(folder, limit).prepare(paths, protocol, workers=2)
    assert not prepared.failures
    for _ in range(3):
        for index, pixels in enumerate(expected):
            assert np.array_equal(prepared.image(index), pixels)
"""


@pytest.mark.parametrize("limit", [PLENTY, 5 * ENTRY])
def test_two_processes_may_use_one_folder_at_the_same_time(photos, folder, limit):
    # With the small limit the two remove each other's entries all the time.
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PREPARE, str(folder), str(limit), "15", *map(str, chosen)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for chosen in (photos[:4], photos[2:])
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    prepared = prepare(folder, photos, limit=limit)
    assert_right(prepared)
    assert bytes_in(folder) <= limit
    assert not list(folder.glob("*part"))


DISK_FULL = """
import resource, sys
from pathlib import Path
from ssliqa.images import ImageCache, Protocol, read_image, resize_image
import numpy as np
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))  # no file may grow beyond this
folder, paths = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
protocol = Protocol(short=32, crop=24)
prepared = ImageCache(folder, 10**9).prepare(paths, protocol, workers=2)
for index, path in enumerate(paths):
    assert np.array_equal(prepared.image(index), resize_image(read_image(path), protocol))
print(prepared.uncached, prepared.note)
"""


def test_when_nothing_more_can_be_written_photos_are_decoded_on_access(photos, folder):
    command = [sys.executable, "-c", DISK_FULL, str(folder), *map(str, photos)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("6 the image cache")
    assert "cannot be written (File too large)" in result.stdout
    assert list(folder.iterdir()) == []  # no half-written file


def test_a_folder_that_cannot_be_made_is_refused(photos, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ConfigError, match=r"folder .*cache cannot be written .*Choose another"):
        prepare(blocked / "cache", photos)


def test_senseless_settings_are_refused(photos, folder):
    with pytest.raises(ConfigError, match="limit is -1 bytes"):
        ImageCache(folder, -1)
    with pytest.raises(ConfigError, match="workers=0"):
        prepare(folder, photos, workers=0)


def test_an_interruption_stops_soon_and_leaves_only_whole_entries(tmp_path, folder):
    photos = [write_photo(tmp_path / f"{seed}.png", seed, size=(300, 300)) for seed in range(60)]

    def interrupt(done, _):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(folder, photos, workers=1, progress=interrupt)
    assert 3 <= len(entries(folder)) < 60
    assert len(list(folder.iterdir())) == len(entries(folder))
    assert_right(prepare(folder, photos))


def test_reading_many_photos_keeps_no_file_open(photos, folder):
    prepared = prepare(folder, photos)
    open_files = Path("/proc/self/fd")
    if not open_files.is_dir():
        pytest.skip("needs /proc to count open files")
    before = len(list(open_files.iterdir()))
    for _ in range(50):
        for index in range(len(prepared)):
            prepared.image(index)
    assert len(list(open_files.iterdir())) == before


MEMORY = """
import resource, sys
from pathlib import Path
from ssliqa.images import ImageCache, Protocol
paths = [Path(name) for name in sys.argv[2:]]
ImageCache(Path(sys.argv[1]), 10**9).prepare(paths, Protocol(), workers=2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has another unit elsewhere")
def test_memory_does_not_grow_with_the_number_of_large_photos(tmp_path, folder):
    large = []
    for number in range(16):  # 12 megapixels, 36 MB decoded, each
        path = tmp_path / f"{number}.jpg"
        Image.new("RGB", (4000, 3000), (number, 50, 90)).save(path)
        large.append(str(path))

    def peak(paths):
        command = [sys.executable, "-c", MEMORY, str(folder), *paths]
        return int(subprocess.run(command, capture_output=True, check=True, timeout=120).stdout)

    few, many = peak(large[:4]), peak(large[4:])
    assert many - few < 2 * 36_000  # kB; twelve photos at once would be 432,000


def test_prepared_photos_can_be_sent_to_another_process(photos, folder):
    prepared = prepare(folder, photos)
    copy = pickle.loads(pickle.dumps(prepared))  # noqa: S301 - as multiprocessing does
    assert_right(copy)
    entries(folder)[0].unlink()
    assert_right(copy)


def test_the_default_folder_follows_the_desktop_standard(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_folder() == tmp_path / "ssliqa"
    for useless in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", useless)
        assert default_cache_folder() == Path.home() / ".cache" / "ssliqa"
