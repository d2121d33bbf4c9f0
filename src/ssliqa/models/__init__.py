"""Quality models: backbone, head and everything needed to turn a photograph into a score."""

from ssliqa.models.calibration import Calibration
from ssliqa.models.hub import load_model, save_calibration, save_model
from ssliqa.models.prediction import Prediction, Score, level_means
from ssliqa.models.quality_map import QualityMap
from ssliqa.models.quality_model import QualityModel

__all__ = [
    "Calibration",
    "Prediction",
    "QualityMap",
    "QualityModel",
    "Score",
    "level_means",
    "load_model",
    "save_calibration",
    "save_model",
]
