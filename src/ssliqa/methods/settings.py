"""Checks that the settings of several methods share."""

from __future__ import annotations

import math
from typing import Any

from ssliqa.errors import ConfigError


def require_weights(config: Any, *names: str) -> None:
    """Weights of parts of a loss are numbers of 0 or more.

    Raises:
        ConfigError: one is not.
    """
    for name in names:
        weight = getattr(config, name)
        if not 0 <= weight < math.inf:
            raise ConfigError(
                f"method.{name} is {weight}; expected a number of 0 or more.",
                "With 0 this part of the loss is left out.",
            )


def require_ramp_share(
    config: Any, instead: str = "A tiny share gives the full weight at once."
) -> None:
    """A ramp takes a share of training.

    Args:
        config: has a ``ramp_share``.
        instead: what to do where no ramp is wanted.

    Raises:
        ConfigError: the share is not above 0, or above 1.
    """
    if not 0 < config.ramp_share <= 1:
        raise ConfigError(
            f"method.ramp_share is {config.ramp_share}; expected a share above 0, up to 1.", instead
        )


def require_label_count(config: Any, name: str, zero: str) -> None:
    """A number of labels from which something is done is 0 or more.

    Args:
        config: has the setting.
        name: of the setting.
        zero: what 0 means, for the message.

    Raises:
        ConfigError: it is below 0.
    """
    count = getattr(config, name)
    if count < 0:
        raise ConfigError(f"method.{name} is {count}; expected a number of labels.", zero)


def why_alone(config: Any, labeled: int) -> str | None:
    """Why two networks that could label photographs learn from the labels alone.

    Args:
        config: has an ``alone_from``, the number of labels from which they do.
        labeled: photographs of the training with a label.

    Returns:
        Words for the user, as :meth:`Method.why_no_unlabeled`; None with fewer labels.
    """
    if labeled < config.alone_from:
        return None
    return (
        f"With {config.alone_from} labels or more (method.alone_from), here {labeled}, both "
        "networks learn from the labels alone: with 744 of LIVE Challenge what they said of "
        "unlabeled photographs lowered the student's mean SRCC. --method supervised makes the same "
        f"model in less time; --method.alone_from {labeled + 1} has them label photographs."
    )


def require_decay(config: Any, name: str) -> None:
    """The decay of a moving average leaves something of both what was and what is.

    Raises:
        ConfigError: it is below 0, or not below 1.
    """
    decay = getattr(config, name)
    if not 0 <= decay < 1:
        raise ConfigError(
            f"method.{name} is {decay}; expected 0 or more, below 1.",
            "A decay of 0.98 remembers about 50 steps, and 0 none.",
        )
