"""Fit linear heads to the labels before training begins, instead of starting from random numbers.

A random head sends random gradients into a good backbone. Fitting it first keeps what the backbone
knows (A. Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform
Out-of-Distribution", ICLR 2022), and with few labels it is most of what there is to learn. What
fits best is said in :mod:`ssliqa.models.linear_fit`.
"""

from __future__ import annotations

from ssliqa.methods import Method, Pool
from ssliqa.methods.fitted_head import fit_head, mean_activations


def fit_heads(method: Method, pool: Pool) -> None:
    """Fit the head of every branch to the labels that the method does not fit itself.

    Args:
        method: its branches have linear heads.
        pool: the photographs; unlabeled ones are not looked at.
    """
    for name in method.branch_names:
        if name in method.fitted:
            continue
        branch = method.branch(name)
        rows = mean_activations(branch, pool.labeled_crops, pool.labeled)
        fit_head(branch, name, rows, pool.distribution)
