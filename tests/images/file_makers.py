"""Photo files written by hand, byte by byte: also the kinds that no library here writes."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def encoded(pixels, form, **options):
    """The bytes of a file in one of Pillow's formats."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, *, depth, color_type, rows, extra=b""):
    """A PNG file; ``rows`` are bytes, ``extra`` whole chunks that come before the pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 1)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + extra
        + png_chunk(b"IDAT", pixels)
        + png_chunk(b"IEND", b"")
    )


def flat_jpeg(samplings, levels, size=(32, 32)):
    """A baseline JPEG of one color, with any sampling factors.

    Args:
        samplings: (horizontal, vertical) factor of each component.
        levels: 0..255 of each component.
        size: (height, width), multiples of 8 times the largest factors.
    """
    height, width = size
    across, down = (max(factors) for factors in zip(*samplings, strict=True))
    units = (width // (8 * across)) * (height // (8 * down))
    # Differences of the first coefficient have codes of four bits that are the number of bits that
    # follow; the end of a block is the bit 0.
    bits, first = "", True
    for _ in range(units):
        for (h, v), level in zip(samplings, levels, strict=True):
            for block in range(h * v):
                change = level - 128 if first and block == 0 else 0
                length = abs(change).bit_length()
                coded = change if change > 0 else change + 2**length - 1
                bits += f"{length:04b}" + (f"{coded:0{length}b}" if length else "") + "0"
        first = False
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    count = len(samplings)
    frame = struct.pack(">BHHB", 8, height, width, count)
    frame += b"".join(bytes([k + 1, h << 4 | v, 0]) for k, (h, v) in enumerate(samplings))
    scan = bytes([count, *(b for k in range(count) for b in (k + 1, 0)), 0, 63, 0])
    lengths = bytes([0, 0, 0, 12, *[0] * 12])
    segments = (
        (b"\xdb", bytes([0]) + b"\x08" * 64),  # steps of 8: the coefficient is the level
        (b"\xc0", frame),
        (b"\xc4", bytes([0]) + lengths + bytes(range(12))),
        (b"\xc4", bytes([0x10, 1]) + bytes(15) + b"\0"),
        (b"\xda", scan),
    )
    head = b"".join(
        b"\xff" + marker + struct.pack(">H", len(body) + 2) + body for marker, body in segments
    )
    return b"\xff\xd8" + head + data + b"\xff\xd9"


# TIFF types: bytes a value takes, and how it is packed.
BYTE, ASCII, SHORT, LONG, RATIONAL, SRATIONAL = 1, 2, 3, 4, 5, 10
_PACKED = {BYTE: "B", ASCII: "c", SHORT: "H", LONG: "I", RATIONAL: "II", SRATIONAL: "ii"}


def tiff(tags, pixels, order="<", sub=None):
    """A TIFF file of one strip, or of one with another picture in a sub-directory.

    Args:
        tags: (tag, type, values) besides those of the strip.
        pixels: the strip's bytes.
        order: ``<`` or ``>``.
        sub: tags and strip of the sub-directory.
    """
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    body, at = _directory(tags, pixels, order, 8, sub is not None)
    if sub is not None:
        inner, _ = _directory(*sub, order, at, False)
        return head + body + inner
    return head + body


def _directory(tags, pixels, order, start, points_on):
    """A directory, what it points to and its strip, and where all that ends."""
    tags = [*tags, (273, LONG, [0]), (279, LONG, [len(pixels)])]
    if points_on:
        tags.append((330, LONG, [0]))
    tags.sort()
    values = {tag: _values(kind, content, order) for tag, kind, content in tags}
    after = start + 2 + 12 * len(tags) + 4
    places, at = {}, after
    for tag, packed in values.items():
        if len(packed) > 4:
            places[tag] = at
            at += len(packed) + len(packed) % 2
    end = at + len(pixels) + len(pixels) % 2
    values[273] = struct.pack(order + "I", at)
    if points_on:
        values[330] = struct.pack(order + "I", end)
    entries, loose = b"", b""
    for tag, kind, content in tags:
        packed = values[tag]
        entries += struct.pack(order + "HHI", tag, kind, len(content))
        if tag in places:
            entries += struct.pack(order + "I", places[tag])
            loose += packed + b"\0" * (len(packed) % 2)
        else:
            entries += packed.ljust(4, b"\0")
    directory = struct.pack(order + "H", len(tags)) + entries + b"\0" * 4
    return directory + loose + pixels + b"\0" * (len(pixels) % 2), end


def _values(kind, content, order):
    if kind == ASCII:
        return bytes(content)
    flat = [number for value in content for number in (value if kind > LONG else [value])]
    form = _PACKED[kind][0]
    return struct.pack(f"{order}{len(flat)}{form}", *flat)


# Primaries of three color spaces, adapted to D50 as profiles state them: columns are XYZ of red,
# green and blue. Figures of the standards (IEC 61966-2-1, Adobe RGB 1998, SMPTE RP 431).
TO_XYZ = {
    "sRGB": [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]],
    "Adobe RGB": [
        [0.60974, 0.20528, 0.14919],
        [0.31111, 0.62567, 0.06322],
        [0.01947, 0.06087, 0.74457],
    ],
    "Display P3": [
        [0.51512, 0.29198, 0.15710],
        [0.24120, 0.69225, 0.06657],
        [-0.00105, 0.04189, 0.78407],
    ],
}
ADOBE_GAMMA = 563 / 256
D50 = (0.9642, 1.0, 0.8249)


def srgb_encoded(linear):
    """Light 0..1 to levels 0..255."""
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    )


def srgb_decoded(levels):
    """Levels 0..255 to light 0..1."""
    share = np.asarray(levels, dtype=float) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def seen_in_srgb(levels, space):
    """The sRGB levels of the colors that ``levels`` (..., 3) mean in another color space."""
    if space == "Adobe RGB":
        linear = (np.asarray(levels, dtype=float) / 255) ** ADOBE_GAMMA
    else:
        linear = srgb_decoded(levels)
    xyz = linear @ np.array(TO_XYZ[space]).T
    return srgb_encoded(xyz @ np.linalg.inv(np.array(TO_XYZ["sRGB"])).T)


def _s15(number):
    return struct.pack(">i", round(number * 65536))


def _xyz(values):
    return b"XYZ \0\0\0\0" + b"".join(map(_s15, values))


def _gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def _srgb_curve():
    numbers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + b"".join(map(_s15, numbers))


def _profile(kind, space, connection, tags):
    place, table, data = 128 + 4 + 12 * len(tags), b"", b""
    for name, body in tags.items():
        body += b"\0" * (-len(body) % 4)
        table += name + struct.pack(">II", place + len(data), len(body))
        data += body
    head = struct.pack(">I4sI", place + len(data), b"\0" * 4, 0x04200000)
    head += kind + space + connection + b"\0" * 12 + b"acsp" + b"\0" * 28
    head += b"".join(map(_s15, D50))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def rgb_profile(space):
    """An ICC profile of one of the color spaces above."""
    curve = _gamma(ADOBE_GAMMA) if space == "Adobe RGB" else _srgb_curve()
    columns = np.array(TO_XYZ[space]).T
    tags = {b"wtpt": _xyz(D50)}
    for letter, column in zip("rgb", columns, strict=True):
        tags[f"{letter}XYZ".encode()] = _xyz(column)
        tags[f"{letter}TRC".encode()] = curve
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def grey_profile(gamma):
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"wtpt": _xyz(D50), b"kTRC": _gamma(gamma)})


# What one ink alone looks like in sRGB; two together multiply. These are not the colors of a plain
# conversion (0, 255, 255 and so on), so that it shows whether the profile was used.
INKS = {"C": (0, 158, 224), "M": (229, 0, 126), "Y": (255, 237, 0), "K": (0, 0, 0)}


def ink_color(inks):
    """The sRGB levels of full inks such as "CM"."""
    return 255 * np.prod([np.array(INKS[ink]) / 255 for ink in inks], axis=0) * np.ones(3)


def cmyk_profile():
    """A printer's profile with two grid points an ink: 16 colors, as 8-bit Lab."""
    corners = []
    for number in range(16):  # cyan varies slowest
        inks = [ink for bit, ink in zip((8, 4, 2, 1), "CMYK", strict=True) if number & bit]
        corners.append(_lab8(ink_color(inks)))
    ramp = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0])
    lut += b"".join(_s15(value) for value in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    lut += ramp * 4 + b"".join(corners) + ramp * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"wtpt": _xyz(D50), b"A2B0": lut, b"A2B1": lut})


