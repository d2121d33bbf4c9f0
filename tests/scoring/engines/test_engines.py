"""The score contract, engine by engine: one photograph has one score, whoever computes it."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from ssliqa import load_model
from ssliqa.errors import ConfigError, MissingExtraError, ModelError
from ssliqa.images import Protocol, fixed_crops, read_image, resize_image
from ssliqa.models import QualityModel
from ssliqa.scoring import score_photos
from ssliqa.scoring.engines import (
    OnnxRuntimeEngine,
    OpenVinoEngine,
    TorchEngine,
    open_engine,
    openvino,
)
from ssliqa.scoring.engines.facts import Facts, digest_of
from ssliqa.scoring.export import TOLERANCE

NAMES = ("torch", "onnxruntime", "openvino")


@pytest.fixture(scope="module")
def model(tiny_run):
    return load_model(tiny_run)


@pytest.fixture(scope="module")
def engines(model, exported):
    return {
        "torch": TorchEngine(model),
        "onnxruntime": OnnxRuntimeEngine(exported[".onnx"]),
        "openvino": OpenVinoEngine(exported[".xml"]),
    }


@pytest.fixture(scope="module")
def photographs(tiny_set, model):
    paths = [tiny_set.folder / name for name in tiny_set.names[:8]]
    return [resize_image(read_image(path), model.protocol) for path in paths]


@pytest.fixture(scope="module")
def expected(model, photographs):
    """Distributions by the plain network, on crops by its protocol (grid of 2 x 2, side 64)."""
    found = []
    for pixels in photographs:
        height, width = pixels.shape[:2]
        corners = [(y, x) for y in (0, height - 64) for x in (0, width - 64)]
        crops = np.stack([pixels[y : y + 64, x : x + 64] for y, x in corners])
        with torch.no_grad():
            shares = model(torch.from_numpy(crops.transpose(0, 3, 1, 2).copy())).distribution
        found.append(shares.double().mean(0).numpy())
    return np.array(found)


@pytest.mark.parametrize("name", NAMES)
def test_an_engine_gives_the_distribution_of_the_model(engines, photographs, expected, name):
    found = np.array([engines[name].predict(pixels) for pixels in photographs])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.dtype == np.float64
    assert engines[name].name == name


@pytest.mark.parametrize("name", NAMES)
def test_scores_agree_within_the_stated_share_of_the_scale(engines, tiny_set, model, name):
    paths = [tiny_set.folder / name for name in tiny_set.names[:6]]
    for row in score_photos(engines[name], paths):
        reference = model.score(row.path)
        assert abs(row.score.score - reference.score) <= 100 * TOLERANCE
        assert abs(row.score.std - reference.std) <= 100 * TOLERANCE


@pytest.mark.parametrize("name", NAMES)
def test_order_repetition_and_company_change_not_one_bit(engines, photographs, name):
    engine = engines[name]
    alone = [engine.predict(pixels) for pixels in photographs]
    backwards = [engine.predict(pixels) for pixels in photographs[::-1]][::-1]
    with ThreadPoolExecutor(5) as pool:
        together = list(pool.map(engine.predict, photographs * 4))
    assert np.array_equal(alone, backwards)
    assert np.array_equal(alone * 4, together)
    assert len({tuple(one) for one in alone}) == len(photographs)


_SCORE = """
import json, os, sys
import numpy as np
import torch
cores, threads, model, *files = sys.argv[1:]
if cores == "1" and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
torch.set_num_threads(int(threads))
assert torch.get_num_threads() == int(threads)
from ssliqa.scoring.engines import open_engine
pixels = np.random.default_rng(0).integers(0, 256, (80, 107, 3), dtype=np.uint8)
found = [open_engine(model, "torch").predict(pixels)]
found += [open_engine(file).predict(pixels) for file in files]
print(json.dumps([one.tobytes().hex() for one in found]))
"""


def test_cores_and_threads_of_the_process_change_not_one_bit(tiny_run, exported):
    found = []
    for cores, threads in (("1", "1"), ("all", "4")):
        arguments = [cores, threads, str(tiny_run), *map(str, exported.values())]
        done = subprocess.run(
            [sys.executable, "-c", _SCORE, *arguments],
            env=os.environ | {"OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(json.loads(done.stdout))
    assert len(found[0]) == 3
    assert found[0] == found[1]


def test_pytorch_scores_on_one_core_whatever_it_is_set_to():
    """A network whose sums do differ with the number of threads, where nothing is done about it."""
    torch.manual_seed(0)
    protocol = Protocol(short=128, crop=128, grid=1)
    engine = TorchEngine(QualityModel.create("mobilenetv2_100", protocol=protocol))
    pixels = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    found = []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        found.append(engine.predict(pixels))
        assert torch.get_num_threads() == threads
    assert np.array_equal(*found)


def test_threads_at_work_leave_pytorch_as_it_was(engines, photographs):
    torch.set_num_threads(3)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(engines["torch"].predict, photographs * 4))
        assert set(pool.map(lambda _: torch.get_num_threads(), range(8))) == {3}
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == 3
    assert torch.get_num_threads() == 3


def test_training_may_go_on_while_an_engine_scores(model, photographs):
    learning = load_model_copy(model)
    engine = TorchEngine(learning)
    before = engine.predict(photographs[0])
    learning.train()
    with torch.no_grad():
        learning.head[-1].bias.add_(torch.arange(5.0))
    assert np.array_equal(engine.predict(photographs[0]), before)
    assert learning.training


def load_model_copy(model):
    copy = QualityModel(**model.config)
    copy.load_state_dict(model.state_dict())
    return copy


def test_an_export_knows_protocol_and_scale_of_its_model(engines, model):
    for name in ("onnxruntime", "openvino"):
        assert engines[name].protocol == model.protocol
        assert engines[name].scale == model.scale
        assert engines[name].facts.config == model.config
        assert engines[name].facts.digest == digest_of(model)


def test_the_digest_is_of_weights_and_configuration(model):
    same = load_model_copy(model)
    assert digest_of(same) == digest_of(model)
    with torch.no_grad():
        same.head[-1].bias[0] += 1e-3
    assert digest_of(same) != digest_of(model)
    other = QualityModel(**{**model.config, "scale": {"low": 0.0, "high": 1.0} | HIGHER})
    other.load_state_dict(model.state_dict())
    assert digest_of(other) != digest_of(model)


HIGHER = {"higher_is_better": True}


def test_facts_survive_their_json(engines, tmp_path):
    facts = replace(engines["onnxruntime"].facts, license='CC-BY "4.0" <ü>')
    assert Facts.from_json(facts.to_json(), tmp_path) == facts


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"config": {}}', "no JSON"])
def test_facts_that_make_no_sense_are_refused(text, tmp_path):
    with pytest.raises(ModelError, match=r"model\.onnx"):
        Facts.from_json(text, tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("auto", ".onnx"), ("auto", ".xml"), ("onnxruntime", ".onnx"), ("openvino", ".onnx")],
)
def test_an_exported_file_is_opened_by_whoever_reads_it(
    exported, expected, photographs, name, suffix
):
    engine = open_engine(exported[suffix], name)
    np.testing.assert_allclose(engine.predict(photographs[0]), expected[0], atol=1e-5)
    assert engine.name == ("openvino" if name == "auto" else name)


@pytest.mark.parametrize(
    ("suffix", "arguments", "named"),
    [
        (".xml", {"engine": "onnxruntime"}, "for the CPU and for: openvino"),
        (".xml", {"engine": "torch"}, "for the CPU and for: openvino"),
        (".onnx", {"engine": "torch"}, "for the CPU and for: openvino, onnxruntime"),
        (".onnx", {"device": "cuda"}, "for the CPU"),
        (".onnx", {"engine": "openvino", "device": "cuda"}, "computes on the CPU, not on 'cuda'"),
        (".onnx", {"engine": "abacus"}, "no engine 'abacus'"),
        (".onnx", {"precision": "f8"}, "no precision 'f8'"),
        (".onnx", {"engine": "onnxruntime", "precision": "bf16"}, "is for OpenVINO"),
    ],
)
def test_what_does_not_fit_together_is_refused(exported, suffix, arguments, named):
    with pytest.raises(ConfigError, match=named):
        open_engine(exported[suffix], **arguments)


def test_files_that_are_damaged_foreign_or_missing_are_refused(exported, tmp_path):
    for suffix, file in exported.items():
        broken = tmp_path / f"broken{suffix}"
        broken.write_bytes(file.read_bytes()[:-300])
        with pytest.raises(ModelError, match="cannot read"):
            open_engine(broken)
        with pytest.raises(ModelError, match="There is no file"):
            open_engine(tmp_path / f"nothing{suffix}")
    alone = tmp_path / "alone.xml"  # without its .bin
    alone.write_bytes(exported[".xml"].read_bytes())
    with pytest.raises(ModelError, match=r"\.bin"):
        open_engine(alone)


def test_a_file_that_ssliqa_did_not_write_is_refused(exported, tmp_path):
    import onnx

    foreign = onnx.load(exported[".onnx"])
    del foreign.metadata_props[:]
    onnx.save(foreign, tmp_path / "foreign.onnx")
    for engine in ("onnxruntime", "openvino"):
        with pytest.raises(ModelError, match="Only files that ssliqa export wrote"):
            open_engine(tmp_path / "foreign.onnx", engine)


def test_a_model_is_converted_once_and_found_again(
    tiny_run, expected, photographs, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    said = []
    for _ in range(2):
        engine = open_engine(tiny_run, say=said.append)
        assert engine.name == "openvino"
        np.testing.assert_allclose(engine.predict(photographs[0]), expected[0], atol=1e-5)
    assert said == ["Converting the model for openvino, once."]
    (kept,) = (tmp_path / "cache" / "ssliqa" / "engines").iterdir()
    kept.write_bytes(b"damaged")
    assert open_engine(tiny_run, say=said.append).name == "openvino"
    assert len(said) == 2


def test_only_the_conversions_used_last_are_kept(tiny_run, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "ssliqa" / "engines"
    folder.mkdir(parents=True)
    for day in range(30):
        file = folder / f"{day:02}.onnx"
        file.write_bytes(b"of another model")
        os.utime(file, (86400 * day, 86400 * day))
    open_engine(tiny_run)
    others = {folder / f"{day}.onnx" for day in range(11, 30)}
    assert others < set(folder.iterdir())
    (converted,) = set(folder.iterdir()) - others
    os.utime(converted, (0, 0))
    open_engine(tiny_run)
    assert converted.stat().st_mtime > 86400 * 30


def test_without_an_extra_the_next_engine_scores(tiny_run, exported, monkeypatch):
    # Its core outlives the tests before this one.
    monkeypatch.setattr(openvino, "openvino_core", openvino.openvino_core.__wrapped__)
    for package in ("openvino", "onnxruntime"):
        monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
        with pytest.raises(MissingExtraError, match=package):
            open_engine(tiny_run, package)
    assert open_engine(tiny_run).name == "torch"
    with pytest.raises(MissingExtraError, match=r"pip install 'ssliqa\[openvino\]'"):
        open_engine(exported[".xml"])


def test_bfloat16_is_another_score_and_only_where_the_processor_has_it(
    exported, engines, photographs
):
    core = openvino.openvino_core()
    if "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        with pytest.raises(ConfigError, match="does not compute in bfloat16"):
            open_engine(exported[".xml"], precision="bf16")
        return
    coarse = open_engine(exported[".xml"], precision="bf16")
    found = coarse.predict(photographs[0])
    fine = engines["openvino"].predict(photographs[0])
    assert 1e-6 < np.abs(found - fine).max() < 0.05


_AT_ONCE = """
import sys, threading
from pathlib import Path
import numpy as np
from ssliqa.scoring.engines import OpenVinoEngine

