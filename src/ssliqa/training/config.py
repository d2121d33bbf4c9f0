"""All settings of a training. The docstrings below are the help texts of ``ssliqa train``."""

from __future__ import annotations

import glob
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ssliqa.data import RatedSource
from ssliqa.errors import ConfigError
from ssliqa.images import Protocol
from ssliqa.models.shipped import shipped

DEFAULT_METHOD = "committee"


@dataclass(frozen=True)
class BranchConfig:
    """One network.

    Args:
        name: backbone, by its name in timm or torchvision.
        weights: start weights of this branch, where they differ from --weights.
        start: a trained model to start from (run folder, model folder or name) instead of weights:
            network, levels and head are its own, and a head that is fitted stays near it.
        head: 'linear', 'published' (the authors' MLP for this backbone), or hidden sizes such as
            '512-256'.
        levels: from how many of the last stages the activation is pooled. What is left of
            sharpness or noise is seen better in earlier stages; where only a head is fitted, 3 or
            4 help a lot. 0 takes the last four there (the student of method committee; fit_head
            with 0 steps), or as many of these as can be read, and 1 where the network is trained.
        options: further arguments of the backbone's builder, such as {"pad_type": "same"}.
        mean: RGB means on 0..1 that the weights want, where they cannot be known from the weights.
        std: RGB standard deviations, likewise.
        batch_norm: 'frozen' keeps the start weights' statistics, 'train' updates them; 'auto'
            freezes unless the weights are random.
        frozen_stages: that many stages of the backbone, from the input on, keep their start
            weights, which saves time; too large a number is answered with how many there are.
        bf16: compute in bfloat16, but for depthwise convolutions that are trained on a CPU; 'auto'
            where the hardware has it.
    """

    name: str = "mobilenetv2_100"
    weights: str | None = None
    start: str | None = None
    head: str = "linear"
    levels: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    batch_norm: Literal["auto", "frozen", "train"] = "auto"
    frozen_stages: int = 0
    bf16: Literal["auto", "yes", "no"] = "auto"

    def __post_init__(self) -> None:
        _require(self.frozen_stages >= 0, f"frozen_stages is {self.frozen_stages}", "0 or more")
        _require(self.levels >= 0, f"levels is {self.levels}", "0 or more")
        if self.start is not None:
            plain = BranchConfig(name=self.name)
            for name in ("weights", "head", "levels", "options", "mean", "std"):
                if getattr(self, name) != getattr(plain, name):
                    raise ConfigError(
                        f"Both start and {name} of a network are given.",
                        f"'{self.start}' has its own; leave out {name}.",
                    )