def _lab8(levels):
    xyz = np.array(TO_XYZ["sRGB"]) @ srgb_decoded(levels) / np.array(D50)
    cube = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    lightness, a, b = 116 * cube[1] - 16, 500 * (cube[0] - cube[1]), 200 * (cube[1] - cube[2])
    return bytes(round(value) for value in (lightness * 2.55, a + 128, b + 128))


def dng(color, size, *, preview=None, orientation=1):
    """A camera RAW file in Adobe's format whose sensor saw one color.

    Args:
        color: light 0..1 of red, green and blue; the sensor's primaries are those of sRGB.
        size: (height, width).
        preview: JPEG bytes of the camera's own picture and its (height, width).
        orientation: EXIF orientation.
    """
    height, width = size
    red, green, blue = (round(65535 * light) for light in color)
    sensor = np.empty((height, width), dtype="<u2")
    sensor[::2, ::2], sensor[1::2, 1::2] = red, blue
    sensor[::2, 1::2] = sensor[1::2, ::2] = green
    xyz_to_srgb = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)
    about = [
        (271, ASCII, _text("Test")),
        (272, ASCII, _text("Sensor")),
        (274, SHORT, [orientation]),
        (50706, BYTE, [1, 4, 0, 0]),
        (50708, ASCII, _text("Test Sensor")),
        (50721, SRATIONAL, [(round(value * 10000), 10000) for value in xyz_to_srgb]),
        (50728, RATIONAL, [(1, 1)] * 3),
        (50778, SHORT, [21]),
    ]
    raw = [
        (254, LONG, [0]),
        (256, LONG, [width]),
        (257, LONG, [height]),
        (258, SHORT, [16]),
        (259, SHORT, [1]),
        (262, SHORT, [32803]),
        (277, SHORT, [1]),
        (278, LONG, [height]),
        (33421, SHORT, [2, 2]),
        (33422, BYTE, [0, 1, 1, 2]),
        (50717, LONG, [65535]),
    ]
    if preview is None:
        return tiff(raw + about, sensor.tobytes())
    content, (preview_height, preview_width) = preview
    shown = [
        (254, LONG, [1]),
        (256, LONG, [preview_width]),
        (257, LONG, [preview_height]),
        (258, SHORT, [8, 8, 8]),
        (259, SHORT, [7]),
        (262, SHORT, [6]),
        (277, SHORT, [3]),
        (278, LONG, [preview_height]),
    ]
    return tiff(shown + about, content, sub=(raw, sensor.tobytes()))


def _text(words):
    return words.encode() + b"\0"
