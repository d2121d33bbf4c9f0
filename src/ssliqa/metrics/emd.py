"""Earth mover's distance: how far a predicted score distribution lies from the raters'.

    EMD = sum over k of |P_k - T_k|,  P_k = p_1 + .. + p_k

is, on ordered levels, the least sum of mass times the distance it must be moved (Rubner, Tomasi,
Guibas, "The Earth Mover's Distance as a Metric for Image Retrieval", IJCV 40, 2000). It counts in
levels: predicting the distribution one level too high costs 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ssliqa.errors import MetricError


def earth_movers_distance(predicted: ArrayLike, truth: ArrayLike) -> NDArray[np.float64]:
    """Earth mover's distance of each image, in levels.

    Args:
        predicted: shares of L levels, shape (n, L), each row summing to 1.
        truth: likewise, of the same images.

    Returns:
        Shape (n,), in 0..L - 1; never below the difference of the two mean levels.

    Raises:
        MetricError: shapes that differ or are not (n, L).

    Example:
        >>> earth_movers_distance([[0, 0, 1, 0, 0]], [[0.5, 0, 0, 0, 0.5]])
        array([2.])
    """
    one, other = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    if one.shape != other.shape or one.ndim != 2:
        raise MetricError(
            f"Distributions have the shapes {one.shape} and {other.shape}; expected (images, "
            "levels) twice.",
            "Pass the distributions of the same images in the same order.",
        )
    distance: NDArray[np.float64] = np.abs(np.cumsum(one - other, axis=1)).sum(axis=1)
    return distance
