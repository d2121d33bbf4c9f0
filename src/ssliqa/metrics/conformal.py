"""Split conformal prediction: how large an error must be allowed for, judged by errors seen.

Scores s_1 .. s_n of n calibration images say how wrong a prediction was (|error|, or |error| over
an expected size). With

    q = the k-th smallest of them,  k = ceil((n + 1) level),

a further image, exchangeable with these, has a score of at most q with probability level or more,
and of at most level + 1/(n + 1) without ties, whatever the predictor and the distribution are.

Source: Lei, G'Sell, Rinaldo, Tibshirani, Wasserman, "Distribution-Free Predictive Inference for
Regression", JASA 2018, theorem 2.2.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ssliqa.errors import CalibrationError, ConfigError


def conformal_quantile(scores: ArrayLike, level: float) -> float:
    """The bound q that a further score keeps within with probability ``level`` or more.

    Args:
        scores: of the calibration images, shape (n,), larger for larger errors.
        level: in 0..1, both excluded.

    Raises:
        ConfigError: ``level`` is not between 0 and 1.
        CalibrationError: n is too small for the level, or a score is not a finite number.

    Example:
        >>> conformal_quantile(range(1, 100), 0.9)
        90.0
    """
    fewest = fewest_for(level)
    ordered = np.sort(np.asarray(scores, dtype=np.float64))
    if len(ordered) < fewest:
        raise CalibrationError(
            f"{len(ordered)} rated photographs are too few for a {_percent(level)} interval.",
            f"It takes at least {fewest}; 100 or more give a steady width.",
        )
    if not np.isfinite(ordered).all():
        raise CalibrationError(
            "Some calibration errors are not numbers.", "Look for missing ratings or scores."
        )
    return float(ordered[_rank(len(ordered), level) - 1])


def fewest_for(level: float) -> int:
    """The fewest calibration images that can tell a bound at this level: 9 for 0.9, 19 for 0.95.

    Raises:
        ConfigError: ``level`` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ConfigError(
            f"The level of an interval is {level:g}.", "Give a share between 0 and 1, such as 0.9."
        )
    n = max(1, math.floor(level / (1 - level)) - 1)
    while _rank(n, level) > n:
        n += 1
    return n


def _rank(n: int, level: float) -> int:
    # Rounded first: 100 * 0.55 is a little above 55 in floating point.
    return math.ceil(round((n + 1) * level, 9))


def _percent(level: float) -> str:
    return f"{100 * level:g} %"
