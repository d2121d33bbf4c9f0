"""How far a predicted score distribution lies from the target one.

Both losses take shares on the five ACR levels (1 bad .. 5 excellent), shape (B, 5), each row
summing to 1, and return a scalar. Both are used on labeled images (target: the raters' shares) and
as prediction consistency (target: the teacher's shares). A target that must receive no gradient is
detached by the caller.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ssliqa.losses.precision import at_least_float32


def mean_squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean over images and levels of the squared difference of shares, the paper's loss.

    Args:
        predicted: shares, shape (B, 5), in 0..1.
        target: shares, shape (B, 5), in 0..1.

    Returns:
        A scalar in 0..0.4 (0.4 when all the mass sits on one wrong level), float32 or wider.

    Source:
        Yue et al., IEEE Trans. Multimedia 25, 2023, doi 10.1109/TMM.2022.3209889.
    """
    return squared_errors(predicted, target).mean()


def squared_cdf_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Squared earth mover's distance: mean squared difference of the cumulative shares.

        mean over images of 1/5 sum_k (P_k - T_k)^2,  P_k = p_1 + .. + p_k

    Unlike :func:`mean_squared_error` it knows that the levels are ordered: mass on a neighboring
    level costs less than mass on a far one. The mean runs over all five levels as in the
    literature, although the fifth difference is always zero.

    Args:
        predicted: shares, shape (B, 5), in 0..1.
        target: shares, shape (B, 5), in 0..1.

    Returns:
        A scalar in 0..0.8 (0.8 when all the mass sits at the opposite end), float32 or wider.

    Source:
        Hou, Yu, Samaras, "Squared Earth Mover's Distance-based Loss for Training Deep Neural
        Networks", 2016, arXiv:1611.05916. NIMA (Talebi, Milanfar, 2018, arXiv:1709.05424) takes
        with r = 2 the square root of each image's term; the root is left out here, because its
        gradient is unbounded where the prediction is perfect.
    """
    return squared_cdf_errors(predicted, target).mean()


def squared_errors(predicted: Tensor, target: Tensor) -> Tensor:
    """What :func:`mean_squared_error` is the mean of: an error for each image, shape (B,)."""
    return _difference(predicted, target).square().mean(dim=1)


def squared_cdf_errors(predicted: Tensor, target: Tensor) -> Tensor:
    """What :func:`squared_cdf_error` is the mean of: an error for each image, shape (B,)."""
    return _difference(predicted, target).cumsum(dim=1).square().mean(dim=1)


DISTRIBUTION_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": mean_squared_error,
    "cdf": squared_cdf_error,
}
"""The losses by the name a configuration uses."""

DISTRIBUTION_ERRORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": squared_errors,
    "cdf": squared_cdf_errors,
}
"""The errors of single images by the same names, for methods that weigh images."""


def _difference(predicted: Tensor, target: Tensor) -> Tensor:
    # (B, 5) against (5,) or (B, 1) would broadcast without a word.
    if predicted.shape != target.shape or predicted.ndim != 2:
        raise ValueError(
            f"Expected two (B, levels) tensors of the same shape, found predicted "
            f"{tuple(predicted.shape)} and target {tuple(target.shape)}."
        )
    return at_least_float32(predicted) - at_least_float32(target)
