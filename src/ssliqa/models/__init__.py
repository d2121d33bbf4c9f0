"""Quality models: backbone, head and everything needed to turn a photograph into a score."""

from ssliqa.models.hub import load_model, save_model
from ssliqa.models.prediction import Prediction, Score
from ssliqa.models.quality_model import QualityModel

__all__ = ["Prediction", "QualityModel", "Score", "load_model", "save_model"]
