"""Decode many damaged photo files and see that each is read or refused, cheaply, in one line.

Every file of the corpus (tests/images/difficult_photos.py) is damaged in ways drawn from its number
alone, so that any finding can be made again: bytes, bits and numbers overwritten, parts cut out,
doubled, exchanged with another file, checksums of PNG put right afterwards. A process of its own
decodes them with little memory and a limit of pixels lowered to fit; it is watched, and begun
again after a file that ends or hangs it.

    python tests/fuzz/mutated_photos.py --files 100000 [--first 0] [--out fuzz-findings]

The exit status is 1 where anything was found; the files concerned lie in ``--out``. A finding is

- an error that is not ImageReadError, or whose message has several lines;
- a result that is no picture;
- more than 5 seconds of processor time, or more memory than the limit allows;
- the end of the process.
"""

from __future__ import annotations

import argparse
import json
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1] / "images"), str(HERE.parents[2] / "src")]

LEAST_PROGRESS = 120.0
"""Seconds without a finished file after which the process is taken to hang."""

MOST_SECONDS = 5.0
MOST_PIXELS = 4_000_000
MOST_MEMORY = 2**30
"""Address space a process may take beyond what it has before the first file."""

LARGEST_SEED = 20_000
NUMBERS = (
    0,
    1,
    2,
    7,
    8,
    127,
    128,
    255,
    256,
    32767,
    32768,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
)


def seeds() -> list[tuple[str, bytes]]:
    """Names and contents of the small files of the corpus; four times those that are good."""
    from difficult_photos import CASES

    found = []
    for name, case in CASES.items():
        if name.startswith("hundred"):
            continue
        try:
            content = case.make()
        except ImportError:  # an extra that is not installed
            continue
        content = content if case.error else content[0]
        if 0 < len(content) <= LARGEST_SEED:
            found += [(name, content)] * (1 if case.error else 4)
    return found


def mutated(number: int, files: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    """File ``number``: the name of what it was made of, and its content."""
    rng = np.random.default_rng([2026, number])
    name, content = files[rng.integers(len(files))]
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 6])):
        _damage(data, rng, files)
    if data[:4] == b"\x89PNG" and rng.random() < 0.7:
        _mend_checksums(data)
    return name, bytes(data)


def _damage(data: bytearray, rng: np.random.Generator, files: list[tuple[str, bytes]]) -> None:
    # Half of the places lie among the first bytes, where headers are.
    most = len(data) if rng.random() < 0.5 else min(len(data), 200)
    place = int(rng.integers(max(most, 1)))
    length = int(min(2 ** rng.integers(0, 9), 300))
    match rng.integers(16):
        case 0 | 8 | 9:
            if data:
                data[place] ^= 1 << int(rng.integers(8))
        case 1 | 10 | 11:
            data[place : place + 1] = rng.bytes(1)
        case 2:
            data[place : place + length] = rng.bytes(length)
        case 3 | 12 | 13 | 14:
            form = str(rng.choice(["<H", ">H", "<I", ">I"]))
            number = NUMBERS[rng.integers(len(NUMBERS))] % 2 ** (8 * struct.calcsize(form))
            data[place : place + struct.calcsize(form)] = struct.pack(form, number)
        case 4:
            del data[place : place + length]
        case 5:
            data[place:place] = data[place : place + length]
        case 6:
            other = files[rng.integers(len(files))][1]
            start = int(rng.integers(len(other)))
            data[place : place + length] = other[start : start + length]
        case _:
            del data[place:]


def _mend_checksums(data: bytearray) -> None:
    place = 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        if end + 4 > len(data):
            return
        data[end : end + 4] = struct.pack(">I", zlib.crc32(data[place + 4 : end]))
        place = end + 4


