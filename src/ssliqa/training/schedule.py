"""Learning rates as pure functions of progress, so that a resumed run needs no scheduler state."""

from __future__ import annotations

import math

from ssliqa.methods import Progress
from ssliqa.training.config import OptimizerConfig

# One-cycle starts at this share of the peak (Smith & Topin, "Super-Convergence", 2018).
_START = 0.04


def learning_rate_share(config: OptimizerConfig, progress: Progress) -> float:
    """The learning rate of the step that ``progress`` stands at, as a share of the peak (0..1)."""
    if config.schedule == "constant":
        return 1.0
    if config.schedule == "halving":
        return float(0.5 ** (progress.epoch // config.halve_every))
    done = progress.fraction
    if done < config.warmup:
        return _START + (1 - _START) * _half_cosine(done / config.warmup)
    return 1 - _half_cosine((done - config.warmup) / (1 - config.warmup))


def _half_cosine(share: float) -> float:
    """From 0 at 0 to 1 at 1, flat at both ends."""
    return (1 - math.cos(math.pi * share)) / 2
