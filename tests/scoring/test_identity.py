"""A scorer is known by what it says."""

import json

import pytest
import torch
from brightness import Brightness

from ssliqa.images import Protocol
from ssliqa.models import QualityModel
from ssliqa.models.calibration import Calibration
from ssliqa.opinion import Scale
from ssliqa.scoring.identity import difference, identity


def of(scorer, version="1"):
    return json.loads(json.dumps(identity(scorer, version)))


def test_the_same_scorer_is_the_same_also_after_it_was_written_down():
    assert difference(of(Brightness()), identity(Brightness(), "1")) is None


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Brightness(bias=0.001), "a model with other weights"),
        (Brightness(scale=Scale(0, 100, False)), "on the scale 0-100, not 0-100, lower is better"),
        (Brightness(protocol=Protocol(short=17, crop=16)), "the image protocol"),
        (Brightness(name="darkness"), "the engine brightness, not darkness"),
        (Brightness(calibration=Calibration(0.9, 0.5, 20)), "a model with other weights"),
    ],
)
def test_another_scorer_is_told_apart_with_a_reason(other, message):
    assert message in difference(of(Brightness()), of(other))


def test_another_version_of_this_package_may_decode_otherwise():
    assert difference(of(Brightness()), of(Brightness(), "2")) == "ssliqa 1, not 2"


def test_one_small_step_of_training_makes_another_model():
    torch.manual_seed(0)
    model = QualityModel.create("test_resnet", protocol=Protocol(short=64, crop=64, grid=1))
    before = of(model)
    assert difference(before, of(model)) is None
    with torch.no_grad():
        for weight in model.parameters():
            weight += 1e-3 * torch.randn_like(weight)
    assert difference(before, of(model)) == "a model with other weights"
