"""Difficult and broken photo files, each with its right pixels or the reason it must give.

Everything is made when asked for, from arrays; the right pixels are computed from the same arrays
with numpy alone, never by the code under test. Add a case with ``@good`` or ``@bad``.
"""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from file_makers import (
    LONG,
    SHORT,
    cmyk_profile,
    dng,
    encoded,
    flat_jpeg,
    grey_profile,
    ink_color,
    png,
    png_chunk,
    rgb_profile,
    seen_in_srgb,
    srgb_encoded,
    tiff,
)
from PIL import Image


@dataclass(frozen=True)
class Case:
    """A file, and what must come of it."""

    name: str
    make: Callable
    """Gives (content, pixels (H, W, 3)) of a good file, or the content of a bad one."""
    tolerance: float = 0
    """Levels by which any pixel of a good file may be wrong."""
    note: str = ""
    """Words of the note that must come with a good file."""
    error: str = ""
    """Pattern of the reason a bad file must give; empty for good ones."""
    needs: str = ""
    """Package of the extra that reads it."""


CASES: dict[str, Case] = {}


def good(name, tolerance=0.0, **more):
    def register(make):
        assert name not in CASES
        CASES[name] = Case(name, make, tolerance, **more)
        return make

    return register


def bad(name, error, **more):
    def register(make):
        assert name not in CASES
        CASES[name] = Case(name, make, error=error, **more)
        return make

    return register


def scene(height=24, width=40):
    """Slow gradients, which JPEG keeps nearly, with no symmetry that could hide a wrong turn."""
    y, x = np.mgrid[:height, :width].astype(float)
    red, green = 200 * x / max(width - 1, 1), 220 * y / max(height - 1, 1)
    return np.stack([red, green, 20 + 0.6 * red + 0.4 * green], axis=2).round().astype(np.uint8)


def noise(height=64, width=64):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def grey_of(levels):
    return np.repeat(np.asarray(levels)[..., None], 3, axis=2)


def on_white(color, alpha):
    """Colors (..., 3) of 0..255 with alpha (...) of 0..255 before a white wall."""
    share = np.asarray(alpha, dtype=float)[..., None] / 255
    return np.asarray(color, dtype=float) * share + 255 * (1 - share)


def with_orientation(pixels, form, orientation, **options):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(np.ascontiguousarray(pixels), form, exif=exif, **options)


# --- orientation: where the EXIF standard says the stored row 0 and column 0 belong ---------------

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

for _orientation, _stored in STORED.items():
    for _form, _suffix, _tolerance in (("JPEG", "jpg", 6), ("PNG", "png", 0), ("TIFF", "tif", 0)):

        @good(f"orientation_{_orientation}.{_suffix}", _tolerance)
        def _(stored=_stored, orientation=_orientation, form=_form):
            options = {"quality": 95, "subsampling": 0} if form == "JPEG" else {}
            return with_orientation(stored(scene()), form, orientation, **options), scene()


@good("orientation_8.webp", 0)
def _():
    stored = STORED[8](scene())
    return with_orientation(stored, "WEBP", 8, lossless=True), scene()


@good("orientation_6.avif", 10)
def _():
    return with_orientation(STORED[6](scene(64, 96)), "AVIF", 6, quality=95), scene(64, 96)


@good("orientation_9_does_not_exist.png")
def _():
    return with_orientation(scene(), "PNG", 9), scene()


@good("damaged_exif.jpg", 6)
def _():
    broken = b"Exif\0\0II*\0\xff\xff\xff\x7fgarbage"
    return encoded(scene(), "JPEG", quality=95, subsampling=0, exif=broken), scene()


# --- grey, transparency, palettes, one bit --------------------------------------------------------

GREY = np.arange(240, dtype=np.uint8).reshape(12, 20)
ALPHA = np.linspace(0, 255, 24 * 40).round().astype(np.uint8).reshape(24, 40)
BITS = np.eye(16, dtype=bool) | (np.arange(16) % 5 == 0)

for _form, _suffix in (("PNG", "png"), ("TIFF", "tif"), ("BMP", "bmp"), ("PPM", "pgm")):

    @good(f"grey.{_suffix}")
    def _(form=_form):
        return encoded(GREY, form), grey_of(GREY)


@good("grey.jpg", 3)
def _():
    return encoded(GREY, "JPEG", quality=98), grey_of(GREY)


@good("grey_alpha.png", 1)
def _():
    content = encoded(np.stack([GREY, 255 - GREY], axis=2), "PNG")
    return content, on_white(grey_of(GREY), 255 - GREY)


@good("alpha.png", 1)
def _():
    return encoded(np.dstack([scene(), ALPHA]), "PNG"), on_white(scene(), ALPHA)


