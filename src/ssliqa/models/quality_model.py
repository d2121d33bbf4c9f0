"""The quality model: backbone -> pooled activation -> head -> shares of the five rating levels.

    p = softmax(head(f)),  f = average pooling of backbone((x - mean) / std)

It carries all that its numbers depend on: normalization, image protocol and rating scale.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from huggingface_hub import ModelCard, PyTorchModelHubMixin, constants
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError
from numpy.typing import NDArray
from torch import Tensor, nn

from ssliqa.errors import ConfigError, ModelError
from ssliqa.images import ImageSource, Protocol, fixed_crops, read_resized
from ssliqa.models.backbones import build_backbone
from ssliqa.models.backbones.contract import Triple
from ssliqa.models.calibration import Calibration
from ssliqa.models.card import model_card
from ssliqa.models.heads import HeadSpec, build_head, head_spec
from ssliqa.models.prediction import Prediction, Score, mean_distribution
from ssliqa.models.quality_map import QualityMap, map_quality
from ssliqa.models.saved import no_such_model, restored, weights_file
from ssliqa.models.shipped import shipped
from ssliqa.opinion import ACR, Scale


class QualityModel(nn.Module, PyTorchModelHubMixin, library_name="ssliqa"):
    """A network that predicts how people would rate a photograph.

    The constructor takes plain JSON values, which are what ``config.json`` holds, and leaves the
    weights random; use :meth:`create` for a new model and :meth:`from_pretrained` for a trained
    one.

    Args:
        backbone: name of the feature extractor, see :mod:`ssliqa.models.backbones`.
        options: further arguments of the backbone's builder.
        mean, std: normalization per RGB channel of [0, 1] images.
        head: a :class:`HeadSpec` as a dictionary.
        protocol: a :class:`Protocol` as a dictionary.
        scale: the ratings' :class:`Scale` as a dictionary.
        calibration: the intervals' :class:`Calibration` as a dictionary; None without intervals.
        levels: how many of the backbone's last stages the activation is pooled from.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        backbone: str,
        options: dict[str, Any],
        mean: list[float],
        std: list[float],
        head: dict[str, Any],
        protocol: dict[str, Any],
        scale: dict[str, Any],
        calibration: dict[str, Any] | None = None,
        levels: int = 1,
    ) -> None:
        super().__init__()
        self.name = backbone
        self.protocol = Protocol.from_dict(protocol)
        self.scale = Scale.from_dict(scale)
        self._calibration = None if calibration is None else Calibration.from_dict(calibration)
        self.backbone = build_backbone(
            backbone,
            options=options,
            mean=cast(Triple, tuple(mean)),
            std=cast(Triple, tuple(std)),
            levels=levels,
        )
        self.head = build_head(self.backbone.features, HeadSpec.from_dict(head))
        # Constants of the configuration, so they are not written beside the weights.
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    @classmethod
    def create(
        cls,
        backbone: str,
        *,
        weights: str = "none",
        options: dict[str, Any] | None = None,
        mean: Triple | None = None,
        std: Triple | None = None,
        head: str = "linear",
        protocol: Protocol | None = None,
        scale: Scale = ACR,
        levels: int | None = 1,
    ) -> QualityModel:
        """A new model with an untrained head.

        Args:
            backbone: name of the feature extractor, such as ``mobilenetv2_100``.
            weights: ``"hub"``, ``"none"``, a safetensors file, or a folder holding
                ``<backbone>.safetensors``.
            options: further arguments of the backbone's builder, such as ``pad_type``.
            mean, std: normalization, where it cannot be known from the weights.
            head: ``"linear"``, ``"published"`` or hidden sizes such as ``"512-256"``.
            protocol: how photographs become network input.
            scale: the scale of the ratings the model is to learn.
            levels: how many of the backbone's last stages the activation is pooled from; None for
                the last four, or as many of these as can be read.

        Raises:
            ConfigError: unknown backbone, option or head.
            ModelError: weights that are missing or do not fit, or stages that cannot be read.
        """
        if std is not None and min(std) <= 0:
            raise ConfigError(f"std is {std}.", "Standard deviations are above 0.")
        spec = head_spec(head, backbone)
        built = build_backbone(
            backbone, weights=weights, options=options, mean=mean, std=std, levels=levels
        )
        model = cls(
            backbone=backbone,
            options=built.options,
            mean=list(built.mean),
            std=list(built.std),
            head=spec.as_dict(),
            protocol=(protocol or Protocol()).as_dict(),
            scale=scale.as_dict(),
            levels=len(built.level_sizes),
        )
        model.backbone.load_state_dict(built.state_dict())
        return model

    @property
    def calibration(self) -> Calibration | None:
        """What gives scores an interval; None until the model is calibrated.

        Assign a :class:`Calibration` or None; it is saved with the model.
        """
        return self._calibration

    @calibration.setter
    def calibration(self, calibration: Calibration | None) -> None:
        self._calibration = calibration
        self._hub_mixin_config = self.config | {
            "calibration": None if calibration is None else calibration.as_dict()
        }

    @property
    def config(self) -> dict[str, Any]:
        """The constructor's arguments, JSON-ready: what ``config.json`` holds."""
        return dict(cast(dict[str, Any], self._hub_mixin_config))

    def forward(self, images: Tensor) -> Prediction:
        """Predict the opinions on a batch.

        Args:
            images: (B, 3, H, W) RGB, uint8 in 0..255 or floating point in 0..1.

        Returns:
            distribution (B, 5) and activation (B, F), both float32 whatever the precision inside.
        """
        if images.dtype == torch.uint8:
            images = images.float() / 255
        activation = self.backbone((images - self.mean) / self.std)
        logits = self.head(activation)
        return Prediction(logits.float().softmax(dim=1), activation.float())

    @torch.inference_mode()
    def predict(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Mean distribution (5,) over the fixed crops of one resized photograph.

        The crops of one photograph are one batch of their own: the result does not depend on what
        else is being scored.

        Args:
            pixels: (H, W, 3) uint8, resized by this model's protocol.
        """
        crops = fixed_crops(pixels, self.protocol)
        with evaluating(self):
            images = torch.from_numpy(crops).permute(0, 3, 1, 2).to(self.mean.device)
            distribution = self(images).distribution
        return mean_distribution(distribution.cpu().numpy(), self.name)

    def score(self, photo: ImageSource) -> Score:
        """Score one photograph.

        Args:
            photo: a path, encoded bytes, a Pillow image, or an (H, W, 3) uint8 array.

        Returns:
            The score in the model's own rating scale (``model.scale``); the same every time. It
            has an interval if the model has a :attr:`calibration`.

        Raises:
            ImageReadError: the photograph cannot be read.
        """
        pixels = read_resized(photo, self.protocol)
        return Score.of(self.predict(pixels), self.scale, self.calibration)

    def quality_map(self, photo: ImageSource) -> QualityMap:
        """Where one photograph is good or bad, by the same network as its score.

        Args:
            photo: as for :meth:`score`.

        Returns:
            The score of every place in the model's own rating scale, with the photograph as the
            network saw it and its score; see :mod:`ssliqa.models.quality_map`.

        Raises:
            ImageReadError: the photograph cannot be read.
            ModelError: the network averages no feature map, as those with class tokens.

        Example:
            >>> found = model.quality_map("photo.jpg")  # doctest: +SKIP
            >>> found.values.shape == found.pixels.shape[:2]  # doctest: +SKIP
            True
        """
        pixels = read_resized(photo, self.protocol)
        with evaluating(self):
            values = map_quality(self, pixels)
        score = Score.of(self.predict(pixels), self.scale, self.calibration)
        return QualityMap(values, pixels, score, self.scale)

    def generate_model_card(self, *_: object, facts: str = "", **__: object) -> ModelCard:
        """The README of a saved model (overrides the mixin's, which knows nothing of ssliqa)."""
        return ModelCard(model_card(self.name, str(self.scale), facts), ignore_metadata_errors=True)

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | Path, **arguments: Any
    ) -> QualityModel:
        """Load a trained model, in evaluation mode.

        Args:
            pretrained_model_name_or_path: a run folder (its ``model/`` is taken), a model folder,
                the name of a model that comes with the package (``default``), or a name on the hub
                (org/name).
            arguments: of the mixin, such as ``revision`` or ``token``; ``map_location`` is the
                device to load to.

        Raises:
            ModelError: no such model, or a file of it is missing, damaged or of another model.
        """
        given = str(pretrained_model_name_or_path)
        model_id = str(shipped(given) or given)
        if (Path(model_id) / "model" / constants.CONFIG_NAME).is_file():
            model_id = str(Path(model_id) / "model")
        try:
            return super().from_pretrained(model_id, **arguments)
        except (EntryNotFoundError, HFValidationError, HfHubHTTPError) as error:
            raise no_such_model(model_id, error) from error
        except (AttributeError, OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            # The mixin reads the configuration, and takes it for a JSON object.
            raise ModelError(
                f"The config.json of '{model_id}' cannot be read ({error}).",
                "Copy the model folder again, or train anew.",
            ) from error

    @classmethod
    def _from_pretrained(
        cls,
        *,
        model_id: str,
        revision: str | None,
        cache_dir: str | Path | None,
        force_download: bool,
        local_files_only: bool,
        token: str | bool | None,
        map_location: str = "cpu",
        config: dict[str, Any] | None = None,
        **_: object,
    ) -> QualityModel:
        """Load a trained model; unlike the mixin's own loader never leaves a parameter random.

        Raises:
            ModelError: a file is missing, damaged or belongs to another model.
        """
        file = weights_file(
            model_id,
            revision=revision,
            cache_dir=cache_dir,
            force_download=force_download,
            token=token,
            local_files_only=local_files_only,
        )
        return restored(cls, model_id, config, file, map_location)


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode inside the block (batch-norm and dropout at rest), as before afterwards."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
