"""How well scores agree with ratings, with the confidence the number of images allows."""

from ssliqa.evaluation.calibrate import ModelCalibration, calibrate_model
from ssliqa.evaluation.compare import compare, figure_difference
from ssliqa.evaluation.comparison import Comparison, Pair
from ssliqa.evaluation.coverage import Bounds, Coverage
from ssliqa.evaluation.distributions import Distributions
from ssliqa.evaluation.evaluate import evaluate
from ssliqa.evaluation.of_model import ModelEvaluation, evaluate_model
from ssliqa.evaluation.result import Evaluation, Figure

__all__ = [
    "Bounds",
    "Comparison",
    "Coverage",
    "Distributions",
    "Evaluation",
    "Figure",
    "ModelCalibration",
    "ModelEvaluation",
    "Pair",
    "calibrate_model",
    "compare",
    "evaluate",
    "evaluate_model",
    "figure_difference",
]