@good("alpha.tif", 1)
def _():
    return encoded(np.dstack([scene(), ALPHA]), "TIFF"), on_white(scene(), ALPHA)


@good("alpha.webp", 1)
def _():
    content = encoded(np.dstack([scene(), ALPHA]), "WEBP", lossless=True, exact=True)
    return content, on_white(scene(), ALPHA)


@good("alpha_all_opaque.png")
def _():
    return encoded(np.dstack([scene(), np.full_like(ALPHA, 255)]), "PNG"), scene()


@good("alpha_all_transparent.png")
def _():
    return encoded(np.dstack([scene(), 0 * ALPHA]), "PNG"), np.full((24, 40, 3), 255)


@good("alpha_premultiplied.tif", 3)
def _():
    alpha = np.maximum(ALPHA, 100)  # of a faint color little is left after premultiplication
    stored = (scene() * (alpha[..., None] / 255)).round().astype(np.uint8)
    tags = [*tiff_tags(40, 24, [8] * 4, 2, 4), (338, SHORT, [1])]
    return tiff(tags, np.dstack([stored, alpha]).tobytes()), on_white(scene(), alpha)


def palette_image():
    image = Image.new("P", (4, 2))
    image.putpalette([10, 20, 30, 40, 50, 60, 200, 100, 0, 7, 8, 9])
    image.putdata([0, 1, 2, 3, 3, 2, 1, 0])
    colors = np.array([[10, 20, 30], [40, 50, 60], [200, 100, 0], [7, 8, 9]])
    return image, colors[[[0, 1, 2, 3], [3, 2, 1, 0]]]


@good("palette.png")
def _():
    image, colors = palette_image()
    return encoded(image, "PNG"), colors


@good("palette_with_shades_of_transparency.png", 1)
def _():
    image, colors = palette_image()
    alpha = np.array([0, 255, 51, 128])[[[0, 1, 2, 3], [3, 2, 1, 0]]]
    return encoded(image, "PNG", transparency=bytes([0, 255, 51, 128])), on_white(colors, alpha)


@good("palette_with_a_transparent_color.gif")
def _():
    image, colors = palette_image()
    alpha = np.array([255, 0, 255, 255])[[[0, 1, 2, 3], [3, 2, 1, 0]]]
    return encoded(image, "GIF", transparency=1), on_white(colors, alpha)


@good("color_that_means_transparent.png")
def _():
    pixels = np.array([[[1, 2, 3], [4, 5, 6]]], dtype=np.uint8)
    return encoded(pixels, "PNG", transparency=(1, 2, 3)), [[[255] * 3, [4, 5, 6]]]


@good("grey_that_means_transparent_2_bits.png")
def _():
    key = png_chunk(b"tRNS", struct.pack(">H", 1))
    content = png(4, 1, depth=2, color_type=0, rows=[bytes([0b00011011])], extra=key)
    return content, grey_of([[0, 255, 170, 255]])


@good("grey_that_means_transparent_16_bits.png")
def _():
    key = png_chunk(b"tRNS", struct.pack(">H", 257))
    row = np.array([257, 258, 65535, 0], dtype=">u2")
    content = png(4, 1, depth=16, color_type=0, rows=[row.tobytes()], extra=key)
    return content, grey_of([[255, 1, 255, 0]])


@good("color_that_means_transparent_16_bits.png")
def _():
    key = png_chunk(b"tRNS", struct.pack(">HHH", 0x0105, 0x0205, 0x0305))
    row = np.array([[0x0105, 0x0205, 0x0305], [0x0505, 0x0505, 0x0505]], dtype=">u2")
    content = png(2, 1, depth=16, color_type=2, rows=[row.tobytes()], extra=key)
    return content, [[[255] * 3, [5, 5, 5]]]


for _form, _suffix in (("PNG", "png"), ("TIFF", "tif"), ("BMP", "bmp"), ("PPM", "pbm")):

    @good(f"one_bit.{_suffix}")
    def _(form=_form):
        return encoded(Image.fromarray(BITS), form), grey_of(np.where(BITS, 255, 0))


@good("one_bit_fax.tif")
def _():
    content = encoded(Image.fromarray(BITS), "TIFF", compression="group4")
    return content, grey_of(np.where(BITS, 255, 0))


# --- ink ------------------------------------------------------------------------------------------


def ink_picture():
    """Blocks of 16 x 16 of one ink mixture each, and their plain conversion to RGB."""
    mixtures = np.array(
        [
            [255, 0, 0, 0],
            [0, 255, 0, 0],
            [0, 0, 255, 0],
            [0, 0, 0, 255],
            [30, 60, 90, 120],
            [0] * 4,
        ],
        dtype=np.uint8,
    )
    ink = np.kron(mixtures.reshape(2, 3, 4), np.ones((16, 16, 1), dtype=np.uint8))
    cmy, key = ink[..., :3].astype(float), ink[..., 3:].astype(float)
    return ink, (255 - cmy) * (255 - key) / 255


