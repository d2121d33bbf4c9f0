"""Build a method with its networks, as a configuration describes them."""

from __future__ import annotations

import torch
from torch.nn import BatchNorm1d

from ssliqa.errors import ConfigError
from ssliqa.methods import Branch, Method, find_method
from ssliqa.methods.fitted_head import linear_layer
from ssliqa.models import QualityModel, load_model
from ssliqa.opinion import Scale
from ssliqa.training.config import BranchConfig, TrainConfig
from ssliqa.training.precision import use_bf16
from ssliqa.training.run_config import method_settings


def build_method(
    config: TrainConfig, scale: Scale, device: torch.device, *, has_steps: bool = True
) -> Method:
    """The method with its networks, as a configuration describes them.

    Args:
        config: the training's settings.
        scale: the scale of the ratings.
        device: where training will be, which decides on the precision.
        has_steps: whether any will be taken; networks that then learn nothing need no start
            weights, and get random ones.
    """
    kind = find_method(str(config.method["name"]))
    if kind.fitted and config.steps == 0:
        raise ConfigError(
            f"steps is 0, and method {config.method['name']} trains a teacher.",
            "Leave --steps out; with --method.teacher_from above the number of labels it trains no "
            "teacher, takes no step and fits its student's head once.",
        )
    settings: dict[str, BranchConfig] = {"student": config.student, "teacher": config.teacher}
    taught = taught_branches(config, has_steps=has_steps)
    branches = {}
    for name in kind.branch_names:
        branch = settings[name] if name in taught else BranchConfig(settings[name].name, "none")
        fitted = name in fitted_branches(config)
        model = _network(config, branch, scale, fitted=fitted)
        stages = len(model.backbone.stages)
        frozen = branch.batch_norm == "frozen" or (
            branch.batch_norm == "auto" and not starts_at_random(config, branch)
        )
        smallest = config.batch_size
        if kind.draws_unlabeled():
            smallest = min(smallest, config.unlabeled_batch_size)
        if smallest == 1 and any(isinstance(part, BatchNorm1d) for part in model.head.modules()):
            raise ConfigError(
                f"The head of the {name} has batch-norm, and a batch would be one image.",
                "Use a larger --batch-size or --unlabeled-ratio, or another head.",
            )
        branches[name] = Branch(
            model,
            freeze_batch_norm=frozen,
            frozen_stages=max(stages, branch.frozen_stages) if fitted else branch.frozen_stages,
            # One pass over the photographs is no long time, and the head is used in float32.
            bf16=use_bf16(branch, device) and not (fitted and branch.bf16 == "auto"),
            enter_trunk=config.views > 0,
            trained_before=branch.start is not None,
        )
        if config.fit_head or fitted:
            linear_layer(branches[name], name)
        if config.fit_head and config.steps != 0 and branches[name].moves_batch_norm:
            raise ConfigError(
                f"fit_head fits the {name}'s head with batch-norm at rest, and training would "
                "begin with that of batches.",
                f"Use --{name}.batch_norm frozen, or leave fit_head out.",
            )
    return kind(method_settings(config), branches)


def _network(
    config: TrainConfig, branch: BranchConfig, scale: Scale, *, fitted: bool
) -> QualityModel:
    if branch.start is None:
        return QualityModel.create(
            branch.name,
            weights=branch.weights or config.weights,
            options=branch.options,
            mean=branch.mean,
            std=branch.std,
            head=branch.head,
            levels=levels_read(branch, fitted),
            protocol=config.protocol,
            scale=scale,
        )
    found = load_model(branch.start)
    if found.name != branch.name:
        raise ConfigError(
            f"The network of '{branch.start}' is {found.name}, and a {branch.name} was to start "
            "from it.",
            f"Name {found.name}; --from does so by itself.",
        )
    own = {"protocol": config.protocol.as_dict(), "scale": scale.as_dict(), "calibration": None}
    model = QualityModel(**(found.config | own))
    model.load_state_dict(found.state_dict())
    return model


def starts_at_random(config: TrainConfig, branch: BranchConfig) -> bool:
    """Whether a branch begins with a network that knows nothing."""
    return branch.start is None and (branch.weights or config.weights) == "none"


def fitted_branches(config: TrainConfig) -> tuple[str, ...]:
    """The branches of whose networks nothing is trained: a head is fitted to them."""
    kind = find_method(str(config.method["name"]))
    return kind.branch_names if config.fit_head and config.steps == 0 else kind.fitted


def taught_branches(config: TrainConfig, *, has_steps: bool) -> tuple[str, ...]:
    """The branches that learn something: all of them in steps, and else those with a fitted head.

    Args:
        config: the training's settings.
        has_steps: whether it takes any.
    """
    kind = find_method(str(config.method["name"]))
    return kind.branch_names if has_steps or config.fit_head else kind.fitted


def remark_on_start(config: TrainConfig) -> str | None:
    """What to tell a user who fits a head to a network that knows nothing; None if nobody does."""
    settings = {"student": config.student, "teacher": config.teacher}
    for name in fitted_branches(config):
        if starts_at_random(config, settings[name]):
            return (
                f"The {name}'s network keeps its random weights, since method "
                f"{config.method['name']} fits its head alone here: use --weights hub or a file of "
                "weights, or --method ssliqa or supervised, which train it."
            )
    return None


def levels_read(branch: BranchConfig, fitted: bool) -> int | None:
    """How many levels a network is read from; None for as many as suit a fitted head."""
    return branch.levels or (None if fitted else 1)
