"""How well scores agree with ratings, with the confidence the number of images allows."""

from ssliqa.evaluation.evaluate import evaluate
from ssliqa.evaluation.of_model import ModelEvaluation, evaluate_model
from ssliqa.evaluation.result import Evaluation, Figure

__all__ = ["Evaluation", "Figure", "ModelEvaluation", "evaluate", "evaluate_model"]
