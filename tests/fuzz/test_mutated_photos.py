"""A short run of the fuzz harness; `make fuzz` is the long one."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="needs limits of memory")

from mutated_photos import mutated, seeds

HARNESS = Path(__file__).parent / "mutated_photos.py"


def run(*arguments):
    command = [sys.executable, str(HARNESS), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)


def test_some_hundred_damaged_files_are_read_or_refused(tmp_path):
    done = run("--files", 400, "--first", 5_000_000, "--out", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "400 files" in done.stdout
    assert "findings 0" in done.stdout
    assert "read 0," not in done.stdout


def test_a_damaged_file_depends_on_its_number_alone():
    files = seeds()
    assert mutated(7, files) == mutated(7, files)
    assert len({mutated(number, files)[1] for number in range(50)}) > 40


def test_a_process_that_ends_or_errs_is_a_finding_with_its_file(tmp_path):
    # A harness that could find nothing would always pass: here decoding is broken on purpose.
    broken = tmp_path / "broken.py"
    text = HARNESS.read_text().replace("HERE = Path(__file__)", f"HERE = Path({str(HARNESS)!r})")
    text = text.replace("[sys.executable, str(HERE)", f"[sys.executable, {str(broken)!r}")
    text = text.replace(
        "            pixels = read_photo(",
        "            if number == 3: raise KeyError('x')\n"
        "            if number == 5: import os; os.abort()\n"
        "            pixels = read_photo(",
    )
    broken.write_text(text)
    done = subprocess.run(
        [sys.executable, str(broken), "--files", "8", "--out", str(tmp_path / "found")],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "KeyError" in done.stdout
    assert "the process ended with status -6" in done.stdout
    assert "findings 2" in done.stdout
    assert len(list((tmp_path / "found").iterdir())) == 2
