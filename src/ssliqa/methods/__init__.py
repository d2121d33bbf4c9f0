"""Training recipes, one file each, found by their name."""

from ssliqa.methods.branch import Branch
from ssliqa.methods.contract import Labeled, Method, Pool, Progress, StepResult, Unlabeled
from ssliqa.methods.crops import Crops, Images
from ssliqa.methods.find import find_method, method_names

__all__ = [
    "Branch",
    "Crops",
    "Images",
    "Labeled",
    "Method",
    "Pool",
    "Progress",
    "StepResult",
    "Unlabeled",
    "find_method",
    "method_names",
]
