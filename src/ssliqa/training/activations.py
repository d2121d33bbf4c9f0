"""Activations of frozen layers, computed once for each view of each photograph and kept on disk.

They lie in the image cache, named by the photograph, the views and the layers: trainings with other
seeds, labels or methods find them there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ssliqa.images import Prepared, crop_views, random_crop
from ssliqa.images.entries import entry_bytes
from ssliqa.methods import Branch, Method
from ssliqa.methods.crops import channels_first
from ssliqa.training.monitor import Monitor

HalfArray = NDArray[np.float16]


@dataclass(frozen=True)
class KeptActivations:
    """What the trunk of one branch makes of the views of prepared photographs.

    Args:
        branch: a branch with a trunk.
        prepared: the photographs.
        views: (V, 3), see :func:`ssliqa.images.crop_views`.
    """

    branch: Branch
    prepared: Prepared
    views: NDArray[np.float64]

    @property
    def bytes_each(self) -> int:
        """What the activations of one photograph take on disk."""
        assert self.branch.trunk is not None
        return entry_bytes((len(self.views), *self.branch.trunk.shape), np.float16)

    def fill(self, index: int) -> bool:
        """See that a photograph's activations are on disk.

        Returns:
            Whether they are; where not, they do not fit float16, or the cache.
        """
        entries, key = self.prepared.cache.entries, self._key(index)
        if entries.claim(key) is not None:
            return True
        values = self._compute(index)
        if not np.isfinite(values).all():
            return False
        entries.store(key, values)
        return entries.holds(key)

    def __call__(self, index: int) -> HalfArray:
        """Activations (V, ...) of a photograph; channels last where there are four axes.

        Raises:
            ImageReadError: they are no longer on disk, and the photograph is not, either.
        """
        kept = self.prepared.cache.entries.read(self._key(index))
        return self._compute(index) if kept is None else kept

    def _key(self, index: int) -> str:
        photo = self.prepared.photos[index]
        assert photo is not None
        device = self.branch.model.mean.device.type
        name = f"{photo.key} {self.branch.trunk_key} {device}".encode()
        return hashlib.blake2b(name + self.views.tobytes(), digest_size=16).hexdigest()

    def _compute(self, index: int) -> HalfArray:
        image, crop = self.prepared.image(index), self.branch.model.protocol.crop
        crops = np.stack([random_crop(image, crop, u, v, bool(flip)) for u, v, flip in self.views])
        pixels = channels_first(crops).to(self.branch.model.mean.device)
        values = self.branch.trunk_activation(pixels)
        if values.ndim == 4:
            values = values.permute(0, 2, 3, 1)
        return np.ascontiguousarray(values.cpu().numpy())


def keep_activations(
    method: Method,
    names: Iterable[str],
    prepared: Prepared,
    used: list[int],
    views: int,
    monitor: Monitor,
) -> dict[str, KeptActivations]:
    """Compute or find the activations that a training can go on from.

    Args:
        method: whose branches have been told to enter their trunks.
        names: the branches that will be used.
        prepared: the photographs.
        used: which of them training will see.
        views: how many crops of each.
        monitor: told of the progress, and why activations cannot be kept.

    Returns:
        By trunk key; without the branches whose activations cannot be kept.
    """
    fixed = crop_views(views)
    branches = {branch.trunk_key: branch for branch in map(method.branch, names)}
    wanted = {
        key: KeptActivations(branch, prepared, fixed)
        for key, branch in branches.items()
        if branch.trunk is not None
    }
    total, done = len(used) * len(wanted), 0
    kept: dict[str, KeptActivations] = {}
    for key, activations in wanted.items():
        size = activations.bytes_each * len(used)
        if size > prepared.cache.entries.room():
            monitor.message(
                _without(activations, f"They take {size / 1e9:.3g} GB, more than --cache_gb.")
            )
            continue
        for index in used:
            if not activations.fill(index):
                monitor.message(_without(activations, "They cannot be stored."))
                break
            done += 1
            monitor.preparing(done, total)
        else:
            kept[key] = activations
    return kept


def needs_pixels(method: Method, kept: Mapping[str, KeptActivations], names: Iterable[str]) -> bool:
    """Whether one of these branches has to begin at the pixels."""
    return not all(method.branch(name).trunk_key in kept for name in names)


def _without(activations: KeptActivations, why: str) -> str:
    name = activations.branch.model.name
    return f"Activations of the frozen stages of {name} are computed at each step. {why}"