engine, begin, scores = OpenVinoEngine(Path(sys.argv[1])), threading.Barrier(8), []

def score():
    begin.wait()
    scores.append(engine.predict(np.zeros((80, 80, 3), np.uint8)))

threads = [threading.Thread(target=score) for _ in range(8)]
sys.setswitchinterval(1e-6)  # so that threads stop in the middle of what they do
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert all(np.array_equal(each, scores[0]) for each in scores[1:])
"""


def test_threads_of_openvino_that_begin_together_do_not_wait_for_each_other_forever(exported):
    command = [sys.executable, "-c", _AT_ONCE, str(exported[".xml"])]
    running = [subprocess.Popen(command) for _ in range(3)]
    try:
        assert [process.wait(timeout=120) for process in running] == [0] * 3
    finally:
        for process in running:
            process.kill()


def test_crops_reach_every_engine_as_bytes(engines, model, photographs):
    assert fixed_crops(photographs[0], model.protocol).dtype == np.uint8
    with pytest.raises(ConfigError, match="does not fit"):
        engines["openvino"].predict(photographs[0][:10])


def test_a_signal_is_survived_after_engines_have_come_and_gone(exported):
    """A core of OpenVINO that ends would take the stack of signal handlers with it."""
    program = f"""
import gc, os, signal
from pathlib import Path
from ssliqa.scoring.engines import OpenVinoEngine

engines = [OpenVinoEngine(Path({str(exported[".xml"])!r})) for _ in range(3)]
while engines:
    del engines[0]
    gc.collect()
got = []
signal.signal(signal.SIGTERM, lambda *_: got.append(1))
os.kill(os.getpid(), signal.SIGTERM)
assert got == [1]
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr
