"""Checkpoints: everything a run needs to go on as if it had never stopped, without pickle.

One safetensors file holds the method's tensors under ``method.`` and the optimizer's under
``optimizer.<parameter>.``; its metadata holds the counters as JSON. Batches, learning rates and
random numbers are functions of the step, so there is no further state.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ssliqa.errors import ResumeError
from ssliqa.files import whole_file


@dataclass
class Counters:
    """How far a run has come: the next step, and the best validation so far."""

    epoch: int = 0
    step_in_epoch: int = 0
    best_srcc: float | None = None
    finished: bool = False


def save_checkpoint(
    path: Path, method: nn.Module, optimizer: torch.optim.Optimizer, counters: Counters
) -> None:
    """Write a checkpoint; the one before stays until the new one is whole."""
    tensors = {f"method.{name}": value for name, value in method.state_dict().items()}
    plain: dict[str, dict[str, Any]] = {}
    for index, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{index}.{name}"] = value
            else:
                plain.setdefault(str(index), {})[name] = value
    metadata = {"counters": json.dumps(asdict(counters)), "optimizer": json.dumps(plain)}
    with whole_file(path) as temporary:
        save_file(
            {name: value.detach().cpu().contiguous() for name, value in tensors.items()},
            temporary,
            metadata=metadata,
        )


def load_checkpoint(path: Path, method: nn.Module, optimizer: torch.optim.Optimizer) -> Counters:
    """Fill ``method`` and ``optimizer`` from a checkpoint and tell how far it had come.

    Raises:
        ResumeError: the file is damaged or belongs to another configuration.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        method.load_state_dict(
            {
                name.removeprefix("method."): value
                for name, value in tensors.items()
                if name.startswith("method.")
            }
        )
        state: dict[int, dict[str, Any]] = {
            int(index): dict(values) for index, values in json.loads(metadata["optimizer"]).items()
        }
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, index, key = name.split(".", 2)
                state.setdefault(int(index), {})[key] = value
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": state, "param_groups": groups})
        return Counters(**json.loads(metadata["counters"]))
    except (SafetensorError, OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = shorten(" ".join(str(error).split()), 200, placeholder=" ...")
        raise ResumeError(
            f"The checkpoint '{path}' cannot be used ({reason}).",
            "Delete it to start the run from its beginning, or train into another folder.",
        ) from error
