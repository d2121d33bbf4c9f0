"""``ssliqa`` itself: finding commands, and statuses."""

import subprocess
import sys

import pytest
from PIL import Image
from tiny_set import console_script, environment

from ssliqa import __version__
from ssliqa.cli import score
from ssliqa.cli.main import COMMANDS, main


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"]])
def test_help_names_every_command(arguments, capsys):
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert all(f"  {command} " in text for command in COMMANDS)


def test_no_command_shows_the_help_but_is_a_failure(capsys):
    assert main([]) == 2
    assert "usage: ssliqa COMMAND" in capsys.readouterr().out


def test_the_version_is_that_of_the_package(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"ssliqa {__version__}\n"


def test_an_unknown_command_is_one_line_and_status_2(capsys):
    assert main(["rank"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ssliqa: There is no command 'rank'. The commands are: demo,")
    assert captured.err.count("\n") == 1


def test_help_comes_without_loading_the_networks():
    code = (
        "import sys; from ssliqa.cli.main import main; status = main(['--help']); "
        "sys.exit(status or any(m in sys.modules for m in ('torch', 'timm', 'pandas')))"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0


def test_ctrl_c_is_one_line_and_status_130(monkeypatch, capsys):
    def stopped(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(score, "run", stopped)
    assert main(["score"]) == 130
    assert capsys.readouterr().err == "ssliqa: Stopped.\n"


def test_what_the_system_refuses_is_one_line_and_status_2(monkeypatch, capsys):
    def refused(_):
        raise OSError(28, "No space left on device", "scores.csv")

    monkeypatch.setattr(score, "run", refused)
    assert main(["score"]) == 2
    captured = capsys.readouterr()
    assert captured.err == "ssliqa: [Errno 28] No space left on device: 'scores.csv'.\n"


def test_a_reader_that_has_seen_enough_is_no_failure(tiny_set, tiny_run):
    process = subprocess.Popen(
        [
            *console_script(),
            "score",
            str(tiny_set.further),
            "--model",
            str(tiny_run),
            "--engine=torch",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Buffered, so that a short output meets the closed pipe only at the very end.
        env=environment(PYTHONUNBUFFERED=""),
    )
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    assert b"Traceback" not in errors
    assert b"Exception ignored" not in errors


def test_warnings_about_a_photo_s_exif_stay_off_the_screen(tiny_run, tmp_path):
    photo = tmp_path / "photo.jpg"
    broken = b"Exif\0\0II*\0\xff\xff\xff\x7fgarbage"
    Image.new("RGB", (90, 90), (50, 90, 200)).save(photo, exif=broken)
    done = subprocess.run(
        [*console_script(), "score", str(photo), "--model", str(tiny_run)],
        capture_output=True,
        env=environment(),
        check=True,
    )
    assert b"Warning" not in done.stderr
    assert b"photo.jpg" in done.stdout
