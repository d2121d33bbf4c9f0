"""Supervised training of a single branch on the labeled images: the baseline of everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from ssliqa.losses import DISTRIBUTION_LOSSES
from ssliqa.methods.contract import Labeled, Method, Progress, StepResult, Unlabeled


@dataclass(frozen=True)
class SupervisedConfig:
    """Settings of the supervised method.

    Args:
        loss: how far a predicted distribution lies from the raters': 'cdf' is the squared
            difference of cumulative shares, 'mse' the squared difference of shares (the paper's).
    """

    loss: Literal["cdf", "mse"] = "cdf"


class Supervised(Method):
    """loss = d(p_student, target) on labeled images; unlabeled images are not looked at."""

    Config: ClassVar[type[SupervisedConfig]] = SupervisedConfig

    def step(
        self,
        labeled: Labeled,
        unlabeled: Unlabeled | None,  # noqa: ARG002
        progress: Progress,  # noqa: ARG002
    ) -> StepResult:
        """See :meth:`Method.step`."""
        prediction = self.branch("student")(labeled.images)
        loss = DISTRIBUTION_LOSSES[self.config.loss](prediction.distribution, labeled.distribution)
        return StepResult(loss, {"student_label": loss.detach()})
