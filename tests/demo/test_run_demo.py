"""The demo, small, from the first photograph to the page; and what it refuses to begin with."""

import re
from contextlib import chdir, contextmanager
from pathlib import Path

import pandas as pd
import pytest

from ssliqa.demo.run import DemoOptions, run_demo
from ssliqa.errors import ConfigError
from ssliqa.models import QualityModel
from ssliqa.training import Monitor


@contextmanager
def unwatched(_name):
    yield Monitor()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    with chdir(folder):  # `make demo` names a relative folder, too
        run_demo(DemoOptions(out=Path("out"), count=60, steps=8), unwatched)
    return folder / "out"


def test_the_page_shows_all_methods_and_says_that_the_ratings_are_simulated(demo):
    page = (demo / "index.html").read_text()
    assert "supervised" in page
    assert "ssliqa" in page
    assert "default, as it is" in page
    assert "from default" in page
    assert "simulated" in page
    assert page.count("data:image/") > 20


def test_rated_photographs_are_shown_with_their_ratings_from_worst_to_best(demo):
    page = (demo / "index.html").read_text()
    across = page.split("Across the quality scale")[1].split("How well the scores agree")[0]
    shown = re.findall(r"MOS.*?<b>([^<]+)</b>", across, flags=re.DOTALL)
    ratings = [float(rating) for rating in shown]
    assert len(ratings) >= 10
    assert ratings == sorted(ratings)


def test_all_models_are_evaluated_on_the_same_photographs(demo):
    tables = [
        pd.read_csv(demo / "evaluation" / name / "predictions.csv")
        for name in ("supervised", "ssliqa", "default", "from-default")
    ]
    assert len({tuple(table["path"]) for table in tables}) == 1
    assert len(tables[0]) == 12
    assert len({tuple(table["score"]) for table in tables}) == 4


def test_the_scores_are_those_of_the_kept_model(demo):
    scores = pd.read_csv(demo / "scores.csv")
    assert (scores["status"] == "ok").all()
    model = QualityModel.from_pretrained(demo / "runs" / "from-default" / "model")
    again = model.score(demo.parent / scores["path"][0])
    assert again.score == pytest.approx(scores["score"][0], abs=1e-3)


@pytest.mark.slow
def test_a_second_demo_takes_the_place_of_the_first(demo):
    before = (demo / "index.html").read_text()
    run_demo(DemoOptions(out=demo, seed=1, count=60, steps=2), unwatched)
    assert (demo / "index.html").read_text() != before


def test_a_demo_on_ratings_of_ones_own_shows_their_photographs(demo, tmp_path):
    # The renderings of another demo serve as somebody's own photographs.
    rated = tmp_path / "photographs"
    (demo / "photographs").rename(rated)
    page = run_demo(
        DemoOptions(
            out=tmp_path / "own",
            labels=str(rated / "ratings.csv"),
            images=str(rated / "images"),
            steps=2,
        ),
        unwatched,
    )
    text = page.read_text()
    assert f"--labels {rated / 'ratings.csv'}" in text
    assert "simulated" not in text


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="not made by a demo"):
        run_demo(DemoOptions(out=tmp_path), unwatched)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "given", [{"images": "photos"}, {"scale": "0-100"}, {"seed": -1}, {"seed": 2**32}]
)
def test_options_that_mean_nothing_are_refused(tmp_path, given):
    with pytest.raises(ConfigError):
        DemoOptions(out=tmp_path, **given)


def test_ratings_that_the_demo_would_remove_are_refused(tmp_path):
    inside = tmp_path / "photographs" / "ratings.csv"
    with pytest.raises(ConfigError, match="would be removed"):
        DemoOptions(out=tmp_path, labels=str(inside), images="elsewhere")
    DemoOptions(out=tmp_path, labels=str(tmp_path / "ratings.csv"), images="elsewhere")
