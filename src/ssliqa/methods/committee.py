"""Committee: a fitted student and a trained teacher label the pool, and the student learns from it.

    before:  student's head = fit(labels; order, crops)
    steps:   loss = d(p_t, target)                         the teacher learns from the labels
    after:   q_u = (1 - v) p_s(u) + v p_t(u)               means over the crops of photograph u
             student's head = fit(labels; q_u with the weight a w_u; order, crops)

Both fits also ask that degraded copies of photographs score lower, and that crops of a photograph
score alike (:mod:`ssliqa.models.linear_fit`, :mod:`ssliqa.methods.self_evident`). That is known of
any photograph, rated or not, of whatever kind, and is asked of some, drawn at random from all:
copies are made of up to 200, and crops compared of up to 300. A student that starts from a trained
model is held near that one instead.

The student's network is never trained: with few labels a head fitted to several of its levels is
better than the network that training makes of it. The teacher is trained
and errs in other ways, so the two together know more than either. p_t is that of the moving average
of the teacher. w_u = min(1, l_u / 0.1), where l_u is the share of the labeled photographs that look
less like labeled ones than u does: spread evenly over 0..1 for photographs of their kind, and 0 or
little for others. How far the two agree says nothing here, since a photograph on which they do not
is one that the student can learn from.

With few labels that teacher is the weaker of the two and takes as much as it adds: below
`teacher_from` labels none is trained, and what is fitted before the first step stays.

So the student changes only before the first step and after the last: validations between these
tell nothing new, and `keep best` chooses between its two heads. Steps show no unlabeled images.

Source: this package. Parts of it: two views that label for each other, A. Blum, T. Mitchell,
"Combining Labeled and Unlabeled Data with Co-Training", COLT 1998; a small network taught by
several, G. Hinton, O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network", 2015;
degraded copies, X. Liu, J. van de Weijer, A. Bagdanov, "RankIQA: Learning from Rankings for
No-Reference Image Quality Assessment", ICCV 2017, which trains a network on their order, where here
it is one term of a fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, cast

import torch

from ssliqa.errors import ConfigError
from ssliqa.losses import DISTRIBUTION_LOSSES
from ssliqa.methods.average import begin_again, moving_average
from ssliqa.methods.branch import Branch
from ssliqa.methods.contract import Labeled, Method, Pool, Progress, StepResult, Unlabeled
from ssliqa.methods.fitted_head import fit_head, mean_activations
from ssliqa.methods.self_evident import (
    COMPARED,
    DEGRADED,
    KINDS,
    crop_activations,
    version_activations,
)
from ssliqa.methods.settings import require_decay, require_label_count, require_weights
from ssliqa.methods.trust import alike
from ssliqa.models.linear_fit import SelfEvident


@dataclass(frozen=True)
class CommitteeConfig:
    """Settings of the committee.

    Args:
        loss: how far the teacher's distribution lies from the raters'; 'cdf' is the squared
            difference of cumulative shares, 'mse' the squared difference of shares. Heads are
            fitted by the former.
        teacher_share: the teacher's share v in what the committee says.
        credit: how much that counts beside a rating (a).
        average: decay of the moving average of the teacher; 0 takes the weights of the moment.
        teacher_from: with fewer labels than this no teacher is trained, and the student's head is
            fitted once.
        order: how much it counts that degraded copies score lower; 0 does not ask. This and the
            next two are for students that start from no trained model.
        order_margin: by how many of the five levels they are to score lower.
        agreement: how much it counts that crops of a photograph score alike, for each label; 0 does
            not ask.
    """

    loss: Literal["cdf", "mse"] = "cdf"
    teacher_share: float = 0.5
    credit: float = 1.0
    average: float = 0.98
    teacher_from: int = 100
    order: float = 1.0
    order_margin: float = 1.6
    agreement: float = 0.2

    def __post_init__(self) -> None:
        require_decay(self, "average")
        require_weights(self, "order", "agreement")
        if not 0 < self.order_margin <= 4:
            raise ConfigError(
                f"method.order_margin is {self.order_margin}.", "Use more than 0, up to 4 levels."
            )
        if not 0 <= self.teacher_share <= 1:
            raise ConfigError(f"method.teacher_share is {self.teacher_share}.", "Use 0 to 1.")
        if not 0 < self.credit < float("inf"):
            raise ConfigError(
                f"method.credit is {self.credit}; expected a number above 0.",
                "1 lets what the committee says count as much as a rating.",
            )
        require_label_count(self, "teacher_from", "0 always trains a teacher.")


class Committee(Method):
    """A student's head fitted to what student and teacher say together."""

    Config: ClassVar[type[CommitteeConfig]] = CommitteeConfig
    branch_names: ClassVar[tuple[str, ...]] = ("student", "teacher")
    fitted: ClassVar[tuple[str, ...]] = ("student",)
    uses_unlabeled: ClassVar[bool] = True
    learn_from_unlabeled: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: CommitteeConfig, branches: Mapping[str, Branch]) -> None:
        super().__init__(config, branches)
        self.average = moving_average(self.branch("teacher"), config.average)
        self._pool: Pool | None = None
        self._last = False

    def meet(self, pool: Pool) -> None:
        """See :meth:`Method.meet`."""
        begin_again(self.average, self.branch("teacher"))
        student = self.branch("student")
        self._pool = pool
        self._labeled = mean_activations(student, pool.labeled_crops, pool.labeled)
        self._evident = self._self_evident(pool)
        fit_head(student, "student", self._labeled, pool.distribution, evident=self._evident)

    @classmethod
    def why_no_steps(cls, config: CommitteeConfig, labeled: int, unlabeled: int) -> str | None:
        """See :meth:`Method.why_no_steps`."""
        if unlabeled == 0:
            return (
                "There are no unlabeled photographs for the committee, so no teacher is trained: "
                "the student's head is fitted without one."
            )
        if labeled < config.teacher_from:
            return (
                f"With {labeled} labels a trained teacher would hardly know more than a fitted "
                "head, so none is trained: the student's head is fitted without one. "
                f"--method.teacher_from {labeled} trains one."
            )
        return None

    @classmethod
    def further_crops(
        cls, config: CommitteeConfig, labeled: int, unlabeled: int, views: int
    ) -> int:
        """See :meth:`Method.further_crops`."""
        count = labeled + unlabeled
        copies = min(DEGRADED, count) * (1 + len(KINDS)) if config.order else 0
        untrained = cls.why_no_steps(config, labeled, unlabeled) is not None
        compared = min(COMPARED, count) * views if config.agreement and untrained else 0
        return copies + compared

    def before_step(self, progress: Progress) -> None:
        """See :meth:`Method.before_step`."""
        self._last = progress.step == progress.steps - 1

    def step(
        self,
        labeled: Labeled,
        unlabeled: Unlabeled | None,  # noqa: ARG002
        progress: Progress,  # noqa: ARG002
    ) -> StepResult:
        """See :meth:`Method.step`."""
        prediction = self.branch("teacher")(labeled.images)
        loss = DISTRIBUTION_LOSSES[self.config.loss](prediction.distribution, labeled.distribution)
        return StepResult(loss, {"teacher_label": loss.detach()})

    def after_step(self) -> None:
        """See :meth:`Method.after_step`."""
        self.average.update_parameters(self.branch("teacher"))
        if self._last and self._pool is not None and self._pool.unlabeled:
            self._learn(self._pool)

    def _learn(self, pool: Pool) -> None:
        """Fit the student to the labels and to what the committee says of the pool."""
        student, teacher = self.branch("student"), cast(Branch, self.average.module)
        share = self.config.teacher_share
        rows, said = [], []
        for place in range(pool.unlabeled):
            crops = pool.unlabeled_crops(place)
            own, taught = student.target(crops), teacher.target(crops).distribution
            rows.append(own.activation.mean(dim=0))
            said.append(torch.lerp(own.distribution, taught, share).mean(dim=0))
        unlabeled = torch.stack(rows)
        trust = self.config.credit * alike(self._labeled, unlabeled)
        fit_head(
            student,
            "student",
            torch.cat([self._labeled, unlabeled]),
            torch.cat([pool.distribution, torch.stack(said)]),
            weights=torch.cat([trust.new_ones(pool.labeled), trust]),
            evident=self._evident,
        )

    def _self_evident(self, pool: Pool) -> SelfEvident | None:
        student, config = self.branch("student"), self.config
        if student.head_before is not None or not (config.order or config.agreement):
            return None
        return SelfEvident(
            versions=version_activations(student, pool) if config.order else None,
            crops=crop_activations(student, pool) if config.agreement else None,
            margin=config.order_margin,
            order_weight=config.order,
            agreement_weight=config.agreement * pool.labeled,
        )
