"""A folder of everything difficult: each bad file costs one row, and good ones do not notice."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from ssliqa import load_model
from ssliqa.scoring import score_photos

sys.path.append(str(Path(__file__).parents[1] / "images"))

from difficult_photos import CASES

LARGE = ("hundred_megapixels.png", "hundred_megapixels.jpg")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Paths of all files in one folder, in the order of their names, and what each must give."""
    folder = tmp_path_factory.mktemp("difficult")
    made = {}
    for name, case in sorted(CASES.items()):
        if case.needs and importlib.util.find_spec(case.needs) is None:
            continue
        content = case.make()
        content, expected = content if not case.error else (content, None)
        (folder / name).write_bytes(content)
        made[folder / name] = case, expected
    return made


@pytest.mark.filterwarnings("ignore:Truncated File Read", "ignore:Corrupt EXIF data")
def test_every_bad_file_costs_one_row_and_every_good_one_scores_as_alone(tiny_run, made):
    model = load_model(tiny_run)
    rows = list(score_photos(model, list(made)))
    assert [row.path for row in rows] == list(made)
    failed = {row.path for row in rows if row.score is None}
    assert failed == {path for path, (case, _) in made.items() if case.error}
    for row in rows:
        case, expected = made[row.path]
        if row.score is None:
            assert str(row.path) in row.error
            assert "\n" not in row.error
            continue
        assert row.error == ""
        if row.path.name not in LARGE:
            assert row.score == model.score(row.path)
        if not case.tolerance and row.path.name not in LARGE:
            # The score of the pixels that the file should give, without any file.
            pixels = np.asarray(expected).round().astype(np.uint8)
            assert row.score == model.score(pixels)
