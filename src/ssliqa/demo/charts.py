"""Line charts as inline SVG geometry, so that a page needs no plotting library and no script.

Only geometry and tick labels are made here; the page's template draws them in its own colors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 460, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 14, 30


@dataclass(frozen=True)
class Series:
    """One line: values over training steps; values that are not finite leave a gap out."""

    name: str
    steps: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True)
class LineChart:
    """Several lines over the same steps; ``logarithmic`` for losses that fall by magnitudes."""

    title: str
    series: Sequence[Series]
    logarithmic: bool = False
    step_name: str = "step"


@dataclass(frozen=True)
class Tick:
    """A labeled position in pixels on an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """A line to draw: points as an SVG ``points`` attribute, and its last point."""

    name: str
    points: str
    end: tuple[float, float]
    last: str


@dataclass(frozen=True)
class Drawing:
    """A chart, ready for the template; lengths are pixels of the SVG's view box."""

    title: str
    lines: tuple[Line, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    step_name: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def draw(chart: LineChart) -> Drawing:
    """Lay a chart out. Series without a drawable value are left out."""
    drawable = [(series, _drawable(series, chart.logarithmic)) for series in chart.series]
    points = [point for _, kept in drawable for point in kept]
    if not points:
        return Drawing(chart.title, (), (), (), chart.step_name)
    steps, values = [x for x, _ in points], [y for _, y in points]
    x_low, x_high = min(0.0, *steps), max(*steps, 1.0)
    ticks = _log_ticks(values) if chart.logarithmic else nice_ticks(min(values), max(values))
    shown = [math.log10(tick) for tick in ticks] if chart.logarithmic else ticks
    heights = [math.log10(value) for value in values] if chart.logarithmic else values
    y_low, y_high = min(*shown, *heights), max(*shown, *heights)

    def at_x(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (step - x_low) / (x_high - x_low)

    def at_y(value: float) -> float:
        level = math.log10(value) if chart.logarithmic else value
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (level - y_low) / (y_high - y_low or 1)

    lines = []
    for series, kept in drawable:
        if kept:
            placed = [(at_x(step), at_y(value)) for step, value in kept]
            text = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
            lines.append(Line(series.name, text, placed[-1], f"{kept[-1][1]:.3g}"))
    return Drawing(
        chart.title,
        tuple(lines),
        tuple(Tick(at_x(t), f"{t:g}") for t in nice_ticks(x_low, x_high) if x_low <= t <= x_high),
        tuple(Tick(at_y(t), f"{t:g}") for t in ticks),
        chart.step_name,
    )


def nice_ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers that cover ``low`` to ``high`` in steps of 1, 2 or 5 times a power of ten."""
    if high <= low:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * min((1, 2, 5, 10), key=lambda nice: abs(nice - rough / power))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def _drawable(series: Series, logarithmic: bool) -> list[tuple[float, float]]:
    return [
        (step, value)
        for step, value in zip(series.steps, series.values, strict=True)
        if math.isfinite(value) and (value > 0 or not logarithmic)
    ]


def _log_ticks(values: Sequence[float]) -> list[float]:
    low = math.floor(math.log10(min(values)))
    high = math.ceil(math.log10(max(values)))
    powers = [10.0**k for k in range(low, max(high, low + 1) + 1)]
    return powers[:: max(1, len(powers) // 5)]
