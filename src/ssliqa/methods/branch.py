"""A branch: one network in training, with its batch-norm policy and its precision."""

from __future__ import annotations

import hashlib
from itertools import chain
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ssliqa.errors import ConfigError
from ssliqa.methods.crops import Crops, Images
from ssliqa.models import Prediction, QualityModel
from ssliqa.models.clipping import clipping_without_copies
from ssliqa.models.depthwise import depthwise_in_float32
from ssliqa.models.folding import Pairs, conv_norm_pairs, folded
from ssliqa.models.quality_model import evaluating
from ssliqa.models.trunk import find_trunk


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
        enter_trunk: go on from activations of the frozen layers where :class:`Crops` hold them.
        trained_before: the head has learned from ratings elsewhere; where it is linear, fits stay
            near it.

    ``trunk`` is where the network can be entered, None where it cannot be or need not; and
    ``trunk_key`` tells activations of these very layers from all others.
    """

    def __init__(
        self,
        model: QualityModel,
        *,
        freeze_batch_norm: bool = False,
        frozen_stages: int = 0,
        bf16: bool = False,
        enter_trunk: bool = False,
        trained_before: bool = False,
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
        self.head_before: tuple[Tensor, Tensor] | None = None
        if trained_before and len(model.head) == 1:
            weight, bias = (values.detach().clone() for values in model.head.parameters())
            self.head_before = weight, bias
        self._pairs: Pairs | None = None
        self.train(model.training)  # so that batch-norm is frozen from the start
        self.trunk = find_trunk(model, model.protocol.crop) if enter_trunk else None
        self.trunk_key = "" if self.trunk is None else self._digest()

    def train(self, mode: bool = True) -> Branch:
        """Set training mode; frozen batch-norm layers stay in evaluation mode."""
        super().train(mode)
        if mode:
            for part in self._frozen_norms():
                part.eval()
        return self

    @property
    def moves_batch_norm(self) -> bool:
        """Whether training normalizes with the statistics of its batches somewhere."""
        return len(self._norms()) > len(self._frozen_norms())

    def _norms(self) -> list[_BatchNorm]:
        return [part for part in self.model.backbone.modules() if isinstance(part, _BatchNorm)]

    def _frozen_norms(self) -> list[_BatchNorm]:
        norms = self._norms()
        learned = any(values.requires_grad for values in self.model.backbone.parameters())
        if self.freeze_batch_norm or not learned:
            return norms
        return [norm for norm in norms if norm.affine and not norm.weight.requires_grad]

    def __getstate__(self) -> dict[str, object]:
        # A copy finds its own pairs: these are of the original's weights.
        return {**self.__dict__, "_pairs": None}

    def forward(self, images: Images) -> Prediction:
        """Predict a batch with a graph, in the current mode."""
        device = self.model.mean.device.type
        with (
            torch.autocast(device, torch.bfloat16, enabled=self.bf16),
            depthwise_in_float32(self.bf16 and device == "cpu"),
            clipping_without_copies(device == "cpu"),
            folded(self._foldable(device)),
        ):
            if isinstance(images, Crops):
                if self.trunk is not None and self.trunk_key in images.activations:
                    activation = images.activations[self.trunk_key].float()
                    with self.trunk.entered(activation) as empty:
                        return cast(Prediction, self.model(empty))
                assert images.pixels is not None, "no activations for this branch, and no pixels"
                images = images.pixels
            return cast(Prediction, self.model(images))

    @torch.no_grad()
    def trunk_activation(self, pixels: Tensor) -> Tensor:
        """What the trunk makes of crops (B, 3, H, W) uint8: (B, ...), in float16.

        Beyond the range of float16 values are infinite.
        """
        assert self.trunk is not None
        device = self.model.mean.device.type
        with torch.autocast(device, torch.bfloat16, enabled=self.bf16):
            return self.trunk.activation(self.model, pixels).half()

    def _foldable(self, device: str) -> Pairs:
        if device != "cpu":
            return {}
        if self._pairs is None:
            if not self._frozen_norms():
                return {}
            backbone, side = self.model.backbone, self.model.protocol.crop
            with evaluating(backbone):
                self._pairs = conv_norm_pairs(
                    backbone, lambda: backbone(torch.zeros(1, 3, side, side))
                )
        return self._pairs

    def _digest(self) -> str:
        model = self.model
        facts = (model.config["backbone"], model.config["options"], model.protocol.crop)
        numbers: tuple[object, ...] = (
            model.config["mean"],
            model.config["std"],
            self.bf16,
            torch.__version__,
        )
        assert self.trunk is not None
        if len(self.trunk.shape) == 1:  # the pooled activation, of one level or of several
            numbers = (*numbers, tuple(self.trunk.shape))
        parameters = model.backbone.named_parameters()
        digest = hashlib.blake2b(repr((facts, numbers)).encode(), digest_size=16)
        frozen = [item for item in parameters if not item[1].requires_grad]
        for name, values in (*frozen, *model.backbone.named_buffers()):
            digest.update(name.encode())
            digest.update(values.detach().cpu().numpy().tobytes())
        return digest.hexdigest()

    @torch.no_grad()
    def target(self, images: Images) -> Prediction:
        """Predict a batch as a target for another branch.

        Without a graph, and with batch-norm and dropout at rest, so that unlabeled images leave no
        trace in this branch.
        """
        with evaluating(self.model):
            return cast(Prediction, self(images))
