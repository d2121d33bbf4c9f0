"""What every training method is.

A method owns its branches, its losses and their weights; the training loop owns devices,
optimizers, schedules, checkpoints and logging, and knows no method by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from torch import Tensor, nn

from ssliqa.methods.branch import Branch
from ssliqa.methods.crops import Images
from ssliqa.models import QualityModel


class Labeled(NamedTuple):
    """A batch of labeled images.

    ``images`` (L, 3, H, W) RGB uint8, for the branches to predict on; ``distribution`` (L, 5)
    target shares of the levels.
    """

    images: Images
    distribution: Tensor


class Unlabeled(NamedTuple):
    """A batch of unlabeled images.

    ``images`` (U, 3, H, W) as those of :class:`Labeled`; ``places`` (U,) of the photographs they
    show among all unlabeled ones. Crops of one photograph stand next to each other.
    """

    images: Images
    places: Tensor


@dataclass(frozen=True)
class Pool:
    """The photographs of a training, for methods that look at more than a batch of them.

    Args:
        labeled, unlabeled: how many there are.
        labeled_crops, unlabeled_crops: from a photograph's place to fixed crops (V, 3, H, W) of it,
            the same at every call.
        labeled_pixels, unlabeled_pixels: from a photograph's place to the pixels (V, 3, H, W) uint8
            of these crops, which the crops themselves may lack; always on the CPU.
        distribution: (labeled, 5) target shares.
    """

    labeled: int
    unlabeled: int
    labeled_crops: Callable[[int], Images]
    unlabeled_crops: Callable[[int], Images]
    labeled_pixels: Callable[[int], Tensor]
    unlabeled_pixels: Callable[[int], Tensor]
    distribution: Tensor


@dataclass(frozen=True)
class Progress:
    """Where training stands. ``epoch`` and ``step`` count from 0."""

    epoch: int
    epochs: int
    step: int
    steps: int

    @property
    def fraction(self) -> float:
        """Share of all steps that are done, 0 <= fraction < 1."""
        return self.step / self.steps


@dataclass(frozen=True)
class StepResult:
    """The scalar to minimize, and its parts by name (scalars without a graph) for the log."""

    loss: Tensor
    terms: dict[str, Tensor]


class Method(nn.Module, ABC):
    """A training recipe over one or more branches.

    Args:
        config: an instance of the method's ``Config``.
        branches: the networks by the names in ``branch_names``.
    """

    Config: ClassVar[type[Any]]
    """Frozen dataclass of the method's own settings."""
    branch_names: ClassVar[tuple[str, ...]] = ("student",)
    """The branches it has; ``student`` is always the one that is kept."""
    fitted: ClassVar[tuple[str, ...]] = ()
    """The branches of which only the head is fitted, by the method itself; their networks keep
    their start weights, and no step trains anything of them."""
    uses_unlabeled: ClassVar[bool] = False
    """Whether it looks at unlabeled photographs."""
    reads_pixels: ClassVar[bool] = False
    """Whether it looks at the pixels of unlabeled images itself, so that what frozen layers make of
    these is not enough."""
    compares_crops: ClassVar[bool] = False
    """Whether several crops of an unlabeled photograph in a step are what teaches it most."""
    learn_from_unlabeled: ClassVar[tuple[str, ...]] = ("student",)
    """The branches that unlabeled images teach in :meth:`step`, where there are any; the others
    only label."""

    def __init__(self, config: Any, branches: Mapping[str, Branch]) -> None:
        super().__init__()
        self.config = config
        self.branches = nn.ModuleDict({name: branches[name] for name in self.branch_names})
        for name in self.fitted:
            self.branch(name).requires_grad_(False)

    @classmethod
    def draws_unlabeled(cls) -> bool:
        """Whether steps are given unlabeled images: where these teach a branch."""
        return cls.uses_unlabeled and bool(cls.learn_from_unlabeled)

    def branch(self, name: str) -> Branch:
        """The branch of this name."""
        found = self.branches[name]
        assert isinstance(found, Branch)
        return found

    def meet(self, pool: Pool) -> None:
        """Called once, with the photographs, before the first step or a checkpoint is loaded.

        What is kept for each of them and is not computed here belongs into buffers, so that it is
        in the checkpoint.
        """

    @classmethod
    def why_no_unlabeled(cls, config: Any, labeled: int) -> str | None:  # noqa: ARG003
        """Why unlabeled photographs would cost more than they teach, for the user.

        Then the training gets none. None where they may be of use.

        Args:
            config: an instance of ``Config``.
            labeled: photographs of the training with a label.
        """
        return None

    @classmethod
    def why_no_steps(cls, config: Any, labeled: int, unlabeled: int) -> str | None:  # noqa: ARG003
        """Why steps would learn nothing worth having, for the user; None where they do.

        What holds for some photographs must hold for fewer, since some may turn out to be broken.

        Args:
            config: an instance of ``Config``.
            labeled, unlabeled: photographs of the training.
        """
        return None

    @classmethod
    def further_crops(cls, config: Any, labeled: int, unlabeled: int, views: int) -> int:  # noqa: ARG003
        """Crops that the student computes in :meth:`meet`, besides one pass over all photographs.

        Where nothing is trained that pass is over the labeled ones. For estimates of the time.

        Args:
            config: an instance of ``Config``.
            labeled, unlabeled: photographs of the training.
            views: crops of each.
        """
        return 0

    def before_step(self, progress: Progress) -> None:
        """Called before each step, for what is done now and then with all photographs."""

    @abstractmethod
    def step(self, labeled: Labeled, unlabeled: Unlabeled | None, progress: Progress) -> StepResult:
        """The loss of one step.

        Args:
            labeled: images with their target distributions.
            unlabeled: images without; None where there are none.
            progress: where training stands, for ramps.
        """

    def forward(
        self, labeled: Labeled, unlabeled: Unlabeled | None, progress: Progress
    ) -> StepResult:
        """The same as :meth:`step`; wrappers for several devices hook in here."""
        return self.step(labeled, unlabeled, progress)

    def after_step(self) -> None:
        """Called after each optimizer step, for moving averages and the like."""

    def student(self) -> QualityModel:
        """The model that is kept."""
        return self.branch("student").model
