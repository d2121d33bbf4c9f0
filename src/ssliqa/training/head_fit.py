"""Fit linear heads to the labels before training begins, instead of starting from random numbers.

    W, b = argmin  sum_i d(softmax(z_i W + b), target_i) + penalty |W|^2

d is the squared CDF difference. z_i is the mean activation of photograph i, standardized over the
labeled photographs and divided, in the part of each level, by the root of the level's size, so that
a level of many features weighs no more than one of few. W is then expressed for activations as they
are, and the head is an ordinary one.

A random head sends random gradients into a good backbone. Fitting it first keeps what the backbone
knows (A. Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform
Out-of-Distribution", ICLR 2022), and with few labels it is most of what there is to learn.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ssliqa.errors import ConfigError
from ssliqa.losses import squared_cdf_error
from ssliqa.methods import Branch, Method, Pool

PENALTY = 0.015
"""From a scan in factors of three with 50 to 744 labels of LIVE Challenge, flat around it."""

_ITERATIONS = 200
# Of the median spread in a level. In MobileNets no feature comes below a fifth of it.
_LEAST = 1e-3


def linear_layer(branch: Branch, name: str) -> nn.Linear:
    """The only layer of a branch's head.

    Raises:
        ConfigError: the head has more than one.
    """
    head = branch.model.head
    if len(head) == 1 and isinstance(head[0], nn.Linear):
        return head[0]
    raise ConfigError(
        f"fit_head fits linear heads, and that of the {name} has hidden layers.",
        "Use head linear, or leave fit_head out.",
    )


def fit_heads(method: Method, pool: Pool) -> None:
    """Fit the head of every branch to the labels, with the networks as they are.

    Args:
        method: its branches have linear heads.
        pool: the photographs; unlabeled ones are not looked at.
    """
    for name in method.branch_names:
        branch = method.branch(name)
        layer = linear_layer(branch, name)
        rows = [
            branch.target(pool.labeled_crops(place)).activation.mean(dim=0)
            for place in range(pool.labeled)
        ]
        weight, bias = fit_linear(
            torch.stack(rows), pool.distribution, branch.model.backbone.level_sizes
        )
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)


def fit_linear(
    activations: Tensor, distribution: Tensor, level_sizes: Sequence[int], penalty: float = PENALTY
) -> tuple[Tensor, Tensor]:
    """The linear layer that is minimal in the sense above.

    Args:
        activations: (N, F).
        distribution: (N, 5) target shares.
        level_sizes: sizes of the parts of the activation, F in all.
        penalty: weight of |W|^2, above 0.

    Returns:
        Weight (5, F) and bias (5,), float64.
    """
    rows, target = activations.double(), distribution.double()
    center, spread = rows.mean(dim=0), rows.std(dim=0, correction=0)
    # What hardly changes tells nothing, and would get huge weights for it.
    gain = torch.cat(
        [
            torch.where(part > _LEAST * part.median(), len(part) ** -0.5 / part, 0.0)
            for part in torch.split(spread, list(level_sizes))
        ]
    )
    # Rotated into the space that the photographs span, a few hundred unknowns remain.
    left, size, right = torch.linalg.svd((rows - center) * gain, full_matrices=False)
    rotated = left * size
    weight = rows.new_zeros(rotated.shape[1], target.shape[1]).requires_grad_()
    bias = target.mean(dim=0).clamp_min(1e-6).log().requires_grad_()
    search = torch.optim.LBFGS(
        [weight, bias],
        max_iter=_ITERATIONS,
        history_size=20,
        tolerance_grad=1e-8,
        line_search_fn="strong_wolfe",
    )

    def objective() -> Tensor:
        search.zero_grad()
        predicted = (rotated @ weight + bias).softmax(dim=1)
        fit = squared_cdf_error(predicted, target)
        value = fit + penalty / len(target) * weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    with torch.enable_grad():
        search.step(objective)  # type: ignore[no-untyped-call]
    plain = (right.T @ weight.detach()) * gain[:, None]
    return plain.T, bias.detach() - center @ plain
