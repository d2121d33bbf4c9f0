import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ssliqa.demo.charts import LineChart, Series
from ssliqa.demo.page import (
    DemoResult,
    MethodResult,
    Sample,
    duration,
    embed,
    verdict,
    write_page,
)
from ssliqa.evaluation import Figure


def picture(path: Path, size=(80, 60)) -> Path:
    Image.fromarray(np.full((size[1], size[0], 3), 90, np.uint8)).save(path)
    return path


@pytest.fixture
def result(tmp_path):
    photo, plot = picture(tmp_path / "a.jpg"), picture(tmp_path / "plot.png")
    metrics = {name: Figure(0.7, 0.6, 0.8) for name in ("SRCC", "PLCC", "KRCC", "RMSE")}
    return DemoResult(
        simulated=True,
        counts={"labeled": 64, "unlabeled": 192, "test": 80},
        student="small_net",
        teacher="large_net",
        methods=[
            MethodResult("supervised", "64 photographs", metrics, plot, 31.0),
            MethodResult("ssliqa", "and 192 unrated", metrics, plot, 84.0),
        ],
        difference=Figure(0.02, -0.01, 0.05),
        samples=[Sample(photo, 4.1, 0.4, 4.4), Sample(photo, 2.0, 0.5, 1.7)],
        scored=[Sample(photo, 2.5, 0.4), Sample(photo, 4.5, 0.3)],
        charts=[LineChart("Validation SRCC", [Series("ssliqa", [0, 10], [0.1, 0.7])])],
        commands=[("learn", "ssliqa train --labels <ratings.csv> --images photos/")],
        seconds=212.0,
        credits=["astronaut (NASA, public domain)"],
    )


def test_the_page_stands_alone(result, tmp_path):
    html = write_page(result, tmp_path / "out").read_text(encoding="utf-8")
    assert "<script" not in html
    assert not re.search(r"""(src|href)=["'](?!data:)""", html)
    assert "url(" not in html
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["index.html"]


def test_every_element_that_is_opened_is_closed(result, tmp_path):
    class Balance(HTMLParser):
        void = frozenset({"meta", "img", "br"})

        def __init__(self):
            super().__init__()
            self.open = []

        def handle_starttag(self, tag, attrs):  # noqa: ARG002
            if tag not in self.void:
                self.open.append(tag)

        def handle_startendtag(self, tag, attrs):
            pass

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    parser = Balance()
    parser.feed(write_page(result, tmp_path).read_text(encoding="utf-8"))
    assert parser.open == []


def test_simulated_ratings_are_called_simulated_and_real_ones_are_not(result, tmp_path):
    words = "The ratings are simulated."
    assert words in write_page(result, tmp_path).read_text(encoding="utf-8")
    real = replace(result, simulated=False, credits=())
    assert words not in write_page(real, tmp_path).read_text(encoding="utf-8")


def test_samples_run_from_worst_to_best_and_the_folder_from_best_to_worst(result, tmp_path):
    html = write_page(result, tmp_path).read_text(encoding="utf-8")
    assert html.index("<b>1.70</b>") < html.index("<b>4.40</b>")
    assert html.index("<b>4.50</b>") < html.index("<b>2.50</b>")


def test_words_of_a_user_cannot_become_markup(result, tmp_path):
    html = write_page(result, tmp_path).read_text(encoding="utf-8")
    assert "--labels &lt;ratings.csv&gt;" in html


def test_a_run_without_plots_curves_or_comparison_still_has_a_page(result, tmp_path):
    single = replace(result.methods[0], scatter=None)
    bare = replace(result, methods=[single], difference=None, charts=[], scored=[])
    html = write_page(bare, tmp_path).read_text(encoding="utf-8")
    assert "<figure" not in html
    assert "A folder, ranked" not in html


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (Figure(0.02, -0.01, 0.05), "includes zero"),
        (Figure(0.05, 0.01, 0.09), "ssliqa agrees with the raters better than supervised"),
        (Figure(-0.05, -0.09, -0.01), "supervised agrees with the raters better than ssliqa"),
    ],
)
def test_the_verdict_claims_no_more_than_the_interval(result, difference, expected):
    assert expected in verdict(replace(result, difference=difference))


def test_without_a_comparison_there_is_no_verdict(result):
    assert verdict(replace(result, difference=None)) == ""


def test_small_photographs_are_embedded_byte_for_byte_and_large_ones_reduced(tmp_path):
    small, large = picture(tmp_path / "s.jpg"), picture(tmp_path / "l.jpg", (1600, 1200))
    assert base64.b64decode(embed(small).partition(",")[2]) == small.read_bytes()
    assert embed(large).startswith("data:image/jpeg")
    assert base64.b64decode(embed(large).partition(",")[2]) != large.read_bytes()


def test_durations_read_as_people_say_them():
    assert [duration(s) for s in (0.4, 48.2, 59.6, 185)] == [
        "0 s",
        "48 s",
        "1 min 00 s",
        "3 min 05 s",
    ]
