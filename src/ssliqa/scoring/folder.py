"""Score what may be a million photographs: rows go to a journal, in memory there are only places.

What a journal has already is not scored again. The rows of the table stand in the order of the
photographs, whenever each was scored.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ssliqa.errors import ImageReadError
from ssliqa.models import QualityModel
from ssliqa.scoring.engines import Engine
from ssliqa.scoring.file_state import file_state
from ssliqa.scoring.journal import Journal
from ssliqa.scoring.photos import ScoredPhoto, score_photos

_UNKNOWN = 0
"""In place of a row's place while its photograph is being scored; no row stands at 0."""


@dataclass
class FolderScores:
    """The rows of a table: where each stands in the journal, in the order of the photographs.

    Attributes:
        journal: holds the rows; open.
        places: one for each row.
        scored: how many have a score.
        failed: how many have none.
        before: how many of the scored ones had theirs from an earlier run.
        stopped: whether scoring was asked to stop before the last photograph.
    """

    journal: Journal
    places: array[int] = field(default_factory=lambda: array("Q"))
    scored: int = 0
    failed: int = 0
    before: int = 0
    stopped: bool = False

    def rows(self, order: Iterable[int] | None = None) -> Iterator[ScoredPhoto]:
        """The rows; or those of the given numbers, counted from 0, in that order."""
        if order is None:
            return self.journal.rows(self.places)
        return self.journal.rows(self.places[number] for number in order)


def score_folder(
    model: QualityModel | Engine,
    paths: Iterable[Path],
    journal: Journal,
    *,
    workers: int = 2,
    on_photo: Callable[[ScoredPhoto | None], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> FolderScores:
    """Score photographs into a journal, all but those that it has already.

    Args:
        model: scores in its own rating scale.
        paths: photo files, taken as they are needed.
        journal: opened for this model.
        workers: threads that decode.
        on_photo: called with each row once it is on disk; with None for a row of an earlier run.
        stop: asked after each photograph; True ends the scoring there.

    Raises:
        ConfigError: ``workers`` is below 1.
        ScoreTableError: the journal cannot be written.
    """
    scores = FolderScores(journal)
    waiting: deque[int] = deque()  # rows whose photographs are being scored

    def left() -> Iterator[Path]:
        for path in paths:
            if stop():
                return
            place = _done(journal, path)
            scores.places.append(_UNKNOWN if place is None else place)
            if place is None:
                waiting.append(len(scores.places) - 1)
                yield path
            else:
                scores.scored += 1
                scores.before += 1
                on_photo(None)

    for row in score_photos(model, left(), workers=workers):
        scores.places[waiting.popleft()] = journal.add(row)
        if row.score is None:
            scores.failed += 1
        else:
            scores.scored += 1
        on_photo(row)
        if stop():
            break
    if stop():
        scores.stopped = True
        scores.places = array("Q", (place for place in scores.places if place != _UNKNOWN))
    return scores


def _done(journal: Journal, path: Path) -> int | None:
    if not len(journal):
        return None
    try:
        return journal.done(path, file_state(path))
    except ImageReadError:
        return None
