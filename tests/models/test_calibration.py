"""Intervals against MAPIE, against counting, and through a model folder."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssliqa.errors import CalibrationError, ConfigError, ModelError
from ssliqa.models import Calibration, Score, load_model, save_calibration, save_model
from ssliqa.opinion import ACR, Scale

LEVELS = np.arange(1, 6)


def opinions(n, seed=0):
    """Predicted distributions, and mean opinions that miss them by more where they are wide."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(5, 0.7), n)
    mean = shares @ LEVELS
    std = np.sqrt((shares * (LEVELS - mean[:, None]) ** 2).sum(1))
    return shares, (mean + rng.normal(0, 0.4, n) * std).clip(1, 5)


def mean_and_std(shares):
    mean = shares @ LEVELS
    return mean, np.sqrt((shares * (LEVELS - mean[..., None]) ** 2).sum(-1))


class Given:
    """A regressor whose prediction is its only input, for MAPIE."""

    def __init__(self):
        self.is_fitted = True

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, *_):
        return self

    def predict(self, x):
        return np.asarray(x)[:, 0]


@pytest.mark.parametrize("kind", ["constant", "std"])
@pytest.mark.parametrize(("n", "level"), [(12, 0.9), (50, 0.9), (93, 0.95), (40, 0.8)])
def test_bounds_are_those_of_mapie(kind, n, level):
    regression = pytest.importorskip("mapie.regression")
    seen, truth = opinions(n)
    new, _ = opinions(30, seed=1)
    (mean, std), (new_mean, new_std) = mean_and_std(seen), mean_and_std(new)
    one, new_one = (std, new_std) if kind == "std" else (np.ones(n), np.ones(30))
    # Dividing everything by the difficulty makes the normalized score an absolute one.
    mapie = regression.SplitConformalRegressor(Given(), confidence_level=level, prefit=True)
    mapie.conformalize((mean / one)[:, None], truth / one)
    _, bounds = mapie.predict_interval((new_mean / new_one)[:, None])
    expected = (bounds[:, :, 0] * new_one[:, None]).clip(1, 5)
    found = Calibration.fit(seen, truth, level=level, kind=kind).interval(new)
    np.testing.assert_allclose(np.stack(found, 1), expected, atol=1e-9)


@given(st.integers(9, 60), st.integers(0, 1000), st.sampled_from(["std", "constant"]))
def test_bounds_hold_enough_calibration_images_enclose_the_score_and_stay_on_the_scale(
    n, seed, kind
):
    shares, truth = opinions(n, seed)
    lower, upper = Calibration.fit(shares, truth, kind=kind).interval(shares)
    # k of the n are inside by construction, where none is cut off that was not.
    assert np.sum((lower - 1e-9 <= truth) & (truth <= upper + 1e-9)) >= np.ceil(
        0.9 * (n + 1) - 1e-9
    )
    mean = shares @ LEVELS
    assert (lower <= mean + 1e-9).all()
    assert (mean <= upper + 1e-9).all()
    assert lower.min() >= 1
    assert upper.max() <= 5


def test_of_wide_opinions_the_interval_is_wide_unless_all_are_to_be_alike():
    sure, unsure = np.array([0, 0.1, 0.8, 0.1, 0]), np.full(5, 0.2)
    for kind, wider in (("std", 1.41 / 0.447), ("constant", 1)):
        calibration = Calibration(0.9, 0.5, 20, kind)
        widths = [np.subtract(*calibration.interval(s)[::-1]) for s in (sure, unsure)]
        assert widths[1] / widths[0] == pytest.approx(wider, rel=0.01)


def test_a_network_that_is_sure_of_one_level_still_has_an_interval():
    sure = np.tile(np.eye(5)[2], (20, 1))
    calibration = Calibration.fit(sure, np.linspace(2, 4, 20))
    lower, upper = calibration.interval(sure[0])
    assert 2 <= lower < 3 < upper <= 4