@good("ink_adobe_inverted.jpg", 4)
def _():
    ink, rgb = ink_picture()
    return encoded(Image.fromarray(ink, "CMYK"), "JPEG", quality=98), rgb


@good("ink_without_the_adobe_marker.jpg", 4)
def _():
    ink, rgb = ink_picture()
    content = encoded(Image.fromarray(ink, "CMYK"), "JPEG", quality=98)
    start = content.index(b"\xff\xee")
    length = int.from_bytes(content[start + 2 : start + 4], "big")
    return content[:start] + content[start + 2 + length :], rgb


@good("ink_stored_as_ycck.jpg", 8)
def _():
    ink, rgb = ink_picture()
    # YCC stands for the complements of the first three values, as libjpeg's sources define it. The
    # values themselves are inverted inks, so their complements are the inks.
    red, green, blue = np.moveaxis(ink[..., :3].astype(float), 2, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    ycc = np.stack([luma, 128 + (blue - luma) / 1.772, 128 + (red - luma) / 1.402], axis=2)
    stored = np.dstack([ycc.round().clip(0, 255), 255.0 - ink[..., 3]]).astype(np.uint8)
    content = encoded(Image.fromarray(255 - stored, "CMYK"), "JPEG", quality=98)
    marker = content.index(b"Adobe") + 11  # the byte that says how colors are transformed
    assert content[marker] == 0
    return content[:marker] + b"\x02" + content[marker + 1 :], rgb


@good("ink.tif", 1)
def _():
    ink, rgb = ink_picture()
    return encoded(Image.fromarray(ink, "CMYK"), "TIFF"), rgb


@good("ink_16_bits.tif", 1)
def _():
    ink, rgb = ink_picture()
    tags = [*tiff_tags(48, 32, [16] * 4, 5, 4), (332, SHORT, [1])]
    return tiff(tags, (ink.astype("<u2") * 257).tobytes()), rgb


@good("ink_with_a_profile.tif", 6)
def _():
    ink = np.zeros((2, 3, 4), dtype=np.uint8)
    mixtures = ["C", "M", "Y", "K", "", "CM"]
    for place, inks in enumerate(mixtures):
        for letter in inks:
            ink[place // 3, place % 3, "CMYK".index(letter)] = 255
    content = encoded(Image.fromarray(ink, "CMYK"), "TIFF", icc_profile=cmyk_profile())
    return content, np.array([ink_color(inks) for inks in mixtures]).reshape(2, 3, 3)


# --- sixteen bits ---------------------------------------------------------------------------------

DEEP = np.array([[0, 128, 129, 255, 257, 32767, 32768, 65407, 65535, 20000]], dtype=np.uint16)
DEEP_COLOR = np.stack([DEEP, DEEP[:, ::-1], np.roll(DEEP, 3)], axis=2)


def tiff_tags(width, height, bits, photometric, samples=1):
    return [
        (256, LONG, [width]),
        (257, LONG, [height]),
        (258, SHORT, bits),
        (259, SHORT, [1]),
        (262, SHORT, [photometric]),
        (277, SHORT, [samples]),
        (278, LONG, [height]),
    ]


for _form, _suffix in (("PNG", "png"), ("TIFF", "tif"), ("PPM", "pgm")):

    @good(f"grey_16_bits.{_suffix}", 0.51)
    def _(form=_form):
        return encoded(DEEP, form), grey_of(DEEP / 257)


@good("grey_16_bits_big_endian.tif", 0.51)
def _():
    return tiff(tiff_tags(10, 1, [16], 1), DEEP.astype(">u2").tobytes(), ">"), grey_of(DEEP / 257)


@good("grey_16_bits_zero_is_white.tif", 0.51)
def _():
    content = tiff(tiff_tags(10, 1, [16], 0), DEEP.astype("<u2").tobytes())
    return content, grey_of(255 - DEEP / 257)


@good("grey_8_bits_zero_is_white.tif")
def _():
    return tiff(tiff_tags(20, 12, [8], 0), GREY.tobytes()), grey_of(255 - GREY)


@good("grey_12_bits.tif", 0.51)
def _():
    values = [0, 4095, 2048, 100]
    packed = b"".join(((a << 12) | b).to_bytes(3, "big") for a, b in (values[:2], values[2:]))
    return tiff(tiff_tags(4, 1, [12], 1), packed), grey_of(np.array([values]) * 255 / 4095)


@good("grey_10_bits.pgm", 0.51)
def _():
    values = np.array([[0, 1023, 512, 3]])
    return b"P5 4 1 1023\n" + values.astype(">u2").tobytes(), grey_of(values * 255 / 1023)


# Pillow gives the upper eight of sixteen bits of a color, which is less than one level from exact.
@good("color_16_bits.png", 1)
def _():
    row = DEEP_COLOR.astype(">u2").tobytes()
    return png(10, 1, depth=16, color_type=2, rows=[row]), DEEP_COLOR / 257


@good("color_16_bits.tif", 1)
def _():
    content = tiff(tiff_tags(10, 1, [16] * 3, 2, 3), DEEP_COLOR.astype("<u2").tobytes())
    return content, DEEP_COLOR / 257


@good("color_16_bits_big_endian.tif", 1)
def _():
    content = tiff(tiff_tags(10, 1, [16] * 3, 2, 3), DEEP_COLOR.astype(">u2").tobytes(), ">")
    return content, DEEP_COLOR / 257


@good("color_16_bits_packed_by_differences.tif", 1)
def _():
    differences = np.diff(DEEP_COLOR, axis=1, prepend=np.uint16(0)).astype("<u2")
    tags = [tag for tag in tiff_tags(10, 1, [16] * 3, 2, 3) if tag[0] != 259]
    tags += [(259, SHORT, [8]), (317, SHORT, [2])]
    return tiff(tags, zlib.compress(differences.tobytes())), DEEP_COLOR / 257


@good("color_16_bits.ppm", 1)
def _():
    return b"P6 10 1 65535\n" + DEEP_COLOR.astype(">u2").tobytes(), DEEP_COLOR / 257


@good("alpha_16_bits.png", 2)
def _():
    alpha = np.full_like(DEEP, 30000)
    row = np.dstack([DEEP_COLOR, alpha]).astype(">u2").tobytes()
    return png(10, 1, depth=16, color_type=6, rows=[row]), on_white(DEEP_COLOR / 257, alpha / 257)


@good("grey_alpha_16_bits.png", 2)
def _():
    alpha = np.full_like(DEEP, 50000)
    row = np.dstack([DEEP, alpha]).astype(">u2").tobytes()
    content = png(10, 1, depth=16, color_type=4, rows=[row])
    return content, on_white(grey_of(DEEP / 257), alpha / 257)


# --- color profiles -------------------------------------------------------------------------------

for _space, _name in (("Display P3", "display_p3"), ("Adobe RGB", "adobe_rgb"), ("sRGB", "srgb")):

    @good(f"profile_{_name}.png", 2)
    def _(space=_space):
        content = encoded(scene(), "PNG", icc_profile=rgb_profile(space))
        return content, seen_in_srgb(scene(), space)

    @good(f"profile_{_name}.jpg", 20)
    def _(space=_space):
        options = {"quality": 98, "subsampling": 0}
        content = encoded(scene(), "JPEG", icc_profile=rgb_profile(space), **options)
        return content, seen_in_srgb(scene(), space)


@good("profile_adobe_rgb_16_bits.tif", 3)
def _():
    profile = rgb_profile("Adobe RGB")
    tags = [*tiff_tags(40, 24, [16] * 3, 2, 3), (34675, 1, profile)]
    return tiff(tags, (scene().astype("<u2") * 257).tobytes()), seen_in_srgb(scene(), "Adobe RGB")


@good("profile_adobe_rgb_with_alpha.png", 3)
def _():
    profile = rgb_profile("Adobe RGB")
    content = encoded(np.dstack([scene(), ALPHA]), "PNG", icc_profile=profile)
    return content, on_white(seen_in_srgb(scene(), "Adobe RGB"), ALPHA)


@good("profile_adobe_rgb_on_a_palette.png", 2)
def _():
    image, colors = palette_image()
    content = encoded(image, "PNG", icc_profile=rgb_profile("Adobe RGB"))
    return content, seen_in_srgb(colors, "Adobe RGB")


@good("profile_adobe_rgb_on_grey.png", 2)
def _():
    content = encoded(GREY, "PNG", icc_profile=rgb_profile("Adobe RGB"))
    return content, seen_in_srgb(grey_of(GREY), "Adobe RGB")


@good("profile_of_grey.png", 2)
def _():
    content = encoded(GREY, "PNG", icc_profile=grey_profile(1.8))
    return content, grey_of(srgb_encoded((GREY / 255) ** 1.8))


@good("profile_broken.png", note="profile is damaged and was ignored")
def _():
    whole = rgb_profile("Adobe RGB")
    return encoded(scene(), "PNG", icc_profile=whole[:200] + b"\xff" * 100), scene()


@good("profile_of_nothing.png", note="profile is damaged or of an unknown kind and was ignored")
def _():
    return encoded(scene(), "PNG", icc_profile=b"hello"), scene()


@good("profile_for_ink_on_rgb.png", note="profile is for another kind of colors and was ignored")
def _():
    return encoded(scene(), "PNG", icc_profile=cmyk_profile()), scene()


@good("profile_for_grey_on_rgb.png", note="profile is for another kind of colors and was ignored")
def _():
    return encoded(scene(), "PNG", icc_profile=grey_profile(1.8)), scene()


# --- several pictures -----------------------------------------------------------------------------


def frames():
    return {"save_all": True, "append_images": [Image.fromarray(255 - scene())]}


@good("animation.gif", 40, note="its first frame was read")  # 256 colors
def _():
    return encoded(scene(), "GIF", **frames()), scene()


@good("animation.webp", note="its first frame was read")
def _():
    return encoded(scene(), "WEBP", lossless=True, **frames()), scene()


@good("animation.png", note="its first frame was read")
def _():
    return encoded(scene(), "PNG", **frames()), scene()


@good("animation.avif", 12, note="its first frame was read")
def _():
    return encoded(scene(), "AVIF", quality=95, **frames()), scene()


@good("animation_damaged_after_the_first_frame.gif", 40)
def _():
    whole = encoded(scene(), "GIF", **frames())
    return whole[: len(whole) // 2 + 60] + b"\x2c\xff", scene()


@good("pages.tif", note="the first was read")
def _():
    return encoded(scene(), "TIFF", **frames()), scene()


@good("phone_picture_with_a_second_inside.jpg", 6)
def _():
    second = Image.fromarray(scene()[:8, :8])
    options = {"quality": 95, "subsampling": 0}
    return encoded(scene(), "MPO", save_all=True, append_images=[second], **options), scene()


# --- ways to store --------------------------------------------------------------------------------

for _subsampling in ("4:4:4", "4:2:2", "4:2:0"):

    @good(f"subsampled_{_subsampling.replace(':', '')}.jpg", 14)
    def _(subsampling=_subsampling):
        content = encoded(scene(48, 80), "JPEG", quality=95, subsampling=subsampling)
        return content, scene(48, 80)


for _name, _samplings in {
    "411": [(4, 1), (1, 1), (1, 1)],
    "410": [(4, 2), (1, 1), (1, 1)],
    "across_only_in_red": [(2, 2), (1, 2), (2, 1)],
    "finer_color_than_luma": [(1, 1), (2, 2), (1, 1)],
}.items():

    @good(f"sampled_{_name}.jpg", 1)
    def _(samplings=_samplings):
        luma, blue, red = 150, 110, 140
        rgb = (
            luma + 1.402 * (red - 128),
            luma - 0.344136 * (blue - 128) - 0.714136 * (red - 128),
            luma + 1.772 * (blue - 128),
        )
        return flat_jpeg(samplings, [luma, blue, red], (32, 64)), np.tile(rgb, (32, 64, 1))


@good("grey_sampled_as_if_it_had_color.jpg")
def _():
    return flat_jpeg([(2, 2)], [150]), np.full((32, 32, 3), 150)


@good("progressive.jpg", 6)
def _():
    options = {"quality": 95, "subsampling": 0, "progressive": True}
    return encoded(scene(), "JPEG", **options), scene()


@good("progressive_grey.jpg", 3)
def _():
    return encoded(GREY, "JPEG", quality=98, progressive=True), grey_of(GREY)


@good("stored_as_rgb.jpg", 4)
def _():
    return encoded(scene(), "JPEG", quality=98, keep_rgb=True), scene()


@good("restart_markers.jpg", 6)
def _():
    options = {"quality": 95, "subsampling": 0, "restart_marker_rows": 1}
    return encoded(scene(), "JPEG", **options), scene()


@good("bytes_after_the_end.jpg", 6)
def _():
    return encoded(scene(), "JPEG", quality=95, subsampling=0) + b"\0\xff" * 500, scene()


@good("a_few_stray_bytes_before_the_end.jpg", 6)
def _():
    content = encoded(scene(), "JPEG", quality=95, subsampling=0)
    return content[:-2] + b"\0\0" + content[-2:], scene()


@good("a_jpeg_called.png", 6)
def _():
    return encoded(scene(), "JPEG", quality=95, subsampling=0), scene()


@good("interlaced.png")
def _():
    # The 8 x 8 pattern of the PNG standard: first row and column of each pass, and its steps.
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    parts = [scene()[a::c, b::d] for a, b, c, d in (*passes, (1, 0, 2, 1))]
    rows = b"".join(b"\0" + row.tobytes() for part in parts for row in part)
    header = struct.pack(">IIBBBBB", 40, 24, 8, 2, 0, 0, 1)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks), scene()


@good("long_text_inside.png")
def _():
    text = png_chunk(b"tEXt", b"Comment\0" + b"x" * 300_000)
    rows = [row.tobytes() for row in scene()]
    return png(40, 24, depth=8, color_type=2, rows=rows, extra=text), scene()


for _compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd"):

    @good(f"{_compression}.tif")
    def _(compression=_compression):
        return encoded(scene(), "TIFF", compression=compression), scene()


@good("jpeg_inside.tif", 14)
def _():
    return encoded(scene(48, 80), "TIFF", compression="jpeg", quality=95), scene(48, 80)


@good("planes_one_after_another.tif")
def _():
    planes = np.ascontiguousarray(np.moveaxis(scene(), 2, 0))
    sizes = [planes[0].nbytes]
    tags = [*tiff_tags(40, 24, [8] * 3, 2, 3), (284, SHORT, [2])]
    # Three strips, one for each plane, of which the maker of files knows only one.
    content = tiff(tags, planes.tobytes())
    return with_three_strips(content, sizes[0]), scene()


def with_three_strips(content, size):
    """Turn the one strip of a little-endian TIFF into three of ``size`` bytes."""
    count = struct.unpack_from("<H", content, 8)[0]
    edited = bytearray(content)
    for place in range(10, 10 + 12 * count, 12):
        tag, _, _, value = struct.unpack_from("<HHII", content, place)
        if tag in (273, 279):
            values = [value + size * k for k in range(3)] if tag == 273 else [size] * 3
            struct.pack_into("<HHII", edited, place, tag, LONG, 3, len(edited))
            edited += struct.pack("<3I", *values)
    return bytes(edited)


@good("lossy.webp", 16)
def _():
    return encoded(scene(48, 80), "WEBP", quality=95), scene(48, 80)


@good("lossless.webp")
def _():
    return encoded(scene(), "WEBP", lossless=True), scene()


@good("lossy.avif", 12)
def _():
    return encoded(scene(48, 80), "AVIF", quality=95), scene(48, 80)


@good("alpha.avif", 14)
def _():
    alpha = np.repeat([[0, 128, 255]], 16, axis=1).repeat(16, axis=0).astype(np.uint8)
    color = np.full((16, 48, 3), (200, 100, 50), dtype=np.uint8)
    return encoded(np.dstack([color, alpha]), "AVIF", quality=98), on_white(color, alpha)


@good("color.ppm")
def _():
    return encoded(scene(), "PPM"), scene()


@good("written_as_text.ppm")
def _():
    numbers = " ".join(map(str, scene()[:2, :3].ravel()))
    return f"P3\n# a remark\n3 2 255\n{numbers}\n".encode(), scene()[:2, :3]


@good("color.bmp")
def _():
    return encoded(scene(), "BMP"), scene()


@good("top_row_first.bmp")
def _():
    rows = scene()[..., ::-1].tobytes()
    header = struct.pack("<IiiHHIIiiII", 40, 40, -24, 1, 24, 0, len(rows), 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54) + header + rows, scene()


# --- extras ---------------------------------------------------------------------------------------


@good("phone.heic", 12, needs="pillow_heif")
def _():
    return heic(scene(64, 96)), scene(64, 96)


@good("phone_display_p3.heic", 26, needs="pillow_heif")
def _():
    content = heic(scene(64, 96), icc_profile=rgb_profile("Display P3"))
    return content, seen_in_srgb(scene(64, 96), "Display P3")


@good("phone_orientation_6.heic", 12, needs="pillow_heif")
def _():
    exif = Image.Exif()
    exif[0x0112] = 6
    return heic(STORED[6](scene(64, 96)), exif=exif.tobytes()), scene(64, 96)


def heic(pixels, **options):
    from pillow_heif import HeifFile, from_pillow

    stream = io.BytesIO()
    file: HeifFile = from_pillow(Image.fromarray(np.ascontiguousarray(pixels)))
    file.save(stream, format="HEIF", quality=95, **options)
    return stream.getvalue()


@good("sensor.dng", 2, needs="rawpy")
def _():
    return dng((0.5, 0.25, 0.1), (64, 96)), np.tile(srgb_encoded([0.5, 0.25, 0.1]), (64, 96, 1))


@good("sensor_dark.dng", 2, needs="rawpy")  # not made brighter
def _():
    return dng((0.01, 0.01, 0.01), (64, 96)), np.tile(srgb_encoded([0.01] * 3), (64, 96, 1))


@good("sensor_with_the_camera_s_picture.dng", 6, needs="rawpy")
def _():
    jpeg = encoded(STORED[8](scene(64, 96)), "JPEG", quality=95, subsampling=0)
    raw = dng((0.2, 0.2, 0.2), (96, 64), preview=(jpeg, (96, 64)), orientation=8)
    return raw, scene(64, 96)


@good("sensor_with_a_small_picture.dng", 2, needs="rawpy")
def _():
    jpeg = encoded(scene(16, 24), "JPEG")
    raw = dng((0.2, 0.2, 0.2), (64, 96), preview=(jpeg, (16, 24)))
    return raw, np.tile(srgb_encoded([0.2] * 3), (64, 96, 1))


# --- sizes ----------------------------------------------------------------------------------------

for _form, _suffix in (("PNG", "png"), ("GIF", "gif"), ("BMP", "bmp"), ("TIFF", "tif")):

    @good(f"one_pixel.{_suffix}")
    def _(form=_form):
        return encoded(np.full((1, 1, 3), 80, np.uint8), form), [[[80] * 3]]


@good("one_pixel.jpg", 2)
def _():
    return encoded(np.full((1, 1, 3), 80, np.uint8), "JPEG", quality=98), [[[80] * 3]]


@good("one_pixel_high.png")
def _():
    return encoded(scene(1, 5000), "PNG"), scene(1, 5000)


@good("one_pixel_wide.jpg", 8)
def _():
    grey = np.linspace(0, 255, 65000).round().astype(np.uint8)[:, None]
    return encoded(grey, "JPEG", quality=98), grey_of(grey)


@good("hundred_megapixels.png")
def _():
    content = png(10_000, 10_000, depth=1, color_type=0, rows=[b"\x55" * 1250] * 10_000)
    stripes = np.tile([0, 255], 5000).astype(np.uint8)
    return content, np.broadcast_to(stripes[None, :, None], (10_000, 10_000, 3))


@good("hundred_megapixels.jpg")
def _():
    content = encoded(Image.new("L", (10_000, 10_000), 128), "JPEG")
    return content, np.broadcast_to(np.uint8(128), (10_000, 10_000, 3))


# --- broken: not a photo --------------------------------------------------------------------------

UNKNOWN = "not a photo in a known format"
DAMAGED = "damaged or incomplete"
TOO_LARGE = "decompression bombs"


@bad("empty.jpg", r"empty \(0 bytes\)")
def _():
    return b""


@bad("one_byte.jpg", UNKNOWN)
def _():
    return b"\xff"


@bad("table.jpg", UNKNOWN)
def _():
    return b"image,score\na.jpg,3.5\n"


@bad("page.png", UNKNOWN)
def _():
    return b"<!DOCTYPE html><html><body>404 Not Found</body></html>"


@bad("program_that_draws.jpg", UNKNOWN)
def _():
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) show\n"


@bad("document.jpg", UNKNOWN)
def _():
    return b"%PDF-1.7\n1 0 obj\n"


@bad("drawing.png", UNKNOWN)
def _():
    return b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


@bad("zeros.jpg", UNKNOWN)
def _():
    return bytes(100_000)


@bad("film.heic", UNKNOWN)
def _():
    return struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"mp42") + bytes(200)


