"""Mean Teacher: a student kept consistent with the moving average of its own weights.

    loss = d(p, target) + w a mean over u of t_u d(p(u), q_u)

q_u is the average's mean over the crops of photograph u in the batch. t_u = min(1, (r / e_u)^2)
weighs a photograph by how far the mean opinions of student and average are apart, e_u, both taken
over its crops: what neither has learned to see weighs little. r is the median of the same over the
labeled images of the step, which are single crops. Both shrink as the average comes nearer to the
student, so the weights do not. w is a sigmoid ramp.

With 50 labels following the average cost more than it taught, so that below `teacher_from` labels
the student learns from these alone.

Source: Tarvainen, Valpola, "Mean teachers are better role models", NeurIPS 2017. Deviations:
distributions instead of classes; the target is a mean over crops (`unlabeled_crops`), and other
crops and flips are the only noise, since added noise or color would change quality; the weights t;
the student is kept (the authors evaluate the average, which comes to the same where the learning
rate falls to zero); decay, weight a and `teacher_from` are guesses for short trainings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, cast

import torch

from ssliqa.losses import DISTRIBUTION_ERRORS, sigmoid_rampup
from ssliqa.methods.average import begin_again, moving_average
from ssliqa.methods.branch import Branch
from ssliqa.methods.contract import Labeled, Method, Pool, Progress, StepResult, Unlabeled
from ssliqa.methods.photo_means import photo_means
from ssliqa.methods.settings import (
    require_decay,
    require_label_count,
    require_ramp_share,
    require_weights,
)
from ssliqa.methods.trust import agreement
from ssliqa.models import level_means


@dataclass(frozen=True)
class MeanTeacherConfig:
    """Settings of Mean Teacher.

    Args:
        loss: distance d of a prediction from the raters' or the average's distribution; 'cdf' is
            the squared difference of cumulative shares, 'mse' the squared difference of shares.
        prediction_weight: weight a of consistency on unlabeled photographs.
        ramp_share: share of training after which consistency has its full weight.
        average: decay of the moving average.
        teacher_from: with fewer labels than this the student does not follow its average, and
            learns from the labels alone.
    """

    loss: Literal["cdf", "mse"] = "cdf"
    prediction_weight: float = 2.0
    ramp_share: float = 0.5
    average: float = 0.98
    teacher_from: int = 100

    def __post_init__(self) -> None:
        require_weights(self, "prediction_weight")
        require_ramp_share(self)
        require_decay(self, "average")
        require_label_count(self, "teacher_from", "0 always follows the average.")


class MeanTeacher(Method):
    """Consistency of one network with its own moving average."""

    Config: ClassVar[type[MeanTeacherConfig]] = MeanTeacherConfig
    uses_unlabeled: ClassVar[bool] = True
    compares_crops: ClassVar[bool] = True

    def __init__(self, config: MeanTeacherConfig, branches: Mapping[str, Branch]) -> None:
        super().__init__(config, branches)
        self.average = moving_average(self.branch("student"), config.average)

    def meet(self, pool: Pool) -> None:  # noqa: ARG002
        """See :meth:`Method.meet`."""
        begin_again(self.average, self.branch("student"))

    @classmethod
    def why_no_unlabeled(cls, config: MeanTeacherConfig, labeled: int) -> str | None:
        """See :meth:`Method.why_no_unlabeled`."""
        if labeled >= config.teacher_from:
            return None
        return (
            f"With fewer than {config.teacher_from} labels (method.teacher_from), here {labeled}, "
            "the network learns from these alone: with 50 of LIVE Challenge following its average "
            "cost more than it taught. --method supervised makes the same model; "
            f"--method.teacher_from {labeled} has it follow."
        )

    def step(self, labeled: Labeled, unlabeled: Unlabeled | None, progress: Progress) -> StepResult:
        """See :meth:`Method.step`."""
        errors = DISTRIBUTION_ERRORS[self.config.loss]
        student, average = self.branch("student"), cast(Branch, self.average.module)
        learned = student(labeled.images).distribution
        label = errors(learned, labeled.distribution).mean()
        prediction = label.new_zeros(())
        if unlabeled is not None and self.config.prediction_weight:
            own = student(unlabeled.images).distribution
            target = photo_means(average.target(unlabeled.images).distribution, unlabeled.places)
            with torch.no_grad():
                usual = level_means(learned - average.target(labeled.images).distribution).abs()
                apart = level_means(photo_means(own, unlabeled.places) - target).abs()
                trust = agreement(apart, usual.median())
            prediction = (trust * errors(own, target)).mean()
        weight = sigmoid_rampup(progress.fraction / self.config.ramp_share)
        return StepResult(
            label + weight * self.config.prediction_weight * prediction,
            {
                "student_label": label.detach(),
                "prediction_consistency": prediction.detach(),
                "consistency_weight": torch.tensor(weight),
            },
        )

    def after_step(self) -> None:
        """See :meth:`Method.after_step`."""
        self.average.update_parameters(self.branch("student"))
