from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ssliqa.errors import ImageReadError
from ssliqa.images import Protocol, read_image
from ssliqa.images.decode import read_photo

LIVEC = Path(__file__).parents[2] / ".." / "shared" / "data" / "livec" / "images"


@pytest.fixture
def photo():
    """A photograph's slow gradients, with no symmetry that could hide a wrong turn."""
    y, x = np.mgrid[:24, :40]
    return np.stack([5 * x, 9 * y, 3 * x + 2 * y], axis=2).astype(np.uint8)


def encoded(pixels, form, **options):
    stream = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(stream, form, **options)
    return stream.getvalue()


def with_orientation(pixels, form, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(pixels, form, exif=exif)


# Where the EXIF standard says the stored row 0 and column 0 belong in the upright picture.
STORED = {
    1: lambda upright: upright,  # row 0 top, column 0 left
    2: lambda upright: upright[:, ::-1],  # top, right
    3: lambda upright: upright[::-1, ::-1],  # bottom, right
    4: lambda upright: upright[::-1],  # bottom, left
    5: lambda upright: upright.swapaxes(0, 1),  # left, top
    6: lambda upright: upright[:, ::-1].swapaxes(0, 1),  # right, top
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),  # right, bottom
    8: lambda upright: upright[::-1].swapaxes(0, 1),  # left, bottom
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_every_exif_orientation_comes_out_upright(photo, form, orientation):
    stored = np.ascontiguousarray(STORED[orientation](photo))
    upright = read_image(with_orientation(stored, form, orientation))
    assert upright.shape == photo.shape
    tolerance = 0 if form in ("PNG", "TIFF") else 20
    np.testing.assert_allclose(upright.astype(int), photo, atol=tolerance)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(photo, orientation):
    np.testing.assert_array_equal(read_image(with_orientation(photo, "PNG", orientation)), photo)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_make_a_photo_unreadable(photo):
    content = encoded(photo, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7fgarbage")
    assert read_image(content).shape == photo.shape


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("WEBP", {"lossless": True}),
        ("PPM", {}),
    ],
)
def test_lossless_formats_give_exactly_what_was_written(photo, form, options):
    decoded = read_image(encoded(photo, form, **options))
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, photo)


def test_the_first_frame_of_an_animation_is_read(photo):
    frames = [Image.fromarray(photo), Image.fromarray(255 - photo)]
    for form, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("PNG", {})):
        content = encoded(frames[0], form, save_all=True, append_images=frames[1:], **options)
        tolerance = 40 if form == "GIF" else 0  # 256 colors
        np.testing.assert_allclose(read_image(content).astype(int), photo, atol=tolerance)


def test_a_phone_picture_with_a_second_picture_inside_is_read(photo):
    second = Image.fromarray(photo[:8, :8])
    content = encoded(photo, "MPO", save_all=True, append_images=[second], quality=95)
    np.testing.assert_allclose(read_image(content).astype(int), photo, atol=12)


def test_grey_has_three_equal_channels():
    grey = np.arange(200, dtype=np.uint8).reshape(10, 20)
    for form in ("PNG", "BMP", "TIFF", "PPM"):
        decoded = read_image(encoded(grey, form))
        np.testing.assert_array_equal(decoded, np.repeat(grey[..., None], 3, axis=2))
    assert np.ptp(read_image(encoded(grey, "JPEG")), axis=2).max() == 0


def test_one_bit_is_black_and_white():
    bits = np.eye(9, dtype=bool)
    for form in ("PNG", "BMP", "TIFF"):
        decoded = read_image(encoded(Image.fromarray(bits), form))
        np.testing.assert_array_equal(decoded[..., 0], np.where(bits, 255, 0))


def test_sixteen_bit_grey_is_scaled_not_clipped():
    deep = np.array([[0, 128, 129, 255, 257, 32767, 32768, 65407, 65535]], dtype=np.uint16)
    expected = [0, 0, 1, 1, 1, 127, 128, 255, 255]  # value / 257, rounded
    for form in ("PNG", "TIFF", "PPM"):
        decoded = read_image(encoded(deep, form))
        np.testing.assert_array_equal(decoded[0], np.repeat(expected, 3).reshape(9, 3))


