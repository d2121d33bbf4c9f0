"""A branch: one network in training, with its batch-norm policy and its precision."""

from __future__ import annotations

from itertools import chain
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ssliqa.errors import ConfigError
from ssliqa.models import Prediction, QualityModel
from ssliqa.models.folding import Pairs, conv_norm_pairs, folded
from ssliqa.models.quality_model import evaluating


class Branch(nn.Module):
    """A quality model as a method trains it.

    Args:
        model: the network.
        freeze_batch_norm: keep the running statistics of the start weights and normalize with
            them in training too. With few labels the statistics of small batches do more harm than
            good. The affine parameters are learned either way. Heads are new, so theirs move.
            Layers at rest are computed folded into the convolutions before them, on a CPU: a GPU
            would wait for the many small operations that folding takes.
        frozen_stages: that many of the backbone's stages, from the input on, keep their start
            weights. Early layers serve any photograph, so little is lost, and much time is saved.
        bf16: compute in bfloat16 where that is safe (autocast); weights stay float32.
    """

    def __init__(
        self,
        model: QualityModel,
        *,
        freeze_batch_norm: bool = False,
        frozen_stages: int = 0,
        bf16: bool = False,
    ) -> None:
        super().__init__()
        self.model = model
        self.freeze_batch_norm = freeze_batch_norm
        stages = model.backbone.stages
        if not 0 <= frozen_stages <= len(stages):
            raise ConfigError(
                f"frozen_stages is {frozen_stages}, and '{model.name}' has {len(stages)} stages.",
                f"Give 0 to {len(stages)}.",
            )
        for name in chain.from_iterable(stages[:frozen_stages]):
            model.backbone.net.get_parameter(name).requires_grad_(False)
        self.bf16 = bf16
        self._pairs: Pairs | None = None
        self.train(model.training)  # so that batch-norm is frozen from the start

    def train(self, mode: bool = True) -> Branch:
        """Set training mode; frozen batch-norm layers stay in evaluation mode."""
        super().train(mode)
        if mode:
            for part in self._frozen_norms():
                part.eval()
        return self

    def _frozen_norms(self) -> list[_BatchNorm]:
        norms = [part for part in self.model.backbone.modules() if isinstance(part, _BatchNorm)]
        learned = any(values.requires_grad for values in self.model.backbone.parameters())
        if self.freeze_batch_norm or not learned:
            return norms
        return [norm for norm in norms if norm.affine and not norm.weight.requires_grad]

    def __getstate__(self) -> dict[str, object]:
        # A copy finds its own pairs: these are of the original's weights.
        return {**self.__dict__, "_pairs": None}

    def forward(self, images: Tensor) -> Prediction:
        """Predict a batch (B, 3, H, W) uint8 with a graph, in the current mode."""
        with (
            torch.autocast(images.device.type, torch.bfloat16, enabled=self.bf16),
            folded(self._foldable(images)),
        ):
            return cast(Prediction, self.model(images))

    def _foldable(self, images: Tensor) -> Pairs:
        if images.device.type != "cpu":
            return {}
        if self._pairs is None:
            if not self._frozen_norms():
                return {}
            backbone = self.model.backbone
            with evaluating(backbone):
                self._pairs = conv_norm_pairs(backbone, lambda: backbone(images[:1].float()))
        return self._pairs

    @torch.no_grad()
    def target(self, images: Tensor) -> Prediction:
        """Predict a batch as a target for another branch.

        Without a graph, and with batch-norm and dropout at rest, so that unlabeled images leave no
        trace in this branch.
        """
        with evaluating(self.model):
            return cast(Prediction, self(images))
