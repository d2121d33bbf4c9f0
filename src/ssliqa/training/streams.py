"""Where a training's batches come from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray

from ssliqa.data import CropBatch, CropStream
from ssliqa.images import crop_views
from ssliqa.methods import Crops, Images, Labeled, Method, Unlabeled
from ssliqa.methods.crops import channels_first
from ssliqa.training.activations import HalfArray, KeptActivations, needs_pixels
from ssliqa.training.config import TrainConfig
from ssliqa.training.photographs import Photographs

Batch = tuple[Labeled, Unlabeled | None]


@dataclass(frozen=True)
class Streams:
    """Where batches come from. ``target`` maps indices (B,) to distributions (B, 5)."""

    labeled: CropStream
    unlabeled: CropStream | None
    target: Callable[[NDArray[np.int64]], NDArray[np.float64]]

    def steps_per_epoch(self, ends: str) -> int:
        """Steps an epoch takes, by where it ends; see ``TrainConfig.epoch_ends``."""
        rounds = [stream.round_steps for stream in (self.labeled, self.unlabeled) if stream]
        if ends == "shorter":
            return max(1, math.floor(min(rounds)))
        return math.ceil(max(rounds))

    def batch(self, epoch: int, step: int) -> Batch:
        """The batch of a step, as CPU tensors."""
        labeled = self.labeled.batch(epoch, step)
        target = torch.from_numpy(self.target(labeled.indices)).float()
        if self.unlabeled is None:
            return Labeled(_images(labeled), target), None
        unlabeled = self.unlabeled.batch(epoch, step)
        places = torch.from_numpy(unlabeled.indices)
        return Labeled(_images(labeled), target), Unlabeled(_images(unlabeled), places)


def _images(batch: CropBatch) -> Images:
    pixels = None if batch.images is None else channels_first(batch.images)
    if not batch.activations and pixels is not None:
        return pixels
    activations = {key: channels_first(values) for key, values in batch.activations.items()}
    return Crops(pixels, activations)


def open_streams(
    config: TrainConfig,
    photographs: Photographs,
    method: Method,
    kept: Mapping[str, KeptActivations],
    accelerator: Accelerator,
) -> Streams:
    """The streams of a training, with activations of frozen layers where there are any.

    Args:
        config: the training's settings.
        photographs: what is drawn from.
        method: says what it needs.
        kept: from :func:`ssliqa.training.activations.keep_activations`.
        accelerator: says which part of each batch is this process's.
    """
    labeled, unlabeled = photographs.labeled, photographs.unlabeled
    learning = [name for name in method.branch_names if name not in method.fitted]
    keys = {method.branch(name).trunk_key for name in learning} & kept.keys()

    def stream(
        places: NDArray[np.int64],
        batch_size: int,
        number: int,
        crops_each: int = 1,
        pixels_alone: bool = False,
    ) -> CropStream:
        def of_place(activations: KeptActivations) -> Callable[[int], HalfArray]:
            return lambda index: activations(int(places[index]))

        return CropStream(
            count=len(places),
            pixels=lambda index: photographs.prepared.image(int(places[index])),
            crop=config.protocol.crop,
            batch_size=batch_size,
            seed=config.seed,
            stream=number,
            repeats=config.repeats,
            crops_each=crops_each,
            rank=accelerator.process_index,
            processes=accelerator.num_processes,
            views=crop_views(config.views) if config.views else None,
            activations={} if pixels_alone else {key: of_place(kept[key]) for key in keys},
            with_pixels=pixels_alone or needs_pixels(method, kept, learning),
        )

    return Streams(
        labeled=stream(labeled, config.batch_size, 0),
        unlabeled=stream(
            unlabeled, config.unlabeled_batch_size, 1, config.unlabeled_crops, method.reads_pixels
        )
        if method.draws_unlabeled() and len(unlabeled)
        else None,
        target=lambda indices: photographs.distribution[labeled[indices]],
    )
