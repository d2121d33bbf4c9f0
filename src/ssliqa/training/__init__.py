"""Training: from a configuration to a run folder, by the one loop that serves every method."""

from ssliqa.training.branches import load_branches
from ssliqa.training.config import BranchConfig, OptimizerConfig, TrainConfig
from ssliqa.training.monitor import Monitor
from ssliqa.training.run import TrainResult, resume, train

__all__ = [
    "BranchConfig",
    "Monitor",
    "OptimizerConfig",
    "TrainConfig",
    "TrainResult",
    "load_branches",
    "resume",
    "train",
]
