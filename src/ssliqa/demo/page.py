"""One self-contained HTML page of a demo run: what was done, how well it went, what to do next.

The page needs nothing beside itself: pictures are embedded, curves are inline SVG, the style
follows the reader's light or dark setting, and no script runs. :class:`DemoResult` is its whole
input; the words about certainty are derived from the figures here, so that the page cannot
praise a difference that the interval does not support.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from ssliqa.demo.charts import LineChart, draw
from ssliqa.errors import MissingExtraError
from ssliqa.evaluation import Figure
from ssliqa.files import write_text

LARGEST_THUMBNAIL = 400
"""Longest side in pixels at which a picture is embedded; larger ones are reduced."""


@dataclass(frozen=True)
class Sample:
    """A photograph with its score and standard deviation; ``mos`` is None where nobody rated it."""

    path: Path
    score: float
    std: float
    mos: float | None = None


@dataclass(frozen=True)
class MethodResult:
    """One trained method on the test photographs.

    Attributes:
        name: as on the command line, e.g. ``ssliqa``.
        summary: one line on what it learned from.
        metrics: figure by its name (SRCC, PLCC, KRCC, RMSE), in the order to be shown.
        scatter: picture of scores against MOS, PNG or SVG; None leaves it out.
        seconds: how long the training took.
    """

    name: str
    summary: str
    metrics: Mapping[str, Figure]
    scatter: Path | None
    seconds: float


@dataclass(frozen=True)
class DemoResult:
    """Everything the page shows.

    Attributes:
        simulated: the photographs and ratings are rendered, not real.
        counts: number of photographs by what they were for (e.g. labeled, unlabeled, test).
        student: name of the network that is kept.
        teacher: name of the network that taught it.
        methods: the baseline first, the method to compare with it last.
        difference: SRCC of the last method minus that of the first, with the interval of the
            paired comparison on the same test photographs; None where it was not computed.
        samples: rated test photographs, in any order.
        scored: the photographs of the scored folder, in any order.
        charts: training curves.
        commands: what a user would type next, as (what it does, command) pairs.
        seconds: the whole run.
        scale: lowest and highest possible rating.
        credits: whose photographs appear, one line each.
        note: a last line, e.g. versions and seed.
    """

    simulated: bool
    counts: Mapping[str, int]
    student: str
    teacher: str
    methods: Sequence[MethodResult]
    difference: Figure | None
    samples: Sequence[Sample]
    scored: Sequence[Sample]
    charts: Sequence[LineChart]
    commands: Sequence[tuple[str, str]]
    seconds: float
    scale: tuple[float, float] = (1.0, 5.0)
    credits: Sequence[str] = ()
    note: str = ""


def write_page(result: DemoResult, folder: Path) -> Path:
    """Write ``folder/index.html`` and return its path.

    Raises:
        MissingExtraError: jinja2 is not installed.
        OSError: a picture cannot be read or the page cannot be written.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise MissingExtraError("jinja2", "demo") from None
    environment = Environment(
        loader=PackageLoader("ssliqa.demo"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["embed"] = embed
    environment.filters["duration"] = duration
    environment.filters["figure"] = lambda value: "undefined" if value is None else f"{value:.3f}"
    low, high = result.scale
    html = environment.get_template("page.html").render(
        result=result,
        samples=sorted(result.samples, key=lambda sample: sample.mos or 0.0),
        scored=sorted(result.scored, key=lambda sample: -sample.score),
        drawings=[draw(chart) for chart in result.charts],
        verdict=verdict(result),
        percent=lambda rating: 100 * min(max((rating - low) / (high - low), 0.0), 1.0),
    )
    page = folder / "index.html"
    write_text(page, html)
    return page


def verdict(result: DemoResult) -> str:
    """Say in a sentence or two what the difference between the methods is worth."""
    difference = result.difference
    if difference is None or len(result.methods) < 2:
        return ""
    value, low, high = difference.value, difference.low, difference.high
    if value is None or low is None or high is None:
        return ""
    base, other = result.methods[0].name, result.methods[-1].name
    n = result.counts.get("test", 0)
    figures = f"{_signed(value)} SRCC (95 % interval {_signed(low)} to {_signed(high)})"
    if low <= 0 <= high:
        return (
            f"{other} against {base}: {figures} on the same {n} test photographs. The interval "
            "includes zero, so this run alone does not show that one is better than the other."
        )
    better, worse = (other, base) if value > 0 else (base, other)
    return (
        f"{other} against {base}: {figures} on the same {n} test photographs. On these photographs "
        f"{better} agrees with the raters better than {worse}; one split and one seed do not say "
        "how it would be on others."
    )


def embed(path: Path) -> str:
    """A picture as a data URI; JPEG and PNG files that are small enough go in byte for byte."""
    if path.suffix.lower() == ".svg":
        return _data_uri("image/svg+xml", path.read_bytes())
    with Image.open(path) as image:
        if max(image.size) <= 4 * LARGEST_THUMBNAIL and image.format == "PNG":
            return _data_uri("image/png", path.read_bytes())
        if max(image.size) <= LARGEST_THUMBNAIL and image.format == "JPEG":
            return _data_uri("image/jpeg", path.read_bytes())
        small = ImageOps.exif_transpose(image).convert("RGB")
        small.thumbnail((LARGEST_THUMBNAIL, LARGEST_THUMBNAIL), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=90)
        return _data_uri("image/jpeg", buffer.getvalue())


def duration(seconds: float) -> str:
    """Seconds in words: ``48 s``, ``3 min 05 s``."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
