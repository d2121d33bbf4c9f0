"""The head of a branch, fitted to photographs whose activations are known."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ssliqa.errors import ConfigError
from ssliqa.methods.branch import Branch
from ssliqa.methods.crops import Images
from ssliqa.models.linear_fit import SelfEvident, fit_linear


def linear_layer(branch: Branch, name: str) -> nn.Linear:
    """The only layer of a branch's head.

    Raises:
        ConfigError: the head has more than one.
    """
    head = branch.model.head
    if len(head) == 1 and isinstance(head[0], nn.Linear):
        return head[0]
    raise ConfigError(
        f"Only a linear head can be fitted, and that of the {name} has hidden layers.",
        f"Use --{name}.head linear, and with --from a model that has such a head; other heads can "
        "only be trained, as by --method supervised --steps 300.",
    )


def mean_activations(branch: Branch, crops: Callable[[int], Images], count: int) -> Tensor:
    """Mean activations over the crops of each photograph, at rest.

    Args:
        branch: the network.
        crops: from a photograph's place to its crops.
        count: how many photographs there are, 1 or more.

    Returns:
        (count, F).
    """
    return torch.stack(
        [branch.target(crops(place)).activation.mean(dim=0) for place in range(count)]
    )


def fit_head(
    branch: Branch,
    name: str,
    rows: Tensor,
    distribution: Tensor,
    *,
    weights: Tensor | None = None,
    evident: SelfEvident | None = None,
) -> None:
    """Give a branch the head that fits best; see :mod:`ssliqa.models.linear_fit`.

    Where the branch started from a trained model, the head stays near that model's.

    Args:
        branch: its head is linear.
        name: the branch's.
        rows: activations (N, F) of photographs.
        distribution: (N, 5) target shares of these.
        weights: (N,) of the photographs; by default 1 each.
        evident: what else the head should say.
    """
    layer = linear_layer(branch, name)
    weight, bias = fit_linear(
        rows,
        distribution,
        branch.model.backbone.level_sizes,
        weights=weights,
        prior=branch.head_before,
        evident=evident,
    )
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
