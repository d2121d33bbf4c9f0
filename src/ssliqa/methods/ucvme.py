"""UCVME: two networks that also say how uncertain they are, and teach each other accordingly.

Each branch b predicts a distribution p_b and, from its activation, z_b: the logarithm of the
squared error it expects of it.

    labeled:    d(p_b, target) + u (NLL(z_b; d) + (z_b - z)^2),   NLL(z; d) = (d exp(-z) + z) / 2
    unlabeled:  w a min(1, exp(m - z)) d(p_b, q) + u (z_b - z)^2

w is a sigmoid ramp. q and z are the means over branches, and over the crops of a photograph, of p
and z_b.

m is the mean of z on the labeled images of the step, so that a photograph about which the networks
are as uncertain as about those has weight 1, and never more. Photographs of another kind are to
weigh less so, which does not keep all harm away; that the other branch is the weaker network is a
likely cause, which neither z nor m sees. With 744 labels unlabeled photographs cost the student
more than they taught, so that from `alone_from` labels on both branches learn from these alone.
Else both learn from unlabeled photographs.

Source: W. Dai, X. Li, K.-T. Cheng, "Semi-Supervised Deep Regression with Uncertainty Consistency
and Variational Model Ensembling via Bayesian Neural Networks", AAAI 2023. Deviations: the error is
that of a distribution; the label loss itself is not divided by the variance, and z reads the
activation without shaping it, so that with all weights zero this is supervised training; the weight
of an unlabeled image is relative to labeled ones and never above 1, and its loss has no + z; z_b
learns from the error of its own branch, where theirs share the mean of both; the branches are two
architectures, and several crops (`unlabeled_crops`) can stand in for the authors' several passes
with dropout: with one crop the ensemble is the two branches. Labels for each other set in with a
ramp, where theirs have one weight throughout. The student alone is kept and scores photographs,
where the authors average both networks over several passes. The weights a and u are guesses, and
so is where between 300 and 744 labels `alone_from` lies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from ssliqa.losses import DISTRIBUTION_ERRORS, sigmoid_rampup
from ssliqa.methods.branch import Branch
from ssliqa.methods.contract import Labeled, Method, Progress, StepResult, Unlabeled
from ssliqa.methods.crops import Images
from ssliqa.methods.photo_means import photo_means
from ssliqa.methods.settings import (
    require_label_count,
    require_ramp_share,
    require_weights,
    why_alone,
)
from ssliqa.models import Prediction

# The usual error of a distribution after some training, from which z starts.
_START = 0.02
# An error of 0 would drive z without bound.
_LEAST = 1e-4


@dataclass(frozen=True)
class UCVMEConfig:
    """Settings of UCVME.

    Args:
        loss: distance d of distributions; 'cdf' is the squared difference of cumulative shares,
            'mse' the squared difference of shares.
        prediction_weight: weight a of the photographs that the branches label for each other.
        uncertainty_weight: weight u of all that teaches the uncertainties.
        alone_from: with this many labels or more the branches label no photographs for each other,
            and learn from the labels alone.
        ramp_share: share of training after which what the branches label for each other has its
            full weight; what teaches the uncertainties has it from the first step.
    """

    loss: Literal["cdf", "mse"] = "cdf"
    prediction_weight: float = 2.0
    uncertainty_weight: float = 0.1
    alone_from: int = 500
    ramp_share: float = 0.5

    def __post_init__(self) -> None:
        require_weights(self, "prediction_weight", "uncertainty_weight")
        require_ramp_share(self)
        require_label_count(self, "alone_from", "0 always learns from labels alone.")


class UCVME(Method):
    """Two branches that label photographs for each other, weighted by their uncertainty."""

    Config: ClassVar[type[UCVMEConfig]] = UCVMEConfig
    branch_names: ClassVar[tuple[str, ...]] = ("student", "teacher")
    uses_unlabeled: ClassVar[bool] = True
    learn_from_unlabeled: ClassVar[tuple[str, ...]] = ("student", "teacher")

    def __init__(self, config: UCVMEConfig, branches: Mapping[str, Branch]) -> None:
        super().__init__(config, branches)
        self.uncertainty = nn.ModuleDict()
        for name in self.branch_names:
            readout = nn.Linear(self.branch(name).model.backbone.features, 1)
            nn.init.zeros_(readout.weight)
            nn.init.constant_(readout.bias, math.log(_START))
            self.uncertainty[name] = readout

    @classmethod
    def why_no_unlabeled(cls, config: UCVMEConfig, labeled: int) -> str | None:
        """See :meth:`Method.why_no_unlabeled`."""
        return why_alone(config, labeled)

    def step(self, labeled: Labeled, unlabeled: Unlabeled | None, progress: Progress) -> StepResult:
        """See :meth:`Method.step`."""
        errors = DISTRIBUTION_ERRORS[self.config.loss]
        found, expected = self._predict(labeled.images)
        wrong = torch.stack([errors(shares, labeled.distribution) for shares in found])
        labels = wrong.mean(dim=1)
        mean = expected.mean(dim=0).detach()
        uncertainty = _negative_log_likelihood(expected, wrong) + (expected - mean).square()
        uncertainty = uncertainty.mean(dim=1).sum()
        prediction = uncertainty.new_zeros(())
        if unlabeled is not None:
            usual = mean.mean()
            found, expected = self._predict(unlabeled.images)
            with torch.no_grad():
                target = photo_means(found.mean(dim=0), unlabeled.places)
                mean = photo_means(expected.mean(dim=0)[:, None], unlabeled.places)[:, 0]
                trust = (usual - mean).exp().clamp_max(1)
            wrong = torch.stack([errors(shares, target) for shares in found])
            prediction = (trust * wrong).mean(dim=1).sum()
            uncertainty = uncertainty + (expected - mean).square().mean(dim=1).sum()
        weight = sigmoid_rampup(progress.fraction / self.config.ramp_share)
        loss = (
            labels.sum()
            + weight * self.config.prediction_weight * prediction
            + self.config.uncertainty_weight * uncertainty
        )
        of_branches = zip(self.branch_names, labels.detach(), strict=True)
        return StepResult(
            loss,
            {
                **{f"{name}_label": value for name, value in of_branches},
                "prediction_consistency": prediction.detach(),
                "uncertainty_consistency": uncertainty.detach(),
                "consistency_weight": torch.tensor(weight),
            },
        )

    def _predict(self, images: Images) -> tuple[Tensor, Tensor]:
        """Distributions (N, B, 5) of the N branches and logarithms of expected errors (N, B)."""
        found, expected = [], []
        for name in self.branch_names:
            prediction: Prediction = self.branch(name)(images)
            found.append(prediction.distribution)
            expected.append(self.uncertainty[name](prediction.activation.detach()).squeeze(1))
        return torch.stack(found), torch.stack(expected)


def _negative_log_likelihood(log_error: Tensor, error: Tensor) -> Tensor:
    """That of squared errors which are expected to be ``exp(log_error)``, up to a constant."""
    return (error.detach().clamp_min(_LEAST) * (-log_error).exp() + log_error) / 2
