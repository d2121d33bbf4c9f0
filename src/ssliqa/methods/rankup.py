"""RankUp: pairs of unlabeled photographs are ranked as the network itself is sure of.

A second readout g of the activation says which of two images is better: P(i > j) = sigmoid(g_i -
g_j). With H the cross-entropy,

    loss = d(p, target) + s (b L_rank + c L_align)
    L_rank  = mean over labeled pairs of H(g_i - g_j, y_i > y_j)
              + mean over unlabeled pairs of
                w_i w_j [max(P, 1 - P) >= `threshold`] H(g'_i - g'_j, P > 1/2)
    L_align = mean over u of w_u t_u ((m(p'_u) - a_u) / 4)^2

P comes from the network at rest, averaged over the crops of each photograph; g' and p' are those of
training, with dropout before g'. L_align is regression distribution alignment: a_u is the labels'
quantile at the rank that photograph u's mean opinion m has among the latest of all unlabeled ones
shown so far, so that pseudo-labels spread as the labels do. t_u is the share of the other
photographs in the batch that u is ranked against with confidence: what the network cannot place
weighs little. w_u is how much u looks like labeled photographs
(:func:`ssliqa.methods.trust.alike`, with the start weights), and weighs its rank, too: photographs
of another kind need not spread as the labels do. s is a sigmoid ramp.

Source: P.-Y. Huang, S.-W. Fu, Y. Tsao, "RankUp: Boosting Semi-Supervised Regression with an
Auxiliary Ranking Classifier", NeurIPS 2024. Deviations: weak and strong views are the mean over
crops and one crop with dropout, since strong augmentation changes quality; the weights t and w;
labels are aligned at every step from the first, rather than every 1024 from the second epoch on;
the ramp holds back all ranking, that of labeled pairs too, where the authors ramp the alignment
alone. Of two equal ratings neither is the better: the target of such a pair is 1/2. Pairs of two
crops of one photograph are not learned, but count in the mean over unlabeled pairs.
The settings are guesses for short trainings with few photographs: the authors have a
`ranking_weight` of 0.2, an `alignment_weight` of 1, a `threshold` of 0.95, and seven unlabeled
images for each labeled one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, dropout

from ssliqa.errors import ConfigError
from ssliqa.losses import DISTRIBUTION_LOSSES, sigmoid_rampup
from ssliqa.methods.branch import Branch
from ssliqa.methods.contract import Labeled, Method, Pool, Progress, StepResult, Unlabeled
from ssliqa.methods.fitted_head import mean_activations
from ssliqa.methods.photo_means import photo_means
from ssliqa.methods.settings import require_ramp_share, require_weights
from ssliqa.methods.trust import alike
from ssliqa.metrics.likeness import FEWEST
from ssliqa.models import Prediction, level_means


@dataclass(frozen=True)
class RankUpConfig:
    """Settings of RankUp.

    Args:
        loss: distance d of a prediction from the raters' distribution; 'cdf' is the squared
            difference of cumulative shares, 'mse' the squared difference of shares.
        ranking_weight: weight b of the ranking of pairs.
        alignment_weight: weight c of the aligned pseudo-labels.
        threshold: how sure the network must be of a pair to learn it, above 0.5 and up to 1.
        dropout: share of the activation that is left out where unlabeled pairs are learned.
        ramp_share: share of training after which both terms have their full weight.
    """

    loss: Literal["cdf", "mse"] = "cdf"
    ranking_weight: float = 0.02
    alignment_weight: float = 0.1
    threshold: float = 0.9
    dropout: float = 0.3
    ramp_share: float = 0.5

    def __post_init__(self) -> None:
        require_weights(self, "ranking_weight", "alignment_weight")
        require_ramp_share(self)
        if not 0.5 < self.threshold <= 1:
            raise ConfigError(
                f"method.threshold is {self.threshold}; expected above 0.5, up to 1.",
                "0.5 is a guess, and 1 leaves all pairs out.",
            )
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"method.dropout is {self.dropout}.", "Use 0 or more, below 1.")


class RankUp(Method):
    """Pairwise pseudo-labels and distribution alignment of one network."""

    Config: ClassVar[type[RankUpConfig]] = RankUpConfig
    uses_unlabeled: ClassVar[bool] = True
    compares_crops: ClassVar[bool] = True

    opinions: Tensor
    quantiles: Tensor
    weights: Tensor

    def __init__(self, config: RankUpConfig, branches: Mapping[str, Branch]) -> None:
        super().__init__(config, branches)
        self.ranker = nn.Linear(self.branch("student").model.backbone.features, 1)

    def meet(self, pool: Pool) -> None:
        """See :meth:`Method.meet`."""
        device = pool.distribution.device
        # The latest mean opinion on each unlabeled photograph; NaN until it has been seen.
        self.register_buffer("opinions", torch.full((pool.unlabeled,), math.nan, device=device))
        self.register_buffer("quantiles", level_means(pool.distribution).sort().values)
        weights = torch.ones(pool.unlabeled)
        if min(pool.labeled, pool.unlabeled) >= FEWEST:
            student = self.branch("student")
            weights = alike(
                mean_activations(student, pool.labeled_crops, pool.labeled),
                mean_activations(student, pool.unlabeled_crops, pool.unlabeled),
            )
        self.register_buffer("weights", weights.float().to(device))

    def step(self, labeled: Labeled, unlabeled: Unlabeled | None, progress: Progress) -> StepResult:
        """See :meth:`Method.step`."""
        student = self.branch("student")
        prediction: Prediction = student(labeled.images)
        label = DISTRIBUTION_LOSSES[self.config.loss](prediction.distribution, labeled.distribution)
        better = _differences(level_means(labeled.distribution))
        ranking = _cross_entropy(
            _differences(self._rank(prediction.activation)),
            (better.sign() + 1) / 2,
            1 - torch.eye(len(better), device=better.device),
        )
        alignment = label.new_zeros(())
        if unlabeled is not None:
            places = unlabeled.places
            at_rest: Prediction = student.target(unlabeled.images)
            with torch.no_grad():
                order = _differences(
                    photo_means(self._rank(at_rest.activation)[:, None], places)[:, 0]
                )
                others = (places[:, None] != places[None, :]).float()
                sure = others * (
                    order.abs() >= math.log(self.config.threshold / (1 - self.config.threshold))
                    if self.config.threshold < 1
                    else torch.zeros_like(order)
                )
                likeness = self.weights[places]
                trust = likeness * sure.sum(dim=1) / others.sum(dim=1).clamp_min(1)
                sure = sure * likeness[:, None] * likeness[None, :]
                opinion = level_means(photo_means(at_rest.distribution, places))
                self.opinions[places] = opinion
                aligned = self._align(opinion)
            learned: Prediction = student(unlabeled.images)
            activation = dropout(learned.activation, self.config.dropout, self.training)
            ranking = ranking + _cross_entropy(
                _differences(self._rank(activation)), (order > 0).float(), sure
            )
            distance = (level_means(learned.distribution) - aligned) / 4
            alignment = (trust * distance.square()).mean()
        weight = sigmoid_rampup(progress.fraction / self.config.ramp_share)
        terms = self.config.ranking_weight * ranking + self.config.alignment_weight * alignment
        return StepResult(
            label + weight * terms,
            {
                "student_label": label.detach(),
                "ranking_consistency": ranking.detach(),
                "alignment_consistency": alignment.detach(),
                "consistency_weight": torch.tensor(weight),
            },
        )

    def _rank(self, activation: Tensor) -> Tensor:
        return self.ranker(activation).squeeze(1)  # type: ignore[no-any-return]

    def _align(self, opinion: Tensor) -> Tensor:
        """The labels' quantile at each opinion's weighted rank among all opinions so far."""
        seen = self.opinions.isfinite()
        known = self.opinions[seen]
        shares = self.weights[seen] / self.weights[seen].sum().clamp_min(1e-6)
        below = (known[None, :] < opinion[:, None]).float() @ shares
        equal = (known[None, :] == opinion[:, None]).float() @ shares
        place = (below + equal / 2) * (len(self.quantiles) - 1)
        low = place.floor().long()
        high = (low + 1).clamp_max(len(self.quantiles) - 1)
        return torch.lerp(self.quantiles[low], self.quantiles[high], place - low)


def _differences(values: Tensor) -> Tensor:
    """(B, B): entry [i, j] is by how much i exceeds j."""
    return values[:, None] - values[None, :]


def _cross_entropy(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Mean over all pairs of two different images, each with its weight; 0 for one image."""
    pairs = max(len(logits) * (len(logits) - 1), 1)
    return binary_cross_entropy_with_logits(logits, target, weight, reduction="sum") / pairs
