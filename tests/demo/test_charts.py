import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssliqa.demo.charts import LineChart, Series, draw, nice_ticks


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e6))
def test_ticks_cover_the_range_evenly_and_are_few(low, span):
    ticks = nice_ticks(low, low + span)
    gap = ticks[1] - ticks[0]
    assert ticks[0] <= low + 1e-6 * gap
    assert ticks[-1] >= low + span - 1e-6 * gap
    assert 2 <= len(ticks) <= 9


def test_lines_stay_inside_the_axes_and_higher_values_are_drawn_higher():
    drawing = draw(LineChart("t", [Series("a", [0, 10, 20], [0.1, 0.5, 0.9])]))
    points = [tuple(map(float, pair.split(","))) for pair in drawing.lines[0].points.split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    for x, y in points:
        assert drawing.left <= x <= drawing.right
        assert drawing.top <= y <= drawing.bottom


def test_equal_factors_are_equal_distances_on_a_logarithmic_axis():
    series = Series("a", [1, 2, 3], [1.0, 0.1, 0.01])
    points = draw(LineChart("t", [series], logarithmic=True)).lines[0].points.split()
    heights = [float(point.split(",")[1]) for point in points]
    assert heights[1] - heights[0] == pytest.approx(heights[2] - heights[1], abs=0.2)


def test_values_that_cannot_be_drawn_are_left_out():
    series = [Series("a", [1, 2, 3], [math.nan, 0.0, 2.0]), Series("b", [1], [math.inf])]
    drawing = draw(LineChart("t", series, logarithmic=True))
    assert [line.name for line in drawing.lines] == ["a"]
    assert len(drawing.lines[0].points.split()) == 1
    assert draw(LineChart("empty", [])).lines == ()


def test_a_constant_series_can_be_drawn():
    assert draw(LineChart("t", [Series("a", [0, 1], [0.5, 0.5])])).lines
