"""From a handful of ratings to a deployed image-quality model.

    from ssliqa import QualityModel

    model = QualityModel.from_pretrained("runs/first/model")
    print(model.score("photo.jpg"))

Everything public is listed in ``__all__`` and is imported when first used, so that
``import ssliqa`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ssliqa.data import (
        LabelTable,
        ScoreTable,
        Split,
        list_photographs,
        make_split,
        read_label_table,
        read_score_table,
    )
    from ssliqa.errors import SsliqaError
    from ssliqa.evaluation import (
        Comparison,
        Evaluation,
        calibrate_model,
        compare,
        evaluate,
        evaluate_model,
    )
    from ssliqa.images import Protocol
    from ssliqa.models import (
        Calibration,
        Prediction,
        QualityMap,
        QualityModel,
        Score,
        load_model,
        save_calibration,
    )
    from ssliqa.opinion import Scale
    from ssliqa.scoring import score_photos
    from ssliqa.training import BranchConfig, OptimizerConfig, TrainConfig, resume, train

__version__ = "0.1.0"

_HOME = {
    "BranchConfig": "training",
    "Calibration": "models",
    "Comparison": "evaluation",
    "Evaluation": "evaluation",
    "LabelTable": "data",
    "OptimizerConfig": "training",
    "Prediction": "models",
    "Protocol": "images",
    "QualityMap": "models",
    "QualityModel": "models",
    "Scale": "opinion",
    "Score": "models",
    "ScoreTable": "data",
    "Split": "data",
    "SsliqaError": "errors",
    "TrainConfig": "training",
    "calibrate_model": "evaluation",
    "compare": "evaluation",
    "evaluate": "evaluation",
    "evaluate_model": "evaluation",
    "list_photographs": "data",
    "load_model": "models",
    "make_split": "data",
    "read_label_table": "data",
    "read_score_table": "data",
    "resume": "training",
    "save_calibration": "models",
    "score_photos": "scoring",
    "train": "training",
}

__all__ = [
    "BranchConfig",
    "Calibration",
    "Comparison",
    "Evaluation",
    "LabelTable",
    "OptimizerConfig",
    "Prediction",
    "Protocol",
    "QualityMap",
    "QualityModel",
    "Scale",
    "Score",
    "ScoreTable",
    "Split",
    "SsliqaError",
    "TrainConfig",
    "calibrate_model",
    "compare",
    "evaluate",
    "evaluate_model",
    "list_photographs",
    "load_model",
    "make_split",
    "read_label_table",
    "read_score_table",
    "resume",
    "save_calibration",
    "score_photos",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"ssliqa.{_HOME[name]}"), name)
    raise AttributeError(f"module 'ssliqa' has no attribute '{name}'")
