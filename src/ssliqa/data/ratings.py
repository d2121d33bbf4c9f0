"""From rows of a label table to one label an image: votes, scores, or single ratings to gather.

Rows come from :func:`ssliqa.data.columns.pick_columns` and keep its columns ``v1`` .. ``vL``
(votes, from the low end of the scale to its high end) or ``mos`` and perhaps ``std`` (both in
the scale).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ssliqa.data.columns import Columns, level_columns
from ssliqa.data.problems import Ledger
from ssliqa.errors import LabelTableError, first_few
from ssliqa.opinion import (
    ACR,
    LEVELS,
    Scale,
    fold_levels,
    mos_std_to_distribution,
    mos_to_distribution,
    votes_to_distribution,
)

_SCORE_REMEDY = "Correct the scores (numbers, with a decimal point), or the scale with --scale."
# Scales that databases use, tried in this order to propose one that fits the scores.
# Where a smaller share of the scores lies outside, these are slips rather than another scale.
_SLIPS = 0.1
_USUAL_SCALES = (Scale(0, 1), Scale(0, 5), Scale(0, 9), Scale(0, 10), Scale(0, 100))


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of N images: target distributions ``(N, 5)``; MOS and rating SD in the scale.

    ``source`` is what the distributions are made from: ``votes``, ``MOS and SD`` or ``MOS``.
    """

    distribution: NDArray[np.float64]
    mos: NDArray[np.float64]
    std: NDArray[np.float64] | None
    source: str


def settle_scale(rows: pd.DataFrame, columns: Columns, declared: Scale | None) -> Scale:
    """Decide on the scale of the table; where it would have to be guessed, refuse.

    Votes on L levels are on the scale 1..L, scores are taken to be on 1..5 unless declared.

    Raises:
        LabelTableError: the scores do not fit the assumed scale, a DMOS has no declared
            direction, or votes have a declared scale that is not that of their levels.
    """
    levels = len(level_columns(rows))
    if levels:
        if declared is not None and (declared.low, declared.high) != (1, levels):
            raise LabelTableError(
                f"The table holds votes on the levels 1..{levels}, but the declared scale is "
                f"{declared}.",
                "Leave --scale away, or name a score to use instead with --columns.mos NAME.",
            )
        return declared or Scale(1, levels)
    if declared is not None:
        return declared
    if columns.is_dmos:
        raise LabelTableError(
            f"The column '{columns.mos}' does not say whether higher is better (as in KADID-10k) "
            "or lower (as in CSIQ).",
            "Declare the scale: --scale 1-5, for example, or --scale '0-1, lower is better'.",
        )
    outside = _outside(rows, ACR)
    if outside.any():
        usual = [scale for scale in _USUAL_SCALES if not _outside(rows, scale).any()]
        proposal = f"for example --scale {usual[0]}" if usual else "for example --scale 0-100"
        few = outside.mean() < _SLIPS
        raise LabelTableError(
            f"{outside.sum()} of {len(rows)} scores are outside 1-5, the scale assumed when none "
            f"is declared: {first_few(_named_scores(rows[outside]))}.",
            "Correct them, or declare the scale where it is another one, for example --scale 0-100."
            if few
            else f"Declare the scale, {proposal}.",
        )
    return ACR


def screen_ratings(rows: pd.DataFrame, scale: Scale, ledger: Ledger) -> pd.DataFrame:
    """Set aside rows whose votes, score or SD cannot be used."""
    if levels := level_columns(rows):
        votes = rows[levels].to_numpy()
        usable = np.isfinite(votes).all(axis=1) & (votes >= 0).all(axis=1)
        usable &= votes.sum(axis=1) > 0
        what = "Votes missing, negative or all zero"
        return ledger.set_aside(rows, ~usable, what, "Correct the votes.")
    no_number = ~np.isfinite(rows["mos"].to_numpy())
    rows = ledger.set_aside(rows, no_number, "Score that is no number", _SCORE_REMEDY)
    outside = _outside(rows, scale)
    ledger.note(
        _named_scores(rows[outside]),
        f"Score outside the scale {scale}",
        _SCORE_REMEDY,
    )
    rows = rows[~outside].reset_index(drop=True)
    if "std" in rows:
        std = rows["std"].to_numpy()
        bad = (std < 0) | np.isinf(std)
        rows = ledger.set_aside(rows, bad, "SD below 0 or not finite", "Correct the SDs.")
    return rows


def gather_ratings(rows: pd.DataFrame, scale: Scale, ledger: Ledger) -> pd.DataFrame:
    """Gather single ratings, one a row with its rater, into one row an image.

    Ratings that are all whole levels of the scale become votes, others MOS and SD (of the
    sample; NaN with one rating). A table that names raters but no image twice stays as it is.
    """
    if "rater" not in rows or "mos" not in rows or rows["name"].is_unique:
        return rows
    again = rows.duplicated(["name", "rater"]).to_numpy()
    what = "Rated twice by the same rater"
    rows = ledger.set_aside(rows, again, what, "Keep one rating of each rater and image.")
    # An image with two parts or groups stays two rows, and is found as such later.
    keys = [column for column in ("name", "split", "group") if column in rows]
    places = 1 + (LEVELS - 1) * (rows["mos"].to_numpy() - scale.low) / (scale.high - scale.low)
    whole = np.round(places)
    if np.allclose(places, whole, rtol=0, atol=1e-9):
        votes = {f"v{place}": (whole == place).astype(float) for place in range(1, LEVELS + 1)}
        return rows[keys].assign(**votes).groupby(keys, sort=False, as_index=False).sum()
    ratings = rows.groupby(keys, sort=False)["mos"]
    return ratings.agg(mos="mean", std="std").reset_index()


def label_images(rows: pd.DataFrame, scale: Scale) -> Labels:
    """Turn votes, or MOS with or without SD, into training targets; one row an image.

    An image without SD in a table that has them is taken as MOS alone.
    """
    if levels := level_columns(rows):
        shares = votes_to_distribution(rows[levels].to_numpy())
        values = np.linspace(scale.low, scale.high, len(levels))
        mean = shares @ values
        variance = (shares * np.square(values - mean[:, None])).sum(axis=1)
        worst_first = shares if scale.higher_is_better else shares[:, ::-1]
        return Labels(fold_levels(worst_first), mean, np.sqrt(variance), "votes")
    mos = rows["mos"].to_numpy()
    distribution = mos_to_distribution(scale.to_levels(mos))
    if "std" not in rows or rows["std"].isna().all():
        return Labels(distribution, mos, None, "MOS")
    std = rows["std"].to_numpy()
    known = np.isfinite(std)
    distribution[known] = mos_std_to_distribution(
        scale.to_levels(mos[known]), scale.std_to_levels(std[known])
    )
    return Labels(distribution, mos, std, "MOS and SD")


def _outside(rows: pd.DataFrame, scale: Scale) -> NDArray[np.bool_]:
    scores = rows["mos"].to_numpy()
    return np.asarray((scores < scale.low) | (scores > scale.high))


def _named_scores(rows: pd.DataFrame) -> list[str]:
    return [f"{name} ({score:g})" for name, score in zip(rows["name"], rows["mos"], strict=True)]
