"""Intervals are the same, whichever engine computes the score."""

import pytest

from ssliqa import load_model
from ssliqa.images import read_resized
from ssliqa.models import Score
from ssliqa.models.calibration import Calibration
from ssliqa.scoring import score_photos
from ssliqa.scoring.engines import OnnxRuntimeEngine, OpenVinoEngine, TorchEngine
from ssliqa.scoring.export import export_model


@pytest.fixture(scope="module")
def calibrated(tiny_run):
    model = load_model(tiny_run)
    model.calibration = Calibration(level=0.9, quantile=0.8, n=30)
    return model


@pytest.mark.parametrize("name", ["torch", "onnxruntime", "openvino"])
def test_every_engine_gives_the_interval_of_the_model(name, calibrated, tiny_set, tmp_path):
    match name:
        case "torch":
            engine = TorchEngine(calibrated)
        case "onnxruntime":
            export_model(calibrated, tmp_path / "m.onnx")
            engine = OnnxRuntimeEngine(tmp_path / "m.onnx")
        case _:
            export_model(calibrated, tmp_path / "m.xml")
            engine = OpenVinoEngine(tmp_path / "m.xml")
    assert engine.calibration == calibrated.calibration
    paths = [tiny_set.folder / photo for photo in tiny_set.names[:3]]
    for row in score_photos(engine, paths):
        pixels = read_resized(row.path, calibrated.protocol)
        lower, upper = calibrated.calibration.interval(calibrated.predict(pixels))
        expected = sorted(calibrated.scale.from_levels(bound) for bound in (lower, upper))
        assert isinstance(row.score, Score)
        assert [row.score.lower, row.score.upper] == pytest.approx(expected, abs=1e-3)
        assert row.score.lower <= row.score.score <= row.score.upper
