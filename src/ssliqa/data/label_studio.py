"""Ratings from Label Studio: its JSON export, a list of tasks with the annotations of each.

    [{"data": {"image": "/data/upload/1/5e3f1a2b-cat.jpg"},
      "annotations": [{"completed_by": 7, "was_cancelled": false,
                       "result": [{"from_name": "quality", "to_name": "img", "type": "rating",
                                   "value": {"rating": 4}}]}]}]

An annotation is one rater's vote. Ratings are stars, numbers, or a choice that begins with a number
("4 - good") or is an ACR word. Source: labelstud.io, "Label Studio Task Format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pandas as pd

from ssliqa.data.photos import IMAGE_SUFFIXES
from ssliqa.data.unrated import UNRATED
from ssliqa.errors import LabelTableError, first_few

URL_COLUMN = "image_url"
"""Column of the photographs' names: paths of URLs, whose folders may not be those on this disk."""

_ACR_WORDS = {"bad": 1.0, "poor": 2.0, "fair": 3.0, "good": 4.0, "excellent": 5.0}
_LEADING_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)(?![\d.])")


def is_export(content: Any) -> bool:
    """Whether the content of a JSON file is an export of Label Studio."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(task, dict) and "annotations" in task for task in content)
        and isinstance(content[0].get("data"), dict)
    )


def is_short_export(row: Any) -> bool:
    """Whether an entry of a JSON file is one of Label Studio's JSON-MIN export."""
    return isinstance(row, dict) and {"annotation_id", "annotator"} <= set(row)


def read_export(tasks: Sequence[Mapping[str, Any]], source: Path) -> pd.DataFrame:
    """Ratings of an export, one a row.

    Args:
        tasks: the content of the file.
        source: the file, for messages.

    Returns:
        Columns :data:`URL_COLUMN`, ``annotator``, and one for each control that people rated with,
        called as the control is; ``rating`` where there is one alone. Where a rating is missing it
        holds :data:`~ssliqa.data.unrated.UNRATED`. Cancelled annotations do not count, nor do
        ratings of regions.

    Raises:
        LabelTableError: damage, a task with no photograph or several, or no rating at all.
    """
    rows: list[dict[str, Any]] = []
    controls: dict[str, None] = {}
    unrated: list[str] = []
    for number, task in enumerate(tasks, start=1):
        where = f"task {task.get('id', number)} of {source}"
        try:
            found = [
                (_rater(annotation), rated)
                for annotation in task["annotations"]
                if not annotation.get("was_cancelled") and (rated := _ratings(annotation))
            ]
            aimed = [name for _, rated in found for name in rated.aims]
            name = _photograph(task["data"], aimed, where)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise LabelTableError(
                f"The {where} has another form than Label Studio writes ({error!r}).",
                "Export again, as JSON.",
            ) from error
        for rater, rated in found:
            rows.append({URL_COLUMN: name, "annotator": rater, **rated.scores})
            controls |= dict.fromkeys(rated.scores)
        if not found:
            unrated.append(name)
    if not controls:
        raise LabelTableError(
            f"No annotation in {source} holds a rating, a number or a choice that is one.",
            "Rate with Rating, Number or Choices (such as 1 .. 5) and export again.",
        )
    nothing = dict.fromkeys(controls, UNRATED)
    rows = [nothing | row for row in (*rows, *({URL_COLUMN: name} for name in unrated))]
    table = pd.DataFrame(rows, columns=[URL_COLUMN, "annotator", *controls], dtype=object)
    return table.rename(columns={next(iter(controls)): "rating"}) if len(controls) == 1 else table


class _Ratings:
    """The scores of one annotation by control, and the parts of the page that they are about."""

    def __init__(self) -> None:
        self.scores: dict[str, float] = {}
        self.aims: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.scores)


def _ratings(annotation: Mapping[str, Any]) -> _Ratings:
    found = _Ratings()
    for result in annotation["result"]:
        value = result.get("value", {})
        if "from_name" not in result or "x" in value:  # relations, and ratings of a region
            continue
        score = _score(value)
        if score is not None:
            found.scores[str(result["from_name"])] = score
            # "$image" is the key of the task's data; older exports tell the name of the tag alone.
            found.aims.append(str(result.get("source", result.get("to_name"))).removeprefix("$"))
    return found


def _score(value: Mapping[str, Any]) -> float | None:
    for kind in ("rating", "number"):
        if kind in value:
            return float(value[kind])
    choices = value.get("choices")
    if not isinstance(choices, list) or len(choices) != 1:
        return None
    text = str(choices[0])
    if match := _LEADING_NUMBER.match(text):
        return float(match[1])
    return _ACR_WORDS.get(text.strip().lower())


def _rater(annotation: Mapping[str, Any]) -> str:
    who = annotation.get("completed_by")
    if isinstance(who, Mapping):
        who = who.get("email") or who.get("id")
    # Without a rater every annotation is somebody's.
    return str(who) if who is not None else f"annotation {annotation.get('id')}"


def _photograph(data: Mapping[str, Any], aimed: Sequence[str], where: str) -> str:
    """The name of a task's photograph: that of its URLs which the ratings are about."""
    named = {key: path for key, path in _paths(data) if _suffix(path) in IMAGE_SUFFIXES}
    chosen = [key for key in named if key in aimed] or list(named)
    if len(chosen) != 1:
        what = f"several photographs: {first_few(chosen)}" if chosen else "no photograph"
        raise LabelTableError(
            f"The {where} holds {what}.", "Ratings of single photographs are expected."
        )
    return named[chosen[0]]


def _paths(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if not isinstance(value, str):
            continue
        parts = urlsplit(value)
        # Local files: /data/local-files/?d=folder/a%20photo.jpg
        path = parse_qs(parts.query).get("d", [""])[0] or unquote(parts.path)
        yield str(key), path.lstrip("/")


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()
