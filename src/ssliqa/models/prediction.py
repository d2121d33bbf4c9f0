"""What a model says of an image: tensors in training, a score for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ssliqa.errors import ModelError
from ssliqa.models.calibration import Calibration
from ssliqa.opinion import Scale, distribution_mean, distribution_std


class Prediction(NamedTuple):
    """A network's output for a batch of B images.

    ``distribution`` (B, 5) holds the shares of the levels 1..5 and sums to 1 per row;
    ``activation`` (B, F) is the pooled backbone feature, before any dropout.
    """

    distribution: Tensor
    activation: Tensor


def level_means(distribution: Tensor) -> Tensor:
    """Mean opinion (U,) in levels 1..5 of distributions (U, 5)."""
    levels = torch.arange(1, 6, dtype=distribution.dtype, device=distribution.device)
    return distribution @ levels


@dataclass(frozen=True)
class Score:
    """The predicted opinion on one photograph, in the scale of the ratings the model learned from.

    ``std`` is the standard deviation of the predicted opinions (how far raters would disagree), not
    an error bar. ``lower`` and ``upper`` bound the mean opinion with a stated coverage
    (:class:`~ssliqa.models.calibration.Calibration`), ``lower <= upper`` on every scale; they are
    None for a model that has not been calibrated.
    """

    score: float
    std: float
    lower: float | None
    upper: float | None
    distribution: tuple[float, ...]

    @classmethod
    def of(
        cls,
        distribution: NDArray[np.float64],
        scale: Scale,
        calibration: Calibration | None = None,
    ) -> Score:
        """The score that a predicted distribution (5,) stands for on ``scale``."""
        lower = upper = None
        if calibration is not None:
            # Where lower is better, the better end of the interval is the smaller number.
            lower, upper = sorted(
                float(scale.from_levels(bound)) for bound in calibration.interval(distribution)
            )
        return cls(
            score=float(scale.from_levels(distribution_mean(distribution))),
            std=float(scale.std_from_levels(distribution_std(distribution))),
            lower=lower,
            upper=upper,
            distribution=tuple(float(share) for share in distribution),
        )


def mean_distribution(shares: NDArray[np.float32], model: str) -> NDArray[np.float64]:
    """The distribution (5,) of a photograph from those of its crops (K, 5).

    Args:
        shares: what the network says of each crop.
        model: its name, for the error.

    Raises:
        ModelError: there are values that are not numbers.
    """
    mean: NDArray[np.float64] = shares.mean(axis=0, dtype=np.float64)
    if not np.isfinite(mean).all():
        raise ModelError(
            f"The model '{model}' gives scores that are not numbers.",
            "Its weights or its normalization are broken: copy the model again, or train anew.",
        )
    return mean
