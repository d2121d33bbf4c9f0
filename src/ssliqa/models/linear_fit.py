"""The linear head that fits given photographs best, found without training.

    W, b = argmin  sum_i w_i d(softmax(o_i + z_i W + b), target_i) + penalty |W|^2

o_i is zero. Or a head that has learned elsewhere says h_i of photograph i: then o_i + b becomes
s h_i + t k, with one factor s > 0 and one tilt t along the levels k, which take the scores to the
new raters' scale, and the penalty holds the rest near what that head is, so that few photographs
change the order little. d is the squared CDF difference.
With what needs no rating (:class:`SelfEvident`) two terms are added,

    order_weight mean over u, k of max(0, margin - (m_u - m_uk))^2
    + agreement_weight mean over v, c of (m_vc - m_v)^2

m_u is the mean opinion predicted on photograph u and m_uk that on its degraded copy k; m_vc is that
on crop c of photograph v and m_v the mean of these. Copies are worse on average, and crops of one
photograph about equally good, whatever anybody says of it. Both are means beside a sum over the
photographs with targets, so the two count less the more of these there are, as a prior does, unless
their weights grow with them.

z_i is the activation of photograph i, standardized over the photographs with targets and divided,
in the part of each level, by the root of the level's size, so that a level of many features weighs
no more than one of few. W is then expressed for activations as they are, and the head is an
ordinary one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ssliqa.errors import ModelError
from ssliqa.losses import squared_cdf_errors
from ssliqa.models.prediction import level_means

PENALTY = 0.015
"""From a scan in factors of three with 50 to 744 labels of LIVE Challenge, flat around it."""

_ITERATIONS = 200
# Of the median spread in a level. In MobileNets no feature comes below a fifth of it.
_LEAST = 1e-3


@dataclass(frozen=True)
class SelfEvident:
    """What is known of photographs whatever anybody says of them.

    Args:
        versions: activations (U, 1 + K, F) of photographs, each followed by degraded copies of it;
            None where nothing is asked of these.
        crops: activations (V, C, F) of crops of photographs, two or more of each; None where
            nothing is asked of these.
        margin: by how many levels copies are to score below the photograph, above 0.
        order_weight, agreement_weight: weights of the two terms, above 0.
    """

    versions: Tensor | None
    crops: Tensor | None
    margin: float
    order_weight: float
    agreement_weight: float

    def rows(self) -> Tensor:
        """All activations (U (1 + K) + V C, F)."""
        parts = (self.versions, self.crops)
        return torch.cat([part.flatten(0, 1) for part in parts if part is not None])

    def error(self, distribution: Tensor) -> Tensor:
        """The sum of the two terms, for distributions predicted on :meth:`rows`."""
        means = level_means(distribution)
        total = means.new_zeros(())
        if self.versions is not None:
            shape = self.versions.shape[:2]
            versions, means = means[: shape.numel()].view(shape), means[shape.numel() :]
            short = (self.margin - (versions[:, :1] - versions[:, 1:])).clamp_min(0)
            total = total + self.order_weight * short.square().mean()
        if self.crops is not None:
            crops = means.view(self.crops.shape[:2])
            apart = crops - crops.mean(dim=1, keepdim=True)
            total = total + self.agreement_weight * apart.square().mean()
        return total


def fit_linear(
    activations: Tensor,
    distribution: Tensor,
    level_sizes: Sequence[int],
    penalty: float = PENALTY,
    weights: Tensor | None = None,
    prior: tuple[Tensor, Tensor] | None = None,
    evident: SelfEvident | None = None,
) -> tuple[Tensor, Tensor]:
    """The linear layer that is minimal in the sense above.

    Args:
        activations: (N, F).
        distribution: (N, 5) target shares.
        level_sizes: sizes of the parts of the activation, F in all.
        penalty: weight of |W|^2, above 0.
        weights: (N,) w of the photographs, 0 or more; by default 1 each.
        prior: weight (5, F) and bias (5,) of the head to stay near.
        evident: what is known besides.

    Returns:
        Weight (5, F) and bias (5,), float64, on the CPU.

    Raises:
        ModelError: activations are not finite.
    """
    rows, target = activations.cpu().double(), distribution.cpu().double()
    weights = torch.ones(len(rows)) if weights is None else weights.cpu()
    shares = weights.double() / weights.double().sum()
    center = shares @ rows
    spread = (shares @ (rows - center).square()).sqrt()
    # What hardly changes tells nothing, and would get huge weights for it.
    gain = torch.cat(
        [
            torch.where(part > _LEAST * part.median(), len(part) ** -0.5 / part, 0.0)
            for part in torch.split(spread, list(level_sizes))
        ]
    )
    labeled = len(rows)
    if evident is not None:
        rows = torch.cat([rows, evident.rows().cpu().double()])
    if not rows.isfinite().all():
        raise ModelError(
            "A head cannot be fitted: the network's activations are not finite.",
            "Check its weights, or name another network.",
        )
    rotated, right = (rows - center) * gain, None
    if len(rows) < rows.shape[1]:
        # In the space that the rows span there are as many unknowns as rows.
        left, size, right = torch.linalg.svd(rotated, full_matrices=False)
        rotated = left * size
    weight = rows.new_zeros(rotated.shape[1], target.shape[1]).requires_grad_()
    if prior is None:
        before = rows.new_zeros(target.shape[1], rows.shape[1]), rows.new_zeros(target.shape[1])
        free = (shares @ target).clamp_min(1e-6).log().requires_grad_()
    else:
        before = prior[0].detach().cpu().double(), prior[1].detach().cpu().double()
        free = rows.new_zeros(2).requires_grad_()
    known = rows @ before[0].T + before[1]
    levels = torch.arange(target.shape[1], dtype=rows.dtype)

    def moved(answers: Tensor) -> Tensor:
        if prior is None:
            return answers + free
        return free[0].exp() * answers + free[1] * levels

    search = torch.optim.LBFGS(
        [weight, free],
        max_iter=_ITERATIONS,
        history_size=20,
        tolerance_grad=1e-8,
        line_search_fn="strong_wolfe",
    )

    def objective() -> Tensor:
        search.zero_grad()
        predicted = (moved(known) + rotated @ weight).softmax(dim=1)
        fit = shares @ squared_cdf_errors(predicted[:labeled], target)
        further = penalty * weight.square().sum()
        if evident is not None:
            further = further + evident.error(predicted[labeled:])
        value = fit + further / weights.sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    with torch.enable_grad():
        search.step(objective)  # type: ignore[no-untyped-call]
    found = weight.detach() if right is None else right.T @ weight.detach()
    plain = found * gain[:, None]
    with torch.no_grad():
        stretch = 1.0 if prior is None else free[0].exp()
        return stretch * before[0] + plain.T, moved(before[1]) - center @ plain
