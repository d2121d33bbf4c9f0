"""SSLIQA: a student kept consistent with a larger teacher, in predictions and in relations.

    loss = d(p_t, target) + d(p_s, target) + w (a L_pred + b L_rel)

    L_pred = sum over the labeled and the unlabeled batch of d(p_s, p_t); d is MSE in the paper
    L_rel  = sum over the two batches of the difference between the relations among the images of
             the batch in the student's and in the teacher's activations

The teacher (t) learns from the labels alone; in both consistency terms it is a fixed target, by
default in its moving average. Labeled and unlabeled images are never mixed in one relation.

Source: G. Yue, D. Cheng, L. Li, T. Zhou, H. Liu, T. Wang, "Semi-Supervised Authentically Distorted
Image Quality Assessment with Consistency-Preserving Dual-Branch Convolutional Neural Network",
IEEE Trans. Multimedia 25 (2023), doi 10.1109/TMM.2022.3209889. Relations: Park et al., "Relational
Knowledge Distillation", CVPR 2019. Ramp: Laine & Aila, "Temporal Ensembling", ICLR 2017.

Deviations, each a setting that the preset 'paper' takes back: d is the squared difference of
cumulative shares; a is 2 instead of 1, b 0.1 instead of 100; relations of an image with itself are
left out; w grows with every step and ends at 1; the teacher is a target in its moving average, and
at rest on unlabeled images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, cast

import torch
from torch import Tensor

from ssliqa.losses import (
    DISTRIBUTION_LOSSES,
    RELATION_LOSSES,
    sigmoid_rampup,
)
from ssliqa.methods.average import begin_again, moving_average
from ssliqa.methods.branch import Branch
from ssliqa.methods.contract import Labeled, Method, Pool, Progress, StepResult, Unlabeled
from ssliqa.methods.crops import Images
from ssliqa.methods.joined_batch import joined_batch
from ssliqa.methods.settings import require_decay, require_ramp_share, require_weights
from ssliqa.models import Prediction


@dataclass(frozen=True)
class SSLIQAConfig:
    """Settings of SSLIQA: by default the corrected method; the preset 'paper' is as published.

    Args:
        loss: distance d of a prediction from the raters' distribution, and of the student's from
            the teacher's; 'cdf' is the squared difference of cumulative shares, 'mse' the squared
            difference of shares (the paper's).
        prediction_weight: weight a of prediction consistency; 0 leaves it out.
        relation_weight: weight b of relation consistency (100 in the paper); 0 leaves it out.
        relation: which relations are kept consistent: 'angle' (the paper's), 'distance' or 'gram'.
        mask_trivial: leave out relations of an image with itself, which are equal in every network;
            the published mean counts them.
        ramp: how the weight w of consistency grows: 'step' smoothly to 1 over `ramp_share` of
            training, 'epoch' in the published stairs exp(-5 (1 - epoch/epochs)^2), which end below
            1, 'none' is 1 throughout.
        ramp_share: share of training after which the 'step' ramp has reached 1.
        teacher_average: decay of the moving average of the teacher's weights, in which it is the
            target; 0 takes its weights of the moment (the paper's).
        teacher_on_unlabeled: 'rest' takes the teacher's batch-norm and dropout in evaluation mode
            for unlabeled images; 'train' is as published, where unlabeled batches move the
            teacher's batch-norm statistics. A moving average is always at rest.
        freeze_teacher: do not train the teacher at all (an ablation).
    """

    loss: Literal["cdf", "mse"] = "cdf"
    prediction_weight: float = 2.0
    relation_weight: float = 0.1
    relation: Literal["angle", "distance", "gram"] = "angle"
    mask_trivial: bool = True
    ramp: Literal["step", "epoch", "none"] = "step"
    ramp_share: float = 0.5
    teacher_average: float = 0.98
    teacher_on_unlabeled: Literal["rest", "train"] = "rest"
    freeze_teacher: bool = False

    def __post_init__(self) -> None:
        require_weights(self, "prediction_weight", "relation_weight")
        require_ramp_share(self, "For full consistency from the first step use --method.ramp none.")
        require_decay(self, "teacher_average")


class SSLIQA(Method):
    """The consistency-preserving dual-branch network."""

    Config: ClassVar[type[SSLIQAConfig]] = SSLIQAConfig
    branch_names: ClassVar[tuple[str, ...]] = ("student", "teacher")
    uses_unlabeled: ClassVar[bool] = True

    def __init__(self, config: SSLIQAConfig, branches: Mapping[str, Branch]) -> None:
        super().__init__(config, branches)
        if config.freeze_teacher:
            self.branch("teacher").requires_grad_(False)
        # A frozen teacher is its own average.
        averaged = config.teacher_average > 0 and not config.freeze_teacher
        self.average = (
            moving_average(self.branch("teacher"), config.teacher_average) if averaged else None
        )

    def meet(self, pool: Pool) -> None:  # noqa: ARG002
        """See :meth:`Method.meet`."""
        if self.average is not None:
            begin_again(self.average, self.branch("teacher"))

    def step(self, labeled: Labeled, unlabeled: Unlabeled | None, progress: Progress) -> StepResult:
        """See :meth:`Method.step`."""
        student, teacher = self.branch("student"), self.branch("teacher")
        label_loss = DISTRIBUTION_LOSSES[self.config.loss]

        taught = student(labeled.images)
        teaching = (teacher.target if self.config.freeze_teacher else teacher)(labeled.images)
        student_label = label_loss(taught.distribution, labeled.distribution)
        teacher_label = label_loss(teaching.distribution, labeled.distribution)

        if self.average is not None:
            teaching = self._teach(labeled.images)
        prediction, relation = self._consistency(taught, teaching)
        if unlabeled is not None:
            terms = self._consistency(student(unlabeled.images), self._teach(unlabeled.images))
            prediction, relation = prediction + terms[0], relation + terms[1]

        weight = self._ramp(progress)
        consistency = (
            self.config.prediction_weight * prediction + self.config.relation_weight * relation
        )
        loss = student_label + weight * consistency
        if not self.config.freeze_teacher:
            loss = loss + teacher_label
        return StepResult(
            loss,
            {
                "student_label": student_label.detach(),
                "teacher_label": teacher_label.detach(),
                "prediction_consistency": prediction.detach(),
                "relation_consistency": relation.detach(),
                "consistency_weight": torch.tensor(weight),
            },
        )

    def after_step(self) -> None:
        """See :meth:`Method.after_step`."""
        if self.average is not None:
            self.average.update_parameters(self.branch("teacher"))

    def _teach(self, images: Images) -> Prediction:
        """What the student is to follow, without a graph that nothing would use."""
        if self.average is not None:
            return cast(Branch, self.average.module).target(images)
        teacher = self.branch("teacher")
        if self.config.freeze_teacher or self.config.teacher_on_unlabeled == "rest":
            return teacher.target(images)
        with torch.no_grad():
            prediction: Prediction = teacher(images)
        return prediction

    def _consistency(self, student: Prediction, teacher: Prediction) -> tuple[Tensor, Tensor]:
        """L_pred and L_rel of one batch; terms of weight 0 are not computed."""
        zero = student.distribution.new_zeros(())
        # A Gram matrix has no trivial entries: its diagonal differs between networks.
        masked = (
            {} if self.config.relation == "gram" else {"mask_trivial": self.config.mask_trivial}
        )
        prediction = relation = zero
        if self.config.prediction_weight:
            distance = DISTRIBUTION_LOSSES[self.config.loss]
            prediction = distance(student.distribution, teacher.distribution.detach())
        if self.config.relation_weight:
            # Relations hold among all images of the step, on whatever process they are.
            relation = RELATION_LOSSES[self.config.relation](
                joined_batch(student.activation),
                joined_batch(teacher.activation.detach()),
                **masked,
            )
        return prediction, relation

    def _ramp(self, progress: Progress) -> float:
        if self.config.ramp == "none":
            return 1.0
        if self.config.ramp == "epoch":
            return sigmoid_rampup(progress.epoch / progress.epochs)
        return sigmoid_rampup(progress.fraction / self.config.ramp_share)
