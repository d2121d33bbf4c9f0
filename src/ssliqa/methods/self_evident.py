"""What needs no rating to be known: degraded copies are worse, and crops are alike.

A copy of a photograph with blur or too little light is worse on average, and two crops of one
photograph are about equally good. Which activations tell so is worth knowing where labels are few.
Nothing is said of how good a photograph is, so photographs of any kind can teach it, those with
labels among them.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ssliqa.images.degradations import DEGRADATIONS, degrade
from ssliqa.methods.branch import Branch
from ssliqa.methods.contract import Pool
from ssliqa.methods.crops import channels_first

KINDS = tuple(kind for kind in DEGRADATIONS if kind != "noise")
"""Noise in photographs is of another kind than that of a formula, and matters less to raters."""
SEVERITY = 0.6
DEGRADED = 200
"""Photographs of which copies are made."""
COMPARED = 300
"""Photographs whose crops are compared."""


def crop_activations(branch: Branch, pool: Pool) -> Tensor:
    """Activations (V, C, F) of the crops of up to :data:`COMPARED` photographs of a pool.

    Where training sees one view of a photograph C is 1, and there is nothing to compare.
    """
    found = [
        branch.target(
            pool.labeled_crops(place) if labeled else pool.unlabeled_crops(place)
        ).activation
        for labeled, place in _some(pool, COMPARED)
    ]
    return torch.stack(found)


def version_activations(branch: Branch, pool: Pool) -> Tensor:
    """Activations (U, 1 + K, F) of one crop and its degraded copies, one of each of :data:`KINDS`.

    Args:
        branch: the network, at rest.
        pool: up to :data:`DEGRADED` of its photographs are taken.
    """
    found = []
    for labeled, place in _some(pool, DEGRADED):
        pixels = (pool.labeled_pixels if labeled else pool.unlabeled_pixels)(place)
        shown = np.ascontiguousarray(pixels[0].permute(1, 2, 0).numpy())
        # Shake has a direction, which is that of the place.
        copies = [degrade(shown, kind, SEVERITY, np.random.default_rng(place)) for kind in KINDS]
        versions = channels_first(np.stack([shown, *copies])).to(branch.model.mean.device)
        found.append(branch.target(versions).activation)
    return torch.stack(found)


def _some(pool: Pool, most: int) -> list[tuple[bool, int]]:
    """Up to ``most`` photographs, labeled or not, by their places; the same every time."""
    everything = [(True, place) for place in range(pool.labeled)]
    everything += [(False, place) for place in range(pool.unlabeled)]
    chosen = np.random.default_rng(0).permutation(len(everything))[:most]
    return [everything[index] for index in sorted(chosen.tolist())]
