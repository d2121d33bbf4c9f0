"""An export is the same model, says all about itself, or does not exist."""

import numpy as np
import pytest
import torch

from ssliqa import load_model
from ssliqa.errors import ConfigError, ExportError
from ssliqa.opinion import distribution_mean, distribution_std
from ssliqa.scoring.engines import OnnxRuntimeEngine, TorchEngine
from ssliqa.scoring.engines.facts import digest_of
from ssliqa.scoring.export import TOLERANCE, check_destination, export_model
from ssliqa.scoring.export.license import license_of
from ssliqa.scoring.export.verify import differences, own_photographs, photographs_of

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def model(tiny_run):
    return load_model(tiny_run)


class Fixed:
    """An engine whose distribution depends on the first pixel alone."""

    name = "fixed"

    def __init__(self, model, distributions):
        self.protocol, self.scale = model.protocol, model.scale
        self.distributions = distributions

    def predict(self, pixels):
        return np.array(self.distributions[pixels[0, 0, 0]])


def test_differences_are_shares_of_the_scale(model):
    at = lambda level: np.eye(5)[level - 1]  # noqa: E731
    split = [0.5, 0, 0, 0, 0.5]  # as good as 3 on average, 2 levels around it
    one = Fixed(model, [at(1), at(3), at(4)])
    other = Fixed(model, [at(2), split, at(4)])
    photographs = [np.full((4, 4, 3), k, np.uint8) for k in range(3)]
    found = differences(one, other, photographs)
    assert found.count == 3
    assert found.largest == pytest.approx(2 / 4)
    assert found.mean == pytest.approx((1 / 4 + 2 / 4 + 0) / 3)
    assert found.srcc == pytest.approx(1)
    assert differences(one, other, photographs[:2]).srcc is None


def test_the_photographs_that_come_along_are_four_and_differ(model):
    photographs = list(own_photographs(model.protocol))
    assert len(photographs) == 4
    assert {min(pixels.shape[:2]) for pixels in photographs} == {80}
    scores = {TorchEngine(model).predict(pixels)[0] for pixels in photographs}
    assert len(scores) == 4


def test_a_file_holds_its_facts_and_nothing_of_this_machine(exported, model):
    graph = onnx.load(exported[".onnx"])
    onnx.checker.check_model(graph)
    facts = OnnxRuntimeEngine(exported[".onnx"]).facts
    assert facts.license == "CC0-1.0"
    assert (facts.numbers, facts.digest) == ("float32", digest_of(model))
    (crops,) = graph.graph.input
    assert [size.dim_value for size in crops.type.tensor_type.shape.dim] == [4, 64, 64, 3]
    for file in exported.values():
        for trace in (b"site-packages", b"forward(", b".py"):
            assert trace not in file.read_bytes()
    assert b"CC0-1.0" in exported[".xml"].read_bytes()


def test_an_export_that_differs_is_refused_and_leaves_nothing(model, tmp_path):
    for suffix in (".onnx", ".xml"):
        file = tmp_path / "new folder" / f"model{suffix}"
        with pytest.raises(ExportError, match="not the same model: on 4 photographs") as raised:
            export_model(model, file, tolerance=1e-12)
        assert "Nothing was written" in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_export_outlives_a_refused_one(model, tmp_path):
    file = tmp_path / "model.onnx"
    file.write_bytes(b"earlier")
    with pytest.raises(ExportError):
        export_model(model, file, tolerance=1e-12)
    assert file.read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_8_bits_are_calibrated_on_photographs_and_their_cost_is_told(model, tiny_set, tmp_path):
    paths = [tiny_set.folder / name for name in tiny_set.names]
    file = tmp_path / "model.onnx"
    export = export_model(
        model,
        file,
        calibrate_on=[tiny_set.corrupt, *paths[::2]],
        verify_on=paths[1::2],
        tolerance=1,
    )
    assert export.facts.numbers == "int8"
    assert "QuantizeLinear" in {node.op_type for node in onnx.load(file).graph.node}
    engine, judge = OnnxRuntimeEngine(file), TorchEngine(model)
    assert engine.facts == export.facts
    shares = np.array(
        [
            (engine.predict(pixels), judge.predict(pixels))
            for pixels in photographs_of(paths[1::2], model.protocol)
        ]
    )
    apart = [np.abs(np.diff(of(shares)))[:, 0] for of in (distribution_mean, distribution_std)]
    apart = np.max(apart, axis=0) / 4
    assert export.differences.count == 12
    assert export.differences.largest == pytest.approx(apart.max())
    assert export.differences.mean == pytest.approx(apart.mean())
    assert TOLERANCE < export.differences.largest < 0.1


def test_photographs_that_cannot_be_read_cannot_calibrate(model, tiny_set, tmp_path):
    with pytest.raises(ExportError, match="None of 1 photographs"):
        export_model(model, tmp_path / "model.onnx", calibrate_on=[tiny_set.corrupt])
    assert list(tmp_path.iterdir()) == []


class Looks(torch.nn.Module):
    """Decides by the values themselves what to compute, which no graph can hold."""

    def forward(self, images):
        return images.mean((2, 3)) if images.mean() > 0 else images.amax((2, 3))


def test_a_network_that_is_no_graph_is_an_error_of_one_line(model, tmp_path):
    odd = load_model_copy(model)
    odd.backbone._extract = lambda net, images: Looks()(net.forward_features(images))
    with pytest.raises(ExportError, match="cannot be exported") as raised:
        export_model(odd, tmp_path / "model.onnx")
    assert "\n" not in str(raised.value)


def load_model_copy(model):
    copy = type(model)(**model.config)
    copy.load_state_dict(model.state_dict())
    return copy.eval()


@pytest.mark.parametrize("tolerance", [0, -1, float("nan")])
def test_a_tolerance_is_above_zero(model, tmp_path, tolerance):
    with pytest.raises(ConfigError, match="tolerance"):
        export_model(model, tmp_path / "model.onnx", tolerance=tolerance)


def test_places_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder.onnx").mkdir()
    for name, why in (
        ("model.pt", "no name for an export"),
        ("folder.onnx", "is a folder"),
        ("file/model.onnx", "is a file, not a folder"),
    ):
        with pytest.raises(ConfigError, match=why):
            check_destination(tmp_path / name)
    check_destination(tmp_path / "new" / "model.XML")


def test_the_license_is_what_the_card_says(tmp_path):
    assert license_of(tmp_path) == "not stated"
    (tmp_path / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n# A model\n")
    assert license_of(tmp_path) == "cc-by-4.0"
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "README.md").write_text("no head")
    assert license_of(tmp_path) == "not stated"
