"""The weight of a consistency term over a training: small at first, while the teacher knows little.

    w(p) = exp(-5 (1 - p)^2),  p = progress in 0..1

Source: Laine, Aila, "Temporal Ensembling for Semi-Supervised Learning", ICLR 2017.
"""

from __future__ import annotations

import math


def sigmoid_rampup(progress: float) -> float:
    """Ramp-up weight: 0.0067 at the start (not zero), 1 at the end.

    Args:
        progress: the share of the ramp that is done; values outside 0..1 are clamped, so that the
            weight stays 1 once a ramp shorter than the training has ended.

    Returns:
        A weight in exp(-5)..1, never falling with progress.
    """
    remaining = 1.0 - min(max(progress, 0.0), 1.0)
    return math.exp(-5.0 * remaining**2)