# --- broken: cut short ----------------------------------------------------------------------------

for _form, _suffix in (
    ("JPEG", "jpg"),
    ("PNG", "png"),
    ("BMP", "bmp"),
    ("WEBP", "webp"),
    ("TIFF", "tif"),
    ("GIF", "gif"),
    ("PPM", "ppm"),
    ("AVIF", "avif"),
):
    for _share in (0.1, 0.5, 0.97):

        @bad(f"cut_at_{100 * _share:.0f}_percent.{_suffix}", DAMAGED)
        def _(form=_form, share=_share):
            content = encoded(noise(), form)
            return content[: int(len(content) * share)]


@bad("cut_progressive.jpg", DAMAGED)
def _():
    content = encoded(noise(), "JPEG", progressive=True)
    return content[: len(content) // 2]


@bad("cut_ink.jpg", DAMAGED)
def _():
    content = encoded(Image.fromarray(noise()).convert("CMYK"), "JPEG")
    return content[: len(content) // 2]


@bad("cut.heic", DAMAGED, needs="pillow_heif")
def _():
    content = heic(noise())
    return content[: len(content) // 2]


@bad("cut.dng", "LibRaw cannot read", needs="rawpy")
def _():
    content = dng((0.2, 0.2, 0.2), (64, 96))
    return content[: len(content) // 2]


@bad("first_bytes_only.jpg", DAMAGED)
def _():
    return b"\xff\xd8\xff"


@bad("first_bytes_only.png", DAMAGED)
def _():
    return b"\x89PNG\r\n\x1a\n"


@bad("first_bytes_only.webp", DAMAGED)
def _():
    return b"RIFF\x10\0\0\0WEBP"


@bad("first_bytes_only.tif", DAMAGED)
def _():
    return b"II*\0\x08\0\0\0"


# --- broken: damaged ------------------------------------------------------------------------------


def overwritten(content, start, filling):
    return content[:start] + filling + content[start + len(filling) :]


@bad("a_hole_of_zeros.jpg", DAMAGED)
def _():
    content = encoded(noise(), "JPEG", quality=95)
    return overwritten(content, len(content) // 2, bytes(400))


@bad("a_hole_of_noise.jpg", DAMAGED)
def _():
    content = encoded(noise(), "JPEG", quality=95)
    filling = np.random.default_rng(1).integers(0, 255, 400, dtype=np.uint8).tobytes()
    return overwritten(content, len(content) // 2, filling)


@bad("ends_in_zeros.jpg", DAMAGED)
def _():
    content = encoded(noise(), "JPEG", quality=95)
    return overwritten(content, len(content) // 2, bytes(len(content) - len(content) // 2))


@bad("wrong_checksum.png", DAMAGED)
def _():
    content = encoded(noise(), "PNG")
    place = content.index(b"IDAT") + 40
    return overwritten(content, place, bytes([content[place] ^ 1]))


@bad("not_compressed_as_it_says.png", DAMAGED)
def _():
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0)), (b"IDAT", b"nonsense"))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in (*chunks, (b"IEND", b"")))


@bad("points_beyond_its_end.tif", DAMAGED)
def _():
    content = tiff(tiff_tags(40, 24, [8] * 3, 2, 3), scene().tobytes())
    return content[:4] + struct.pack("<I", 10**9) + content[8:]


@bad("compressed_in_no_known_way.tif", DAMAGED)
def _():
    tags = [tag for tag in tiff_tags(40, 24, [8] * 3, 2, 3) if tag[0] != 259]
    return tiff([*tags, (259, SHORT, [60000])], scene().tobytes())


@bad("floating_point.tif", "32-bit values")
def _():
    return encoded(Image.new("F", (4, 4), 0.5), "TIFF")


@bad("floating_point_color.tif", "TIFF file of a kind that cannot be read")
def _():
    tags = [*tiff_tags(40, 24, [32] * 3, 2, 3), (339, SHORT, [3] * 3)]
    return tiff(tags, scene().astype("<f4").tobytes())


@bad("integers_of_32_bits.tif", "32-bit values")
def _():
    return encoded(Image.new("I", (4, 4), 70000), "TIFF")


@bad("planes_of_16_bits.tif", "separate planes")
def _():
    planes = np.ascontiguousarray(np.moveaxis(DEEP_COLOR, 2, 0)).astype("<u2")
    tags = [*tiff_tags(10, 1, [16] * 3, 2, 3), (284, SHORT, [2])]
    return with_three_strips(tiff(tags, planes.tobytes()), planes[0].nbytes)


@bad("sensor_of_an_unknown_camera.cr2", "LibRaw cannot read", needs="rawpy")
def _():
    return b"II*\0\x10\0\0\0CR\x02\0" + bytes(500)


# --- broken: larger than it seems -----------------------------------------------------------------


@bad("bomb.png", TOO_LARGE)
def _():
    return png(30_000, 30_000, depth=8, color_type=2, rows=[])


@bad("bomb.gif", TOO_LARGE)
def _():
    screen = struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x02\x4c\x01\0"
    return b"GIF89a" + screen + frame + b";"


@bad("bomb.jpg", TOO_LARGE)
def _():
    content = encoded(scene(), "JPEG")
    place = content.index(b"\xff\xc0") + 5
    return overwritten(content, place, struct.pack(">HH", 65000, 65000))


@bad("bomb.bmp", TOO_LARGE)
def _():
    header = struct.pack("<IiiHHIIiiII", 40, 200_000, 200_000, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


@bad("bomb.tif", TOO_LARGE)
def _():
    tags = [tag for tag in tiff_tags(400_000, 400_000, [8] * 3, 2, 3) if tag[0] != 259]
    return tiff([*tags, (259, SHORT, [8])], zlib.compress(bytes(1000)))


@bad("bomb.ppm", TOO_LARGE)
def _():
    return b"P6 100000 100000 255\n"


@bad("bomb.webp", f"{TOO_LARGE}|{DAMAGED}")
def _():
    # The extended header: sizes less one, in three bytes each.
    size = (16_383 - 1).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + size
    body += b"ANIM" + struct.pack("<IIH", 6, 0, 0)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@bad("bomb_of_scans.jpg", "progressive JPEG of .* scans")
def _():
    content = encoded(scene(), "JPEG", progressive=True)
    start = content.rindex(b"\xff\xda")
    return content[:start] + content[start:-2] * 200 + content[-2:]