@dataclass(frozen=True)
class OptimizerConfig:
    """How the weights follow the gradient.

    Args:
        name: 'adamw' or 'adam'.
        lr: peak learning rate of the backbones.
        head_factor: heads, which start from random weights, learn so many times as fast.
        weight_decay: decoupled for adamw, L2 for adam.
        schedule: 'one_cycle' rises over the first `warmup` of training and falls to zero in a
            cosine; 'halving' halves the rate every `halve_every` epochs (the paper's);
            'constant' stays.
        warmup: share of training in which the one-cycle schedule rises.
        halve_every: epochs between two halvings.
    """

    name: Literal["adamw", "adam"] = "adamw"
    lr: float = 1e-4
    head_factor: float = 10.0
    weight_decay: float = 0.01
    schedule: Literal["one_cycle", "halving", "constant"] = "one_cycle"
    warmup: float = 0.3
    halve_every: int = 2

    def __post_init__(self) -> None:
        _require(self.lr > 0, f"optimizer.lr is {self.lr}", "a learning rate above 0")
        _require(
            self.head_factor > 0, f"optimizer.head_factor is {self.head_factor}", "a number above 0"
        )
        _require(
            self.weight_decay >= 0, f"optimizer.weight_decay is {self.weight_decay}", "0 or more"
        )
        _require(0 <= self.warmup < 1, f"optimizer.warmup is {self.warmup}", "a share below 1")
        _require(self.halve_every >= 1, f"optimizer.halve_every is {self.halve_every}", "1 or more")


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training.

    Args:
        out: the run folder.
        labels: table of ratings (CSV, TSV, JSON, Parquet, a text list, an export of Label Studio),
            or a folder of photographs with stars (xmp:Rating).
        images: folder that the names in the table are relative to.
        dataset: a database instead of a table of ratings; `ssliqa datasets` lists them.
        root: folder of the database's copy.
        subset: only this part of the database, such as a resolution of nnid.
        unlabeled: further photographs without ratings: folders, files, globs or .txt lists.
        scale: ends of the rating scale and its direction, such as '0-100' or '0-1, lower is
            better' (as with most DMOS); 1-5 unless told.
        columns: names of columns that are not recognized by themselves, such as {"mos": "Q"}.
        on_problem: 'error' refuses a table with contradictions; 'warn' sets those rows aside.
        strict: refuse to train where a photograph cannot be read, instead of leaving it out.
        split: file with the part of each image (columns image, part), instead of a drawn split.
        fractions: shares of training, validation and test images in a drawn split.
        official_split: divide a table or database with official parts as they say; false draws a
            split there, too.
        label_budget: keep the labels of only so many training images (1 or more: count; below 1:
            share); the others become unlabeled images.
        seed: of the split, the start weights, the crops and everything else that is drawn.
        method: the training recipe and its own settings.
        student: the network that is kept.
        teacher: the network that methods with two branches learn from.
        weights: start weights: 'hub' (the library's ImageNet weights), 'none' (random), a
            safetensors file, or a folder with <backbone>.safetensors.
        protocol: how a photograph becomes network input.
        fit_head: fit linear heads to the labels before the first step, with the networks as they
            start, instead of starting from random numbers. With --steps 0 that is all.
        epochs: number of epochs; after each comes a validation, and schedules may count them.
        steps: length of training in optimizer steps, whatever the number of photographs; an epoch
            is then one of `epochs` equal parts of it. 0 only fits the head (--fit_head true).
        batch_size: labeled images a step, on each process.
        unlabeled_ratio: unlabeled images a step for each labeled one.
        screen: leave out unlabeled photographs that are less like the labeled ones than this share
            of the labeled ones themselves is; 0 keeps all.
        unlabeled_crops: how many crops of an unlabeled photograph a step shows together, for
            methods whose target is what several crops of it say.
        repeats: how often each image is shown in an epoch, each time with another crop.
        views: how many crops of each photograph training draws from, evenly spread and half of them
            mirrored; 0 draws any crop. With views and frozen stages, what these stages compute is
            kept in the cache, so that a step takes the time of the other stages only.
        epoch_ends: 'longer': an epoch shows every labeled and every unlabeled image, the smaller
            set more often; 'shorter': it ends with the smaller set (as published).
        optimizer: how the weights follow the gradient.
        keep: which weights become the model: 'last', or 'best' by SRCC on the validation images.
        device: 'auto' (a GPU if there is one) or 'cpu'.
        cache: folder for decoded photographs (default: ssliqa in the user's cache folder).
        cache_gb: most gigabytes the cache may take.
        workers: threads that decode photographs.
        checkpoint_minutes: minutes between two checkpoints.
    """

    out: str
    labels: str | None = None
    images: str | None = None
    dataset: str | None = None
    root: str | None = None
    subset: str | None = None
    unlabeled: list[str] = field(default_factory=list)
    scale: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    on_problem: Literal["error", "warn"] = "error"
    strict: bool = False
    split: str | None = None
    fractions: tuple[float, float, float] = (0.8, 0.0, 0.2)
    official_split: bool = True
    label_budget: int | float | None = None
    seed: int = 0
    method: dict[str, Any] = field(default_factory=lambda: {"name": DEFAULT_METHOD})
    student: BranchConfig = field(default_factory=BranchConfig)
    teacher: BranchConfig = field(default_factory=lambda: BranchConfig(name="resnet101"))
    weights: str = "hub"
    protocol: Protocol = field(default_factory=Protocol)
    fit_head: bool = False
    epochs: int = 12
    steps: int | None = None
    batch_size: int = 16
    unlabeled_ratio: float = 2.0
    screen: float = 0.0
    unlabeled_crops: int = 1
    repeats: int = 1
    views: int = 0
    epoch_ends: Literal["longer", "shorter"] = "longer"
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    keep: Literal["best", "last"] = "last"
    device: Literal["auto", "cpu"] = "auto"
    cache: str | None = None
    cache_gb: float = 20.0
    workers: int = 2
    checkpoint_minutes: float = 1.0

    def __post_init__(self) -> None:
        RatedSource.of(self)  # refuses what names no ratings, or ratings twice
        _require(self.epochs >= 1, f"epochs is {self.epochs}", "1 or more")
        fewest = 0 if self.fit_head or self.student.start is not None else 1
        _require(
            self.steps is None or self.steps >= fewest,
            f"steps is {self.steps}",
            "1 or more, or 0 with fit_head true or from a trained model",
        )
        _require(self.batch_size >= 1, f"batch_size is {self.batch_size}", "1 or more")
        _require(self.repeats >= 1, f"repeats is {self.repeats}", "1 or more")
        _require(self.views >= 0, f"views is {self.views}", "0 (any crop) or more")
        _require(
            self.checkpoint_minutes >= 0,
            f"checkpoint_minutes is {self.checkpoint_minutes}",
            "0 or more",
        )
        _require(self.cache_gb >= 0, f"cache_gb is {self.cache_gb}", "0 or more")
        _require(
            self.unlabeled_batch_size >= 1,
            f"unlabeled_ratio is {self.unlabeled_ratio}",
            "a number that gives at least one unlabeled image a step",
        )
        _require(0 <= self.screen < 1, f"screen is {self.screen}", "0 or more, below 1")
        _require(
            self.unlabeled_crops >= 1 and self.unlabeled_batch_size % self.unlabeled_crops == 0,
            f"unlabeled_crops is {self.unlabeled_crops}",
            f"1, or a divisor of the {self.unlabeled_batch_size} unlabeled crops a step",
        )
        _require(0 <= self.seed < 2**32, f"seed is {self.seed}", "0 or more, below 2^32")
        _require(self.out != "", "out is empty", "the name of a folder")
        _require(all(self.unlabeled), "unlabeled holds an empty name", "folders, files or patterns")

    def with_absolute_paths(self) -> TrainConfig:
        """The same settings, good from whatever folder a run is resumed or evaluated from."""

        def absolute(path: str | None) -> str | None:
            return None if path is None else str(Path(path).expanduser().absolute())

        def of_source(source: str) -> str:
            path = Path(source).expanduser()
            # In a pattern the folder we are in stands for itself, whatever its name looks like.
            if glob.has_magic(source) and not path.exists() and not path.is_absolute():
                return str(Path(glob.escape(str(Path.cwd()))) / path)
            return str(path.absolute())

        def of_weights(weights: str | None) -> str | None:
            return weights if weights in ("hub", "none") else absolute(weights)

        def of_branch(branch: BranchConfig) -> BranchConfig:
            # What is no folder here is the name of a model.
            start = branch.start
            if start is not None and Path(start).expanduser().is_dir() and not shipped(start):
                start = absolute(start)
            return replace(branch, weights=of_weights(branch.weights), start=start)

        return replace(
            self,
            labels=absolute(self.labels),
            images=absolute(self.images),
            root=absolute(self.root),
            unlabeled=[of_source(source) for source in self.unlabeled],
            split=absolute(self.split),
            cache=absolute(self.cache),
            out=str(absolute(self.out)),
            weights=str(of_weights(self.weights)),
            student=of_branch(self.student),
            teacher=of_branch(self.teacher),
        )

    @property
    def unlabeled_batch_size(self) -> int:
        """Unlabeled images a step, on each process."""
        return round(self.batch_size * self.unlabeled_ratio)


def _require(holds: bool, found: str, expected: str) -> None:
    if not holds:
        raise ConfigError(f"{found}; expected {expected}.")
