"""Degradation ranking: labels say how good photographs are, degradations what makes them worse.

    loss = d(p, target) + w b mean over u, i < j of max(0, c (s_j - s_i) - (m_i - m_j))
           + a mean over u of d(p_u, q_u)

m_i is the mean opinion predicted on version i of the unlabeled photograph u. A photograph has
`versions`: itself (s = 0) and copies with more and more of one degradation drawn for it, of
severities s. Where a version scores worse than the next milder one by c times the difference in
severity, nothing is learned from the two: the term asks for an order, and leaves the scores to the
labels. w is a sigmoid ramp.

Where the student starts from a trained model, q_u is what that one says of photograph u as it is,
and p_u what the student does: with a above 0 the order is learned beside what was known, and not
instead of it.

The order holds for photographs of any kind, so unlabeled ones need not resemble those with labels.

Source: X. Liu, J. van de Weijer, A. Bagdanov, "RankIQA: Learning from Rankings for No-Reference
Image Quality Assessment", ICCV 2017. Deviations: trained together with the labels instead of
before; a margin that grows with the severity; the degradations, which are those of
:mod:`ssliqa.images.degradations`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from ssliqa.errors import ConfigError
from ssliqa.images.degradations import DEGRADATIONS, Pixels, degrade
from ssliqa.losses import DISTRIBUTION_LOSSES, sigmoid_rampup
from ssliqa.methods.branch import Branch
from ssliqa.methods.contract import Labeled, Method, Progress, StepResult, Unlabeled
from ssliqa.methods.crops import Crops, Images, channels_first
from ssliqa.methods.settings import require_ramp_share, require_weights
from ssliqa.models import Prediction, level_means


@dataclass(frozen=True)
class DegradationRankingConfig:
    """Settings of degradation ranking.

    Args:
        loss: distance d of a prediction from the raters' distribution; 'cdf' is the squared
            difference of cumulative shares, 'mse' the squared difference of shares.
        ranking_weight: weight b of the order.
        margin: by how many of the five levels the worst version is to score below the photograph.
        versions: images shown of each unlabeled photograph, itself and degraded copies.
        ramp_share: share of training after which the order has its full weight.
        anchor: weight a of staying with what the model that the student starts from says of
            unlabeled photographs.
    """

    loss: Literal["cdf", "mse"] = "cdf"
    ranking_weight: float = 0.1
    margin: float = 0.6
    versions: int = 3
    ramp_share: float = 0.2
    anchor: float = 0.0

    def __post_init__(self) -> None:
        require_weights(self, "ranking_weight", "anchor")
        require_ramp_share(self)
        if not 0 <= self.margin <= 4:
            raise ConfigError(f"method.margin is {self.margin}.", "Use 0 to 4 levels.")
        if self.versions < 2:
            raise ConfigError(f"method.versions is {self.versions}.", "Two can be ranked, or more.")


class DegradationRanking(Method):
    """Supervised training, and an order among degraded versions of unlabeled photographs."""

    Config: ClassVar[type[DegradationRankingConfig]] = DegradationRankingConfig
    uses_unlabeled: ClassVar[bool] = True
    reads_pixels: ClassVar[bool] = True

    def __init__(self, config: DegradationRankingConfig, branches: Mapping[str, Branch]) -> None:
        super().__init__(config, branches)
        self.before: Branch | None = None
        if config.anchor > 0:
            if self.branch("student").head_before is None:
                raise ConfigError(
                    f"method.anchor is {config.anchor}, and the student starts from no model.",
                    "Name one with --from or --student.start, or leave the anchor out.",
                )
            self.before = copy.deepcopy(self.branch("student")).requires_grad_(False)

    def step(self, labeled: Labeled, unlabeled: Unlabeled | None, progress: Progress) -> StepResult:
        """See :meth:`Method.step`."""
        student = self.branch("student")
        prediction: Prediction = student(labeled.images)
        label = DISTRIBUTION_LOSSES[self.config.loss](prediction.distribution, labeled.distribution)
        ranking, anchor = label.new_zeros(()), label.new_zeros(())
        if unlabeled is not None and (self.config.ranking_weight > 0 or self.before is not None):
            images, severity = self._versions(unlabeled.images)
            shown: Prediction = student(images)
            opinion = level_means(shown.distribution).view(severity.shape)
            first, second = torch.triu_indices(self.config.versions, self.config.versions, 1)
            wanted = self.config.margin * (severity[:, second] - severity[:, first])
            ranking = (wanted - (opinion[:, first] - opinion[:, second])).clamp_min(0).mean()
            if self.before is not None:
                distance = DISTRIBUTION_LOSSES[self.config.loss]
                as_they_are = shown.distribution[:: self.config.versions]
                known = self.before.target(unlabeled.images).distribution
                anchor = distance(as_they_are, known)
        weight = sigmoid_rampup(progress.fraction / self.config.ramp_share)
        return StepResult(
            label + weight * self.config.ranking_weight * ranking + self.config.anchor * anchor,
            {
                "student_label": label.detach(),
                "ranking_consistency": ranking.detach(),
                "anchor_distance": anchor.detach(),
                "consistency_weight": torch.tensor(weight),
            },
        )

    def _versions(self, images: Images) -> tuple[Tensor, Tensor]:
        """Images (U V, 3, H, W), those of a photograph together, and their severities (U, V)."""
        assert not isinstance(images, Crops), "this method reads pixels"
        pixels = images
        # From the generator that the loop seeds for each step, so that a resumed run repeats it.
        rng = np.random.default_rng(int(torch.randint(2**62, ())))
        kinds = tuple(DEGRADATIONS)
        severity = np.zeros((len(pixels), self.config.versions))
        # A part of the draws is the worst there is, or else little would be learned near the end.
        drawn = rng.uniform(0, 1.2, (len(pixels), self.config.versions - 1)).clip(0, 1)
        severity[:, 1:] = np.sort(drawn)
        shown: list[Pixels] = []
        for photo, severities in zip(
            pixels.cpu().permute(0, 2, 3, 1).numpy(), severity, strict=True
        ):
            kind, state = kinds[rng.integers(len(kinds))], rng.integers(2**62)
            shown += [degrade(photo, kind, s, np.random.default_rng(state)) for s in severities]
        device = pixels.device
        return (
            channels_first(np.stack(shown)).to(device),
            torch.from_numpy(severity).float().to(device),
        )