@pytest.mark.parametrize("scale", [ACR, Scale(0, 100), Scale(0, 100, higher_is_better=False)])
def test_on_every_scale_the_lower_bound_is_the_smaller_number_around_the_score(scale):
    shares = np.array([0.05, 0.15, 0.2, 0.35, 0.25])
    score = Score.of(shares, scale, Calibration(0.9, 0.6, 50))
    (mean, std), unit = mean_and_std(shares), (scale.high - scale.low) / 4
    place = mean - 1 if scale.higher_is_better else 5 - mean
    assert score.lower == pytest.approx(scale.low + unit * (place - 0.6 * std))
    assert score.upper == pytest.approx(scale.low + unit * (place + 0.6 * std))
    assert type(score.lower) is type(score.upper) is float


def test_without_a_calibration_there_is_no_interval(tiny_model):
    score = tiny_model().score(np.zeros((90, 80, 3), np.uint8))
    assert score.lower is score.upper is None


def test_a_calibration_travels_with_the_model(tiny_model, tmp_path):
    model = tiny_model(scale=Scale(0, 100))
    save_model(model, tmp_path / "plain")
    model.calibration = Calibration(0.9, 0.7, 50)
    save_model(model, tmp_path / "calibrated")
    assert load_model(tmp_path / "plain").calibration is None
    loaded = load_model(tmp_path / "calibrated")
    assert loaded.calibration == model.calibration
    assert loaded.config == model.config
    assert json.loads((tmp_path / "calibrated" / "config.json").read_text())["calibration"] == {
        "kind": "std",
        "level": 0.9,
        "n": 50,
        "quantile": 0.7,
    }
    photo = np.full((90, 80, 3), 90, np.uint8)
    score = loaded.score(photo)
    assert score.lower < score.score < score.upper
    assert score == model.score(photo)
    model.calibration = None
    assert model.score(photo).lower is None


def test_a_model_saved_before_there_were_calibrations_has_none(tiny_model, tmp_path):
    save_model(tiny_model(), tmp_path / "m")
    config = tmp_path / "m" / "config.json"
    values = json.loads(config.read_text())
    del values["calibration"]
    config.write_text(json.dumps(values))
    assert load_model(tmp_path / "m").calibration is None
    save_calibration(tmp_path / "m", Calibration(0.8, 1.0, 10, "constant"))
    assert load_model(tmp_path / "m").calibration == Calibration(0.8, 1.0, 10, "constant")


def test_saving_a_calibration_changes_nothing_else_and_can_be_taken_back(tiny_model, tmp_path):
    save_model(tiny_model(), tmp_path / "run" / "model", "## Facts")
    folder = tmp_path / "run" / "model"
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert save_calibration(tmp_path / "run", Calibration(0.9, 0.7, 50)) == folder / "config.json"
    assert (folder / "config.json").read_bytes() != before["config.json"]
    save_calibration(folder, None)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


@pytest.mark.parametrize("content", [None, b"{", b"[]", b"\xff"])
def test_a_folder_without_a_readable_configuration_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"config\.json"):
        save_calibration(tmp_path, Calibration(0.9, 0.7, 50))


@pytest.mark.parametrize(
    "damage",
    [
        {"kind": "magic"},
        {"level": 1.5},
        {"level": "0.9"},
        {"quantile": -1.0},
        {"quantile": float("inf")},
        {"n": 3},
        {"more": 1},
    ],
)
def test_a_calibration_that_cannot_be_is_refused_and_so_is_its_model(damage, tiny_model, tmp_path):
    values = Calibration(0.9, 0.7, 50).as_dict() | damage
    with pytest.raises(ConfigError):
        Calibration.from_dict(values)
    save_model(tiny_model(), tmp_path / "m")
    config = tmp_path / "m" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"calibration": values}))
    with pytest.raises(ModelError, match=r"config\.json"):
        load_model(tmp_path / "m")


def test_ratings_and_distributions_must_belong_together():
    with pytest.raises(CalibrationError, match="20 ratings"):
        Calibration.fit(np.full((19, 5), 0.2), np.full(20, 3.0))
