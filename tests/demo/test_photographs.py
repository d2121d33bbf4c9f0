import csv

import numpy as np
import pytest
from PIL import Image

from ssliqa.demo.photographs import OCCASIONS, draw_faults, render_photographs
from ssliqa.errors import ConfigError


def rows_of(table):
    with table.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    return render_photographs(tmp_path_factory.mktemp("demo"), n=60, seed=3, size=(128, 96))


def test_every_row_of_the_table_has_its_photograph_and_twenty_votes(rendered):
    rows = rows_of(rendered)
    assert len(rows) == 60
    assert list(rows[0]) == ["image", "group", "c1", "c2", "c3", "c4", "c5"]
    on_disk = {path.name for path in (rendered.parent / "images").iterdir()}
    assert on_disk == {row["image"] for row in rows}
    for row in rows:
        assert sum(int(row[f"c{level}"]) for level in range(1, 6)) == 20
        with Image.open(rendered.parent / "images" / row["image"]) as image:
            assert (image.size, image.mode, image.format) == ((128, 96), "RGB", "JPEG")


def test_the_ratings_cover_the_scale(rendered):
    mos = [sum(k * int(row[f"c{k}"]) for k in range(1, 6)) / 20 for row in rows_of(rendered)]
    assert min(mos) < 2
    assert max(mos) > 4.4
    assert np.std(mos) > 0.8


def test_half_of_the_photographs_show_real_scenes_and_the_rest_synthetic_ones(rendered):
    groups = [row["group"] for row in rows_of(rendered)]
    assert sum(group.startswith("photo-") for group in groups) == 30
    assert len({group for group in groups if not group.startswith("photo-")}) == 10


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(rendered, tmp_path):
    again = render_photographs(tmp_path / "again", n=60, seed=3, size=(128, 96))
    assert again.read_bytes() == rendered.read_bytes()
    for path in (rendered.parent / "images").iterdir():
        assert (again.parent / "images" / path.name).read_bytes() == path.read_bytes()
    other = render_photographs(tmp_path / "other", n=8, seed=4, size=(128, 96))
    assert other.read_bytes() != rendered.read_bytes()


def test_progress_is_told_once_per_photograph(tmp_path):
    told = []
    render_photographs(tmp_path, n=6, size=(64, 48), on_photograph=lambda: told.append(1))
    assert len(told) == 6


@pytest.mark.parametrize(("n", "size"), [(4, (128, 96)), (10, (31, 96))])
def test_too_few_or_too_small_photographs_are_refused(tmp_path, n, size):
    with pytest.raises(ConfigError, match="at least"):
        render_photographs(tmp_path, n=n, size=size)


def test_the_occasions_are_shares_of_a_whole_and_all_are_drawn():
    assert sum(share for share, _ in OCCASIONS) == pytest.approx(1)
    rng = np.random.default_rng(0)
    drawn = {
        tuple(sorted(kind for kind, severity in draw_faults(rng).severities().items() if severity))
        for _ in range(600)
    }
    assert drawn == {tuple(sorted(kinds)) for _, kinds in OCCASIONS}