def test_sixteen_bit_color_is_scaled_to_eight():
    rows = np.array([[[0, 32768, 65535], [65535, 0, 257]]], dtype=">u2")
    content = png(2, 1, depth=16, color_type=2, rows=[rows.tobytes()])
    np.testing.assert_array_equal(read_image(content)[0], [[0, 128, 255], [255, 0, 1]])


@pytest.mark.parametrize(
    ("pixel", "mode", "expected"),
    [
        ((10, 20, 30, 255), "RGBA", (10, 20, 30)),
        ((10, 20, 30, 0), "RGBA", (255, 255, 255)),
        ((0, 100, 200, 51), "RGBA", (204, 224, 244)),  # a fifth of the color on white
        ((100, 255), "LA", (100, 100, 100)),
        ((100, 51), "LA", (224, 224, 224)),
    ],
)
def test_transparency_is_laid_on_white(pixel, mode, expected):
    image = Image.new(mode, (3, 2), pixel)
    for content in (encoded(image, "PNG"), encoded(image, "TIFF")):
        np.testing.assert_array_equal(read_image(content)[1, 2], expected)


def test_a_transparent_color_of_a_palette_becomes_white():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([0, 1])
    plain, transparent = encoded(image, "PNG"), encoded(image, "PNG", transparency=0)
    np.testing.assert_array_equal(read_image(plain)[0], [[10, 20, 30], [40, 50, 60]])
    np.testing.assert_array_equal(read_image(transparent)[0], [[255, 255, 255], [40, 50, 60]])
    gif = encoded(image, "GIF", transparency=0)
    np.testing.assert_array_equal(read_image(gif)[0], [[255, 255, 255], [40, 50, 60]])


def test_a_transparent_color_key_becomes_white():
    pixels = np.array([[[1, 2, 3], [4, 5, 6]]], dtype=np.uint8)
    content = encoded(pixels, "PNG", transparency=(1, 2, 3))
    np.testing.assert_array_equal(read_image(content)[0], [[255, 255, 255], [4, 5, 6]])


def test_cmyk_becomes_rgb():
    for form in ("TIFF", "JPEG"):
        content = encoded(Image.new("CMYK", (16, 16), (255, 0, 0, 0)), form)  # all cyan
        np.testing.assert_allclose(read_image(content)[8, 8].astype(int), [0, 255, 255], atol=3)


def test_a_path_bytes_an_image_and_an_array_give_the_same_pixels(photo, tmp_path):
    file = tmp_path / "a photo, with spaces.png"
    file.write_bytes(encoded(photo, "PNG"))
    with Image.open(file) as image:
        sources = [file, str(file), file.read_bytes(), image, photo]
        for source in sources:
            np.testing.assert_array_equal(read_image(source), photo)


def test_a_pillow_image_is_turned_upright_too(photo):
    with Image.open(io.BytesIO(with_orientation(photo[:, ::-1].copy(), "PNG", 2))) as image:
        np.testing.assert_array_equal(read_image(image), photo)


