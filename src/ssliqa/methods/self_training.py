"""Self-training: what two networks say of unlabeled photographs becomes these photographs' label.

    until `begin`:  loss = d(p_s, target) + d(p_t, target)            both learn from the labels
    then:           q_u = mean over crops, networks of p(u),  w_u = min(1, (r / s_u)^2)
                    loss = d(p_s, target) + a mean over u of w_u d(p_s(u), q_u)

The networks that label are the moving averages of both branches. s_u is the standard deviation of
their mean opinions over crops and networks, and r its median on the labeled photographs: where
networks and crops agree no better than there, a pseudo-label counts in inverse proportion to its
variance. With `rounds` above 1 the photographs are labeled anew at even intervals, and both
branches go on learning until the last of them.

Two different networks err differently, so their mean can be better than either; the student alone
is kept, and costs no more in use. With 744 labels pseudo-labels cost it more than they taught, in
the mean over splits, so that from `alone_from` labels on there are none; that the other network is
the weaker one is a likely cause. Where between 300 and 744 labels that lies is a guess.

Source: D.-H. Lee, "Pseudo-Label", ICML Workshops 2013; Q. Xie, M.-T. Luong, E. Hovy, Q. Le,
"Self-training with Noisy Student improves ImageNet classification", CVPR 2020. Deviations: two
architectures label; distributions instead of classes; weights by agreement instead of a threshold;
the student goes on instead of starting anew, which saves half of the time; moving averages label;
the student's only noise is crops and flips, where Noisy Student has strong augmentation, dropout
and stochastic depth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from ssliqa.errors import ConfigError
from ssliqa.losses import DISTRIBUTION_ERRORS
from ssliqa.methods.average import begin_again, moving_average
from ssliqa.methods.branch import Branch
from ssliqa.methods.contract import Labeled, Method, Pool, Progress, StepResult, Unlabeled
from ssliqa.methods.crops import Images
from ssliqa.methods.settings import (
    require_decay,
    require_label_count,
    require_weights,
    why_alone,
)
from ssliqa.methods.trust import agreement
from ssliqa.models import level_means


@dataclass(frozen=True)
class SelfTrainingConfig:
    """Settings of self-training.

    Args:
        loss: distance d of a prediction from the raters' or the pseudo-label's distribution; 'cdf'
            is the squared difference of cumulative shares, 'mse' the squared difference of shares.
        pseudo_weight: weight a of the pseudo-labeled photographs.
        begin: share of training before the unlabeled photographs are labeled first.
        rounds: how often they are labeled.
        average: decay of the moving averages that label; 0 takes the weights of the moment.
        alone_from: with this many labels or more no photographs are labeled, and the networks
            learn from the labels alone.
    """

    loss: Literal["cdf", "mse"] = "cdf"
    pseudo_weight: float = 1.0
    begin: float = 0.5
    rounds: int = 1
    average: float = 0.98
    alone_from: int = 500

    def __post_init__(self) -> None:
        require_weights(self, "pseudo_weight")
        require_decay(self, "average")
        if not 0 < self.begin < 1:
            raise ConfigError(
                f"method.begin is {self.begin}; expected a share above 0 and below 1.",
                "Networks must have learned something before they can label.",
            )
        if self.rounds < 1:
            raise ConfigError(f"method.rounds is {self.rounds}.", "Use 1 or more.")
        require_label_count(self, "alone_from", "0 always learns from labels alone.")


class SelfTraining(Method):
    """Offline pseudo-labels by both branches, weighted by their agreement."""

    Config: ClassVar[type[SelfTrainingConfig]] = SelfTrainingConfig
    branch_names: ClassVar[tuple[str, ...]] = ("student", "teacher")
    uses_unlabeled: ClassVar[bool] = True

    pseudo: Tensor
    trust: Tensor

    def __init__(self, config: SelfTrainingConfig, branches: Mapping[str, Branch]) -> None:
        super().__init__(config, branches)
        self.averages = nn.ModuleDict(
            {name: moving_average(self.branch(name), config.average) for name in self.branch_names}
        )
        self._pool: Pool | None = None

    @classmethod
    def why_no_unlabeled(cls, config: SelfTrainingConfig, labeled: int) -> str | None:
        """See :meth:`Method.why_no_unlabeled`."""
        return why_alone(config, labeled)

    def meet(self, pool: Pool) -> None:
        """See :meth:`Method.meet`."""
        self._pool = pool
        for name in self.branch_names:
            begin_again(cast(AveragedModel, self.averages[name]), self.branch(name))
        device = pool.distribution.device
        self.register_buffer("pseudo", torch.zeros(pool.unlabeled, 5, device=device))
        self.register_buffer("trust", torch.zeros(pool.unlabeled, device=device))

    def before_step(self, progress: Progress) -> None:
        """See :meth:`Method.before_step`."""
        if self._pool is not None and progress.step in self._labelings(progress.steps):
            self._label(self._pool)

    def step(self, labeled: Labeled, unlabeled: Unlabeled | None, progress: Progress) -> StepResult:
        """See :meth:`Method.step`."""
        errors = DISTRIBUTION_ERRORS[self.config.loss]
        student = self.branch("student")
        student_label = errors(student(labeled.images).distribution, labeled.distribution).mean()
        teacher_label = pseudo = student_label.new_zeros(())
        labelings = self._labelings(progress.steps)
        if progress.step < labelings[-1]:
            taught = self.branch("teacher")(labeled.images)
            teacher_label = errors(taught.distribution, labeled.distribution).mean()
        elif torch.distributed.is_initialized():
            # Processes that average gradients want one of every parameter.
            teacher_label = sum(
                (values.sum() * 0 for values in self.branch("teacher").parameters()), teacher_label
            )
        if unlabeled is not None and progress.step >= labelings[0] and self.config.pseudo_weight:
            predicted = student(unlabeled.images).distribution
            wrong = errors(predicted, self.pseudo[unlabeled.places])
            pseudo = (self.trust[unlabeled.places] * wrong).mean()
        return StepResult(
            student_label + teacher_label + self.config.pseudo_weight * pseudo,
            {
                "student_label": student_label.detach(),
                "teacher_label": teacher_label.detach(),
                "pseudo_consistency": pseudo.detach(),
            },
        )

    def after_step(self) -> None:
        """See :meth:`Method.after_step`."""
        for name in self.branch_names:
            cast(AveragedModel, self.averages[name]).update_parameters(self.branch(name))

    def _labelings(self, steps: int) -> list[int]:
        """The steps before which the photographs are labeled."""
        first = min(math.ceil(self.config.begin * steps), steps - 1)
        return [
            first + (steps - first) * number // self.config.rounds
            for number in range(self.config.rounds)
        ]

    def _label(self, pool: Pool) -> None:
        spread = [self._opinion(pool.labeled_crops, place)[1] for place in range(pool.labeled)]
        usual = torch.stack(spread).median()
        for place in range(pool.unlabeled):
            self.pseudo[place], own = self._opinion(pool.unlabeled_crops, place)
            self.trust[place] = agreement(own, usual)

    def _opinion(self, crops: Callable[[int], Images], place: int) -> tuple[Tensor, Tensor]:
        """Mean distribution (5,) of a photograph, and the spread of mean opinions in levels."""
        images = crops(place)
        found = torch.cat(
            [
                cast(Branch, self.averages[name].module).target(images).distribution
                for name in self.branch_names
            ]
        )
        return found.mean(dim=0), level_means(found).std()
