"""Compare scorers of the same photographs: figures of each, and paired differences of two.

The scores may come from any program. All figures are of the photographs that every table scores, so
that they can be compared; which were left out is counted and named. Nothing is turned around
unless it is said that lower is better.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ssliqa.data import LabelTable, ScoreTable
from ssliqa.data.names import match_names
from ssliqa.errors import ConfigError, MetricError, ScoreTableError, first_few
from ssliqa.evaluation.comparison import Comparison, Pair
from ssliqa.evaluation.evaluate import evaluate
from ssliqa.evaluation.result import FIGURE_NAMES, LEVEL, Evaluation, Figure
from ssliqa.metrics import (
    FEWEST_FOR_A_CORRELATION,
    Difference,
    difference_of,
    holm,
    williams_test,
)
from ssliqa.opinion import Scale

_RAW_ERROR = FIGURE_NAMES.index("RMSE")
_BEYOND = 0.1
"""Share of the scale's length by which scores may leave it before they count as of another."""


def compare(
    tables: Sequence[ScoreTable],
    ratings: LabelTable,
    *,
    lower_better: Collection[str] = (),
    against: Literal["all", "first"] = "all",
    resamples: int = 1000,
    seed: int = 0,
    on_table: Callable[[str], None] | None = None,
) -> Comparison:
    """Compare score tables with ratings, and with each other.

    Scores of a table that states its scale are brought to that of the ratings, end to end. Scores
    that an evaluation wrote down count like the ratings, in scale and direction. Others are taken
    as they are, higher meaning better unless the table is in ``lower_better``; where that is not
    the direction of the ratings they are turned around for correlations, and their RMSE before
    the fit, which has no meaning, is left out.

    Args:
        tables: score tables with different names, at least one.
        ratings: rated photographs; their files are not opened.
        lower_better: names of tables in which lower scores are better.
        against: "all" compares each pair, "first" each table with the first.
        resamples: bootstrap resamples, the same ones for all tables.
        seed: seed of the resamples.
        on_table: called with the name of each table when its figures are done.

    Raises:
        ConfigError: a name in ``lower_better`` that no table has or that contradicts the table.
        ScoreTableError: fewer than three photographs have a rating and a score in every table.
    """
    names = [table.name for table in tables]
    unknown = [name for name in lower_better if name not in names]
    if unknown or len(set(names)) != len(names):
        raise ConfigError(
            f"There is no score table called {first_few(unknown)}."
            if unknown
            else f"Score tables need different names, found {', '.join(names)}.",
            f"The tables are called {', '.join(names)}; give names as NAME=FILE.",
        )
    chosen, columns, notes, absent = _aligned(tables, ratings)
    photographs = ratings.subset(chosen)
    evaluations: dict[str, Evaluation] = {}
    for table, column in zip(tables, columns, strict=True):
        declared = table.name in lower_better
        evaluations[table.name], said = _evaluate(
            table, column, photographs, declared, resamples, seed
        )
        notes += [f"{table.name}: {note}" for note in said]
        if on_table is not None:
            on_table(table.name)
    couples = (
        [(name, names[0]) for name in names[1:]]
        if against == "first"
        else [(other, one) for one, other in combinations(names, 2)]
    )
    pairs = [_pair(one, other, evaluations) for one, other in couples]
    return Comparison(
        evaluations=evaluations,
        pairs=tuple(_adjusted(pairs)),
        notes=tuple(notes),
        rated=len(ratings),
        absent=absent,
        scale=str(ratings.scale),
        resamples=resamples,
        seed=seed,
    )


def figure_difference(one: Evaluation, other: Evaluation, figure: str) -> Difference | None:
    """A figure of one evaluation minus the other's, by the resamples that the two share.

    Args:
        one: an evaluation.
        other: an evaluation of the same photographs with the same seed and resamples.
        figure: one of :data:`ssliqa.evaluation.result.FIGURE_NAMES`.

    Returns:
        The difference; None where either figure is undefined. Interval and p are NaN where the
        photographs are too few for intervals.

    Raises:
        MetricError: the evaluations are of different photographs, ratings, seeds or resamples.
    """
    if (
        one.names != other.names
        or not np.array_equal(one.truth, other.truth)
        or (one.seed, one.resamples) != (other.seed, other.resamples)
    ):
        raise MetricError(
            "Only evaluations of the same photographs, ratings and resamples can be paired.",
            "Evaluate both on the same table with the same seed and number of resamples.",
        )
    values = one.figures[figure].value, other.figures[figure].value
    if values[0] is None or values[1] is None:
        return None
    value = values[0] - values[1]
    if one.draws is None or other.draws is None:
        return Difference(value, math.nan, math.nan, math.nan)
    column = FIGURE_NAMES.index(figure)
    return difference_of(value, one.draws[:, column] - other.draws[:, column], LEVEL)


