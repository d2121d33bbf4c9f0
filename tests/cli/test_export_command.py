"""``ssliqa export``, and ``ssliqa score`` with what it wrote."""

import csv
import io

import pytest

from ssliqa import load_model
from ssliqa.cli.main import main

pytest.importorskip("openvino")
onnxruntime = pytest.importorskip("onnxruntime")


def export(*arguments):
    return main(["export", *map(str, arguments)])


def scores(capsys, *arguments):
    assert main(["score", *map(str, arguments)]) == 0
    captured = capsys.readouterr()
    return [float(row["score"]) for row in csv.DictReader(io.StringIO(captured.out))], captured.err


@pytest.fixture
def photos(tiny_set):
    return [tiny_set.folder / name for name in tiny_set.names[:3]]


def test_an_exported_model_scores_as_its_run_does(tiny_run, photos, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    model = load_model(tiny_run)
    expected = [model.score(photo).score for photo in photos]
    for to, name in (("onnx", "model.onnx"), ("openvino", "model.xml")):
        assert export(tiny_run, "--to", to, "--out", tmp_path / "out") == 0
        told, following = capsys.readouterr().out.splitlines()
        file = tmp_path / "out" / name
        assert told.startswith(f"{file}: float32. On 4 photographs scores differ")
        assert following == f"Next: ssliqa score PHOTOS --model {file}"
        found, error = scores(capsys, *photos, "--model", file)
        assert found == pytest.approx(expected, rel=1e-3)  # printed with four digits
        assert error == "3 photographs scored on the scale 0-100\n"
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["model.bin", "model.onnx", "model.xml"]
    # OpenVINO's converter would leave its statistics of use there.
    assert not (tmp_path / "home").exists()


def test_the_model_that_comes_with_the_package_is_exported_with_its_license(tmp_path, capsys):
    file = tmp_path / "default.onnx"
    assert export("--model", "default", "--to", "onnx", "--out", file) == 0
    assert capsys.readouterr().out.startswith(f"{file}: float32.")
    session = onnxruntime.InferenceSession(file)
    assert "apache-2.0" in str(session.get_modelmeta().custom_metadata_map)


def test_8_bits_learn_their_ranges_from_the_runs_own_photographs(tiny_run, tmp_path, capsys):
    file = tmp_path / "small.onnx"
    assert export(tiny_run, "--to", "onnx", "--int8", "--out", file, "--tolerance", "0.5") == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{file}: int8. On ")
    assert "SRCC with the float model 0.9" in told or "SRCC with the float model 1.0" in told


def test_photographs_that_have_gone_must_be_named(tiny_run, tmp_path, capsys):
    assert export(tiny_run / "model", "--to", "onnx", "--int8", "--out", tmp_path) == 2
    error = capsys.readouterr().err
    assert "--calibrate-on FOLDER" in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("RUN",), "to"),
        (("RUN", "--to", "tflite"), "to"),
        (("RUN", "--to", "onnx", "--out", "model.xml"), "no name for --to onnx"),
        (("RUN", "--to", "onnx", "--tolerance", "2"), "--tolerance is 2"),
        (("RUN", "--to", "onnx", "--calibrate-on", "RUN"), "Add --int8"),
        (("RUN", "--to", "onnx", "--verify-on", "nowhere"), "nowhere does not exist"),
        (("nowhere", "--to", "onnx"), "no model folder 'nowhere'"),
    ],
)
def test_what_cannot_be_carried_out_is_one_line_and_status_2(tiny_run, capsys, arguments, named):
    assert export(*(tiny_run if word == "RUN" else word for word in arguments)) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("ssliqa: ")
    assert captured.err.count("\n") == 1
    assert named in captured.err


def test_an_engine_that_cannot_read_the_file_is_refused(photos, tmp_path, capsys):
    file = tmp_path / "model.xml"
    file.write_text("<net>")
    for engine, named in (
        ("torch", "It is for the CPU and for: openvino"),
        ("auto", "cannot read"),
    ):
        assert main(["score", str(photos[0]), "--model", str(file), "--engine", engine]) == 2
        error = capsys.readouterr().err
        assert named in error
        assert error.count("\n") == 1