def decode_from(first: int, last: int) -> None:
    """Decode the files first..last-1; print one line of JSON for each hundred and each finding."""
    import faulthandler
    import resource
    import warnings

    from ssliqa.errors import ImageReadError
    from ssliqa.images import Protocol, limits, read_photo

    faulthandler.enable()
    warnings.simplefilter("ignore")
    limits.MAX_PIXELS = MOST_PIXELS
    files = seeds()
    protocols = (None, Protocol(short=16, crop=16))
    for _, content in files:  # what is imported and kept on first use counts as there before
        with suppress(ImageReadError):
            read_photo(content)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MOST_MEMORY, taken + MOST_MEMORY))
    counts: Counter[str] = Counter()
    slowest = 0.0
    for number in range(first, last):
        name, content = mutated(number, files)
        begun = time.process_time()
        finding = ""
        try:
            pixels = read_photo(content, protocols[number % 2]).pixels
            counts["read"] += 1
            right = pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size > 0
            if not right or pixels.dtype != np.uint8:
                finding = f"a result of shape {pixels.shape} and type {pixels.dtype}"
        except ImageReadError as error:
            counts["refused"] += 1
            if "\n" in str(error):
                finding = "a message of several lines"
            if isinstance(error.__cause__, MemoryError):
                finding = "more memory than allowed"
        except BaseException as error:
            finding = f"{type(error).__name__}: {error}"
        seconds = time.process_time() - begun
        slowest = max(slowest, seconds)
        if seconds > MOST_SECONDS:
            finding = f"{seconds:.1f} s"
        counts[f"file of {name.rpartition('.')[2]}"] += 1
        if finding or number == last - 1 or (number + 1) % 100 == 0:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            line = {"done": number + 1, "finding": finding, "name": name, "counts": dict(counts)}
            print(json.dumps(line | {"slowest": slowest, "peak": peak}), flush=True)
            counts.clear()
        else:
            print(json.dumps({"done": number + 1}), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000, help="how many to decode")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"), help="for what is found")
    parser.add_argument("--decode", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    last = options.first + options.files
    if options.decode:
        decode_from(options.first, last)
        return 0

    begun = time.perf_counter()
    counts: Counter[str] = Counter()
    findings: list[tuple[int, str]] = []
    slowest = peak = 0.0
    done = options.first
    while done < last:
        rest = ["--first", str(done), "--files", str(last - done)]
        with subprocess.Popen(
            [sys.executable, str(HERE), "--decode", *rest],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            for line in _lines(process):
                said = json.loads(line)
                done = said["done"]
                counts.update(said.get("counts", {}))
                slowest, peak = max(slowest, said.get("slowest", 0)), max(peak, said.get("peak", 0))
                if said.get("finding"):
                    findings.append((done - 1, said["finding"]))
                if done % 10_000 == 0:
                    print(f"{done - options.first} files, {len(findings)} findings", flush=True)
            status = process.wait()
        if done < last:
            what = "it hung" if status == -9 else f"the process ended with status {status}"
            findings.append((done, what))
            counts["ended or hung"] += 1
            done += 1

    files = seeds()
    for number, what in findings:
        name, content = mutated(number, files)
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / f"{number}-{name}").write_bytes(content)
        print(f"file {number} (from {name}): {what}")
    kinds = {key.removeprefix("file of "): n for key, n in counts.items() if key[:7] == "file of"}
    print(
        f"{options.files} files, numbers {options.first} to {last - 1}, of {len(set(files))} seeds"
    )
    print(f"read {counts['read']}, refused {counts['refused']}, findings {len(findings)}")
    print("by suffix: " + ", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items())))
    print(f"slowest file {slowest:.2f} s of processor time; largest resident memory {peak:.0f} MB")
    print(f"took {time.perf_counter() - begun:.0f} s")
    return 1 if findings else 0


def _lines(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """The process's lines; when none comes for long, it is killed."""
    assert process.stdout is not None
    heard = time.monotonic()

    def watch() -> None:
        while process.poll() is None:
            if time.monotonic() - heard > LEAST_PROGRESS:
                process.kill()
            time.sleep(1)

    threading.Thread(target=watch, daemon=True).start()
    for line in process.stdout:
        heard = time.monotonic()
        yield line


if __name__ == "__main__":
    sys.exit(main())
