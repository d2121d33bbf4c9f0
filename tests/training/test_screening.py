"""Photographs of another kind do not enter training."""

import csv

import numpy as np
import pytest
from PIL import Image

from ssliqa.cli.train import configuration
from ssliqa.errors import ResumeError
from ssliqa.training import Monitor, resume, train

ALIKE, FOREIGN = 24, 24


class Messages(Monitor):
    def __init__(self):
        self.texts = []

    def message(self, text):
        self.texts.append(text)


def picture(seed, foreign):
    """Soft stains of one color range, or black bars on white, which no one would confuse."""
    rng = np.random.default_rng(seed)
    if foreign:
        bars = np.repeat(rng.integers(0, 2, 24) * 255, 4)
        return Image.fromarray(np.repeat(np.tile(bars, (96, 1))[..., None], 3, 2).astype(np.uint8))
    stains = Image.fromarray(rng.integers(60, 200, (6, 6, 3)).astype(np.uint8))
    return stains.resize((96, 96), Image.Resampling.BICUBIC)


@pytest.fixture
def arguments(tmp_path):
    """A training with 24 ratings and, unrated, 24 photographs of their kind and 24 of another."""
    folder, more = tmp_path / "photos", tmp_path / "more"
    folder.mkdir()
    more.mkdir()
    rows = ["image,mos"]
    for k in range(30):
        picture(k, foreign=False).save(folder / f"{k}.png")
        rows.append(f"{k}.png,{1 + k % 5}")
    for k in range(ALIKE):
        picture(100 + k, foreign=False).save(more / f"alike{k}.png")
    for k in range(FOREIGN):
        picture(200 + k, foreign=True).save(more / f"foreign{k}.png")
    (tmp_path / "ratings.csv").write_text("\n".join(rows))

    def of(out, *options):
        small = ("--student", "test_resnet", "--teacher", "test_resnet", "--weights", "none")
        small += ("--protocol.short", "80", "--protocol.crop", "64", "--protocol.grid", "1")
        small += ("--batch-size", "4", "--steps", "4", "--epochs", "2", "--device", "cpu")
        return [
            *("--labels", str(tmp_path / "ratings.csv"), "--images", str(folder)),
            *("--unlabeled", str(more)),
            *("--out", str(tmp_path / out), "--cache", str(tmp_path / "cache"), *small, *options),
        ]

    return of


def test_photographs_unlike_the_labeled_ones_are_left_out_and_listed(arguments, tmp_path):
    messages = Messages()
    train(configuration(arguments("run", "--screen", "0.1")), messages)
    with (tmp_path / "run" / "screening.csv").open(newline="") as file:
        rows = {
            row["image"].rsplit("/", 1)[1]: float(row["likeness"]) for row in csv.DictReader(file)
        }
    assert len(rows) == ALIKE + FOREIGN
    kept = [name for name, likeness in rows.items() if likeness > 0.1]
    assert sum(name.startswith("foreign") for name in kept) <= 3
    assert sum(name.startswith("alike") for name in kept) >= 17
    left_out = len(rows) - len(kept)
    assert f"{left_out} of {len(rows)} unlabeled photographs" in "\n".join(messages.texts)
    assert f"{len(kept)} unlabeled" in (tmp_path / "run" / "model" / "README.md").read_text()


def test_a_share_that_cannot_be_told_is_said_to_keep_all(arguments, tmp_path):
    messages = Messages()
    train(configuration(arguments("run", "--screen", "0.01")), messages)
    assert "All unlabeled photographs are kept" in "\n".join(messages.texts)
    assert "99 labeled ones for this share" in "\n".join(messages.texts)
    assert not (tmp_path / "run" / "screening.csv").exists()


def test_unless_told_all_are_kept(arguments, tmp_path):
    train(configuration(arguments("run")))
    assert not (tmp_path / "run" / "screening.csv").exists()
    card = (tmp_path / "run" / "model" / "README.md").read_text()
    assert f"{ALIKE + FOREIGN} unlabeled" in card


def test_a_method_that_uses_no_unlabeled_photographs_screens_none(arguments, tmp_path):
    train(configuration(arguments("run", "--method", "supervised", "--screen", "0.1")))
    assert not (tmp_path / "run" / "screening.csv").exists()


def test_a_resumed_run_goes_by_what_was_decided(arguments, tmp_path):
    train(configuration(arguments("run", "--screen", "0.1")))
    file = tmp_path / "run" / "screening.csv"
    before = file.read_bytes()
    resume(tmp_path / "run")
    assert file.read_bytes() == before
    for damaged in (b"image,likeness\na.png,much\n", b"image\na.png\n", before[: len(before) // 2]):
        file.write_bytes(damaged)
        with pytest.raises(ResumeError, match=r"screening\.csv.*made anew"):
            resume(tmp_path / "run")


@pytest.mark.parametrize("share", ["-0.1", "1"])
def test_a_share_without_sense_is_refused(arguments, share):
    with pytest.raises(Exception, match="screen is"):
        configuration(arguments("run", "--screen", share))
