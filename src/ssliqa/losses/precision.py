"""The precision losses compute in, whatever the networks run in."""

from __future__ import annotations

import torch
from torch import Tensor


def at_least_float32(values: Tensor) -> Tensor:
    """Widen half-precision values to float32; float32 and float64 pass unchanged.

    Differences of similar shares or features, and their squares, vanish in half precision.
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))
