"""The summary of a benchmark, as Markdown and as a page: tables, curves, and what they rest on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from ssliqa import __version__
from ssliqa.benchmark.gallery import SMALL_WIDTH, chosen_pictures, embedded
from ssliqa.benchmark.plan import Plan
from ssliqa.benchmark.statistics import (
    GROUP,
    against_baseline,
    labels_saved,
    over_splits,
    relative_time,
    within_splits,
)
from ssliqa.benchmark.test_sets import OWN_TEST
from ssliqa.errors import MissingExtraError
from ssliqa.files import write_text
from ssliqa.report.label_curve import label_curve

FIGURES = {"SRCC": "SRCC", "PLCC": "PLCC_fitted", "KRCC": "KRCC", "RMSE": "RMSE_fitted"}
"""What the means show, and the column it is in."""

_OF_TIME = (
    " Time is the processor time of the trainings over that of {} with as many labels; activations "
    "that are kept are on the account of the first training that needs them."
)


@dataclass(frozen=True)
class Section:
    """One part of a summary: words, a table (header first), a picture, and small pictures.

    Pictures are files below the benchmark's folder; ``gallery`` holds them by what they show.
    """

    title: str
    text: str
    rows: Sequence[Sequence[str]] = ()
    picture: str = ""
    gallery: Mapping[str, str] = field(default_factory=dict)


def write_summary(plan: Plan, results: pd.DataFrame, out: Path, missing: Sequence[str]) -> None:
    """Write ``summary.md``, ``summary.html`` and the pictures they show.

    Args:
        plan: the plan.
        results: from :func:`ssliqa.benchmark.results.gather`; at least one row.
        out: the benchmark's folder.
        missing: names of cells without a result, which the summary lists.

    Raises:
        MissingExtraError: matplotlib or jinja2 is not installed.
    """
    sections = [
        *_means(plan, results, out),
        *_comparisons(plan, results, out),
        *_labels_saved(plan, results),
        *_galleries(results, out),
    ]
    if missing:
        sections.append(
            Section("Missing", "These cells have no result: " + ", ".join(missing) + ".")
        )
    write_text(out / "summary.md", markdown(plan.title, sections))
    write_text(out / "summary.html", _html(plan.title, sections, out))


def _means(plan: Plan, results: pd.DataFrame, out: Path) -> list[Section]:
    sections = []
    # A teacher trained alone stands in every pair it belongs to, and is one and the same.
    distinct = results.drop_duplicates(["test", "method", "cell"])
    for name_of_test, of_test in distinct.groupby("test", sort=False):
        test = str(name_of_test)
        frames = {name: over_splits(of_test, column) for name, column in FIGURES.items()}
        first = frames["SRCC"]
        header = ["method", "networks", "labels", "unlabeled : labeled", "splits"]
        header += ["SRCC mean [95 %]", "median", "SD", "PLCC", "KRCC", "RMSE"]
        times = relative_time(of_test, plan.baseline)["time"]
        timed = times.notna().any()  # cells of older benchmarks do not tell
        rows = [[*header, "time"] if timed else header]
        seen = set()
        for k, (_, row) in enumerate(first.iterrows()):
            place = (*(row[name] for name in GROUP if name != "ratio"), _shown(row))
            if place in seen:
                continue  # shown no unlabeled images, it is the same training at every ratio
            seen.add(place)
            rows.append(
                [
                    row["method"],
                    _networks(row),
                    f"{row['labeled']:.0f}",
                    _shown(row),
                    str(row["splits"]),
                    _interval(row["mean"], row["low"], row["high"]),
                    _number(row["median"]),
                    _number(row["std"]),
                    *(
                        _number(float(frames[name]["mean"].iloc[k]))
                        for name in ("PLCC", "KRCC", "RMSE")
                    ),
                ]
            )
            if timed:
                rows[-1].append("-" if math.isnan(times.iloc[k]) else f"{times.iloc[k]:.1f}")
        images = sorted(set(of_test["n"]))
        tested = f"{images[0]}" if len(images) == 1 else f"{images[0]} to {images[-1]}"
        sections.append(
            Section(
                f"Results on the {test}" if test == OWN_TEST else f"Results on {test}",
                f"Means over splits, each tested on {tested} photographs. The interval is that of "
                "the mean over the splits (bootstrap); with few splits it is rough. PLCC and RMSE "
                "are those after the logistic fit. 'Unlabeled : labeled' counts images of a step; "
                "with '-' no unlabeled ones are shown."
                + (_OF_TIME.format(plan.baseline) if timed else ""),
                rows,
                _curve(first, test, out),
            )
        )
    return sections


def _curve(means: pd.DataFrame, test: str, out: Path) -> str:
    """Draw SRCC against labels; no picture where there is one budget only."""
    if means["labeled"].round().nunique() < 2:
        return ""
    curves = {}
    # A method is drawn once for each network or pair that it trains, not for each of the plan.
    means = means.assign(networks=[_networks(row) for _, row in means.iterrows()])
    several_networks = means.groupby("method")["networks"].nunique().max() > 1
    several_ratios = means["ratio"].nunique() > 1
    for key, group in means.groupby(["method", "networks", "ratio"], sort=False, dropna=False):
        method, networks, ratio = key
        several = [method]
        if several_networks:
            several.append(networks)
        if several_ratios:
            several.append(ratio)
        name = ", ".join(str(part) for part in several if str(part) not in ("", "nan"))
        points = group.sort_values("labeled")[["labeled", "mean", "low", "high"]].dropna(
            subset=["mean"]
        )
        curves[name] = [tuple(map(float, point)) for point in points.to_numpy()]
    file = f"labels-{''.join(c if c.isalnum() else '-' for c in test)}.png"
    curves = {name: points for name, points in curves.items() if points}
    label_curve(curves, out / file, title=f"SRCC on {test}", figure="SRCC")  # type: ignore[arg-type]
    return file


def _comparisons(plan: Plan, results: pd.DataFrame, out: Path) -> list[Section]:
    frame = against_baseline(results, plan.baseline)
    if not len(frame):
        return []
    single = within_splits(results, plan.baseline, out)
    rows = [
        [
            # The pair tells whose baseline it is: a teacher trained alone is compared in each.
            *("test", "method", "pair", "labels", "difference [95 %]", "better"),
            *("interval above / below 0", "Wilcoxon p", "p, Holm"),
        ]
    ]
    for _, row in frame.iterrows():
        mine = single
        for name in ("test", "pair", "method", "student", "teacher", "budget"):
            mine = mine[mine[name] == row[name]]
        if not math.isnan(row["ratio"]):
            mine = mine[mine["ratio"] == row["ratio"]]
        rows.append(
            [
                row["test"],
                row["method"],
                row["pair"],
                row["budget"],
                _interval(row["mean"], row["low"], row["high"], signed=True),
                f"{row['better']} of {row['splits']}",
                f"{(mine['low'] > 0).sum()} / {(mine['high'] < 0).sum()}",
                _number(row["p"]),
                _number(row["p_holm"]),
            ]
        )
    return [
        Section(
            f"Against {plan.baseline}",
            "SRCC of each method minus that of the baseline on the same splits. 'Better' counts "
            "splits; 'interval above / below 0' counts those whose own paired bootstrap over the "
            "test photographs says so. Wilcoxon's signed-rank test goes over the splits (not below "
            "five); Holm's correction is for all rows here. Splits of one database share "
            "photographs, so p says whether they agree, not whether other databases would.",
            rows,
        )
    ]


def _labels_saved(plan: Plan, results: pd.DataFrame) -> list[Section]:
    frame = labels_saved(results, plan.baseline)
    if not len(frame):
        return []
    smallest = results.loc[results["method"] == plan.baseline, "labeled"].min()

    def needed(labels: float) -> str:
        if math.isinf(labels):
            return "more than were tried"
        return f"{labels:.0f} or fewer" if labels <= smallest else f"{labels:.0f}"

    rows = [["test", "method", "pair", "labels", "SRCC", f"labels that {plan.baseline} needs"]]
    for _, row in frame.iterrows():
        rows.append(
            [
                row["test"],
                row["method"],
                row["pair"],
                f"{row['labeled']:.0f}",
                _number(row["mean"]),
                needed(row["needed"]),
            ]
        )
    return [
        Section(
            "Labels saved",
            "How many labels the baseline needs for the same mean SRCC, interpolated between its "
            "budgets in the logarithm of their number.",
            rows,
        )
    ]


def _galleries(results: pd.DataFrame, out: Path) -> list[Section]:
    return [
        Section(
            f"Pictures: {choice.method}",
            f"{choice.networks}, {choice.labels} labels, split {choice.split}: its first training "
            "with the most labels. Those of its other trainings on this split are in cells/. Each "
            "leads to itself in full size.",
            gallery=choice.files,
        )
        for choice in chosen_pictures(results, out)
    ]


def markdown(title: str, sections: Sequence[Section]) -> str:
    """The sections as one Markdown text."""
    parts = [f"# {title}"]
    for section in sections:
        parts += [f"## {section.title}", section.text]
        if section.rows:
            head, *body = section.rows
            lines = [head, ["---"] * len(head), *body]
            # A bar in the name of a method would begin another cell.
            rows = [[cell.replace("|", "\\|") for cell in line] for line in lines]
            parts.append("\n".join("| " + " | ".join(row) + " |" for row in rows))
        if section.picture:
            parts.append(f"![{section.title}]({section.picture})")
        if section.gallery:
            shown = ((what, quote(file)) for what, file in section.gallery.items())
            parts.append("\n".join(f"[![{what}]({file})]({file})" for what, file in shown))
    parts.append(f"Made by `ssliqa benchmark`, ssliqa {__version__}.")
    return "\n\n".join(parts) + "\n"


def _html(title: str, sections: Sequence[Section], out: Path) -> str:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise MissingExtraError("jinja2", "report") from None
    environment = Environment(
        loader=PackageLoader("ssliqa.benchmark"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("summary.html").render(
        title=title,
        sections=sections,
        embed=lambda name: embedded(out / name),
        embed_small=lambda name: embedded(out / name, SMALL_WIDTH),
        link=quote,
        version=__version__,
    )


def _networks(row: pd.Series) -> str:
    return f"{row['student']} <- {row['teacher']}" if row["teacher"] else str(row["student"])


def _shown(row: pd.Series) -> str:
    """Unlabeled images a step for each labeled one; none where the training was given none."""
    if math.isnan(row["ratio"]) or not row["unlabeled"]:
        return "-"
    return f"{row['ratio']:g} : 1"


def _number(value: float) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"


def _interval(mean: float, low: float, high: float, signed: bool = False) -> str:
    form = "{:+.3f}" if signed else "{:.3f}"
    if math.isnan(mean):
        return "undefined"
    if math.isnan(low):
        return form.format(mean)
    return f"{form.format(mean)} [{form.format(low)}, {form.format(high)}]"