def _aligned(
    tables: Sequence[ScoreTable], ratings: LabelTable
) -> tuple[NDArray[np.intp], list[NDArray[np.float64]], list[str], int]:
    """Positions of the ratings that every table scores, their scores, and what was left out."""
    notes: list[str] = []
    everywhere = np.ones(len(ratings), dtype=bool)
    partners = []
    for table in tables:
        # A photograph without a usable score is paired, too, so that it is named as such.
        given = [*table.names, *table.missing]
        matches = match_names(ratings.names, given, ratings.paths)
        found = np.array([-1 if p is None else p for p in matches.positions], dtype=np.intp)
        scored = (found >= 0) & (found < len(table.names))
        if not scored.any():
            raise ScoreTableError(
                f"The score table '{table.name}' scores none of the rated photographs: it names "
                f"{first_few(given, 3)}; the ratings name {first_few(ratings.names, 3)}.",
                "Check that the tables belong together and spell names alike.",
            )
        ambiguous = set(matches.ambiguous)
        unscored = [ratings.names[k] for k in np.flatnonzero(found >= len(table.names))]
        lacking = [ratings.names[k] for k in np.flatnonzero(found < 0)]
        for offenders, what in (
            ([n for n in lacking if n not in ambiguous], "Rated photographs without a row"),
            (unscored, "Rated photographs whose score is no finite number"),
            (list(matches.ambiguous), "Rated photographs that several rows could mean, left out"),
            (list(matches.surplus), "Rows that name no rated photograph, passed over"),
            (
                [f"{wanted} = {name}" for wanted, name in matches.across_folders],
                "Matched by file name alone, although folders differ",
            ),
        ):
            if offenders:
                notes.append(f"{table.name}: {what} ({len(offenders)}): {first_few(offenders)}.")
        everywhere &= scored
        partners.append(found)
    chosen = np.flatnonzero(everywhere)
    absent = len(ratings) - len(chosen)
    if len(chosen) < FEWEST_FOR_A_CORRELATION:
        raise ScoreTableError(
            f"{len(chosen)} of {len(ratings)} rated photographs have a score in every table; a "
            f"comparison needs at least {FEWEST_FOR_A_CORRELATION}. {' '.join(notes)}".strip(),
            "Check that the tables belong together and spell names alike.",
        )
    if absent:
        notes.append(
            f"All figures are of the {len(chosen)} photographs that every table scores, of "
            f"{len(ratings)} rated ones."
        )
    columns = [t.scores[found[chosen]] for t, found in zip(tables, partners, strict=True)]
    return chosen, columns, notes, absent


def _evaluate(
    table: ScoreTable,
    scores: NDArray[np.float64],
    ratings: LabelTable,
    declared_lower: bool,
    resamples: int,
    seed: int,
) -> tuple[Evaluation, list[str]]:
    """The figures of one table, with its direction and scale settled, and what is to be said."""
    notes = []
    own, to = table.scale, ratings.scale
    if declared_lower and own is not None and own.higher_is_better:
        raise ConfigError(
            f"The score table '{table.name}' states the scale {own}, on which higher is better.",
            f"Leave out --lower-better {table.name}.",
        )
    comparable = own is not None or table.counts_as_ratings
    turned = False
    if own is not None and own != to:
        scores = to.from_levels(own.to_levels(scores))
        notes.append(f"its scale {own} is brought to {to}, that of the ratings.")
    elif not comparable:
        turned = declared_lower == to.higher_is_better
        if turned:
            scores = -scores
            way = "lower is better" if declared_lower else "higher is better, as for any table"
            notes.append(
                f"{way}, unlike in the ratings: turned around for correlations; no RMSE before "
                "the fit."
            )
        elif _on_another_scale(scores, ratings.mos, to):
            notes.append(
                f"scores of {scores.min():.4g} .. {scores.max():.4g} are hardly on the ratings' "
                f"scale {to}: mind RMSE_fitted, not RMSE."
            )
    evaluation = evaluate(
        scores,
        ratings.mos,
        names=ratings.names,
        scale=str(to),
        resamples=resamples,
        seed=seed,
    )
    said = list(evaluation.notes)
    srcc = evaluation.srcc
    if srcc.value is not None and srcc.value < 0 and (srcc.high is None or srcc.high < 0):
        said = [note for note in said if not note.startswith("The fitted curve falls")]
        advice = (
            "although lower is said to be better. Check that."
            if declared_lower
            else f"nothing was turned around. If lower is better, say --lower-better {table.name}."
        )
        said.append(f"the scores run against the ratings (SRCC {srcc.value:.3f}); {advice}")
    if turned:
        draws = evaluation.draws
        if draws is not None:
            draws = draws.copy()
            draws[:, _RAW_ERROR] = math.nan
        evaluation = replace(evaluation, rmse=Figure(None), draws=draws)
    notes += said
    return replace(evaluation, notes=tuple(notes)), notes


def _on_another_scale(scores: NDArray[np.float64], mos: NDArray[np.float64], scale: Scale) -> bool:
    margin = _BEYOND * (scale.high - scale.low)
    outside = scores.min() < scale.low - margin or scores.max() > scale.high + margin
    return bool(outside or not mos.min() <= np.median(scores) <= mos.max())


def _pair(one: str, other: str, evaluations: dict[str, Evaluation]) -> Pair:
    a, b = evaluations[one], evaluations[other]
    differences = {}
    for figure in FIGURE_NAMES:
        difference = figure_difference(a, b, figure)
        if difference is not None:
            differences[figure] = difference
    try:
        williams = williams_test(a.predicted, b.predicted, a.truth)
    except MetricError:
        williams = None
    return Pair(one, other, differences, williams)


def _adjusted(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with p-values adjusted over all of them, for each figure by itself."""
    adjusted: list[dict[str, float]] = [{} for _ in pairs]
    for figure in FIGURE_NAMES:
        there = [k for k, pair in enumerate(pairs) if figure in pair.differences]
        values = holm([pairs[k].differences[figure].p for k in there])
        for k, p in zip(there, values, strict=True):
            adjusted[k][figure] = p
    return [replace(pair, p_holm=p) for pair, p in zip(pairs, adjusted, strict=True)]