def test_arrays_of_one_to_four_channels_and_both_depths_are_read():
    grey = np.array([[100, 0]], dtype=np.uint8)
    expected = [[100] * 3, [0] * 3]
    np.testing.assert_array_equal(read_image(grey)[0], expected)
    np.testing.assert_array_equal(read_image(grey[..., None])[0], expected)
    np.testing.assert_array_equal(read_image(grey.astype(np.uint16) * 257)[0], expected)
    alpha = np.array([[[100, 255], [0, 0]]], dtype=np.uint8)
    np.testing.assert_array_equal(read_image(alpha)[0], [[100] * 3, [255] * 3])
    color = np.array([[[1, 2, 3, 255], [9, 9, 9, 0]]], dtype=np.uint8)
    np.testing.assert_array_equal(read_image(color)[0], [[1, 2, 3], [255] * 3])
    turned = np.moveaxis(np.arange(24, dtype=np.uint8).reshape(3, 2, 4), 0, 2)
    np.testing.assert_array_equal(read_image(turned), turned)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((3, 4, 4, 3), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_an_array_that_is_no_image_is_refused(array):
    with pytest.raises(ImageReadError, match=r"shape \(.*which is no image"):
        read_image(array)


def test_an_image_without_pixels_is_refused():
    for source in (np.zeros((0, 4, 3), np.uint8), Image.new("RGB", (0, 4))):
        with pytest.raises(ImageReadError, match="no pixels"):
            read_image(source)


@pytest.mark.filterwarnings("ignore:Truncated File Read")
@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF"])
def test_a_truncated_file_is_refused_at_any_length(form):
    noisy = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    content = encoded(noisy, form)
    for share in (0.01, 0.1, 0.5, 0.9):
        with pytest.raises(ImageReadError):
            read_image(content[: int(len(content) * share)])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"empty \(0 bytes\)"),
        (b"image,score\na.jpg,3.5\n", "not a photo in a known format.*JPEG, PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a photo"),
        (b"\xff\xd8\xff", "not a photo|damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "not a photo|damaged"),
    ],
)
def test_what_is_no_photo_is_refused_in_one_line_that_names_it(tmp_path, content, words):
    file = tmp_path / "IMG_1.jpg"
    file.write_bytes(content)
    with pytest.raises(ImageReadError, match=words) as refusal:
        read_image(file)
    assert str(refusal.value).startswith(f"{file}: ")
    assert "\n" not in str(refusal.value)


def test_missing_files_folders_and_impossible_names_are_refused(tmp_path):
    with pytest.raises(ImageReadError, match=r"gone\.jpg: no such file"):
        read_image(tmp_path / "gone.jpg")
    with pytest.raises(ImageReadError, match="is a folder"):
        read_image(tmp_path)
    with pytest.raises(ImageReadError, match="cannot be opened"):
        read_image(str(tmp_path / "a\0b.jpg"))
    with pytest.raises(ImageReadError, match="cannot be opened"):
        read_image(tmp_path / ("x" * 300))


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read every file")
def test_a_file_without_permission_is_refused(tmp_path, photo):
    file = tmp_path / "secret.png"
    file.write_bytes(encoded(photo, "PNG"))
    file.chmod(0)
    with pytest.raises(ImageReadError, match="permission to read it is denied"):
        read_image(file)


def test_values_with_no_defined_black_and_white_are_refused():
    for image in (Image.new("F", (4, 4), 0.5), Image.new("I", (4, 4), 70000)):
        with pytest.raises(ImageReadError, match=r"32-bit values.*8 or 16 bits"):
            read_image(encoded(image, "TIFF"))


def test_a_decompression_bomb_is_refused_before_it_is_unpacked():
    bomb = png(30_000, 30_000, depth=8, color_type=2, rows=[])
    assert len(bomb) < 100
    with pytest.raises(ImageReadError, match="decompression bombs"):
        read_image(bomb)


@pytest.mark.skipif(not LIVEC.is_dir(), reason="needs ../shared/data/livec")
def test_real_photographs_decode_to_what_pillow_decodes():
    for file in sorted(LIVEC.glob("*.jpg"))[:5]:
        with Image.open(file) as image:
            np.testing.assert_array_equal(read_image(file), np.asarray(image.convert("RGB")))


def png(width, height, depth, color_type, rows):
    """A PNG file written by hand: also the kinds Pillow does not write."""

    def chunk(kind, body):
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("size", "notes"),
    [
        ((40, 30), ("40 x 30 pixels are few: enlarged 8 times, it looks soft.",)),
        ((640, 40), ("640 x 40 pixels are few: enlarged 6 times, it looks soft.",)),
        ((120, 90), ()),
        ((4000, 3000), ()),
    ],
)
def test_what_is_enlarged_beyond_recognition_is_noted(size, notes):
    image = Image.new("RGB", size, (90, 120, 150))
    assert read_photo(encoded(image, "JPEG"), Protocol(short=240, crop=224)).notes == notes
    assert read_photo(encoded(image, "JPEG")).notes == ()
