import json

import numpy as np
import pytest
from PIL import Image

from ssliqa.errors import ResumeError

pytest.importorskip("matplotlib", reason="needs the extra 'report'")

from ssliqa.report.loss_terms import logged_lines, loss_terms_plot, running_mean


def write_log(folder, steps=60, **more):
    rows = []
    for step in range(steps):
        terms = {"student_label": 0.5 / (step + 1), "relation_consistency": 0.1}
        rows.append({"step": step, "epoch": step // 30, "loss": 0.7 / (step + 1), **terms, **more})
        rows[-1] |= {"consistency_weight": step / steps, "lr": 1e-3}
        if step % 30 == 29:
            rows.append({"step": step, "epoch": step // 30, "validation_srcc": 0.5})
    folder.mkdir(exist_ok=True)
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_a_step_that_a_resumed_run_took_again_counts_once_with_its_later_values():
    rows = [
        {"step": 0, "epoch": 0, "loss": 3.0},
        {"step": 1, "epoch": 0, "loss": 9.0},
        {"step": 1, "epoch": 0, "loss": 2.0},
        {"step": 1, "epoch": 0, "validation_srcc": None},
        {"step": 2, "epoch": 1, "loss": 1.0},
        {"step": 2, "epoch": 1, "validation_srcc": 0.5},
    ]
    lines = logged_lines(rows)
    assert list(lines) == ["loss", "validation_srcc"]
    np.testing.assert_array_equal(lines["loss"], [[0, 1, 2], [3, 2, 1]])
    np.testing.assert_array_equal(lines["validation_srcc"], [[2], [0.5]])


@pytest.mark.parametrize("window", [1, 2, 5, 30])
def test_the_running_mean_is_that_of_the_steps_around(window):
    values = np.random.default_rng(0).normal(size=20)
    before, after = (window - 1) // 2, window // 2
    expected = [values[max(k - before, 0) : k + after + 1].mean() for k in range(20)]
    np.testing.assert_allclose(running_mean(values, window), expected)


def test_all_terms_weights_and_validation_have_their_place(tmp_path):
    path = loss_terms_plot(write_log(tmp_path / "run"), tmp_path / "plot.svg", title="first")
    text = path.read_text()
    for words in ("student label", "relation consistency", "loss (weighted sum)", "consistency"):
        assert f"<!-- {words}" in text
    for words in ("learning", "validation", "step", "first", "60 steps. Thin"):
        assert f"<!-- {words}" in text
    assert "running mean of 2 steps" in text


def test_a_term_that_is_always_zero_is_not_drawn(tmp_path):
    run = write_log(tmp_path / "run", prediction_consistency=0.0)
    assert "prediction" not in loss_terms_plot(run, tmp_path / "plot.svg").read_text()


@pytest.mark.parametrize("value", [-0.5, 0.5])
def test_a_negative_term_needs_a_linear_axis(tmp_path, value):
    run = write_log(tmp_path / "run", likelihood=value)
    text = loss_terms_plot(run, tmp_path / "plot.svg").read_text()
    assert (r"10^{" in text) == (value > 0)


def test_a_supervised_run_without_validation_gives_a_picture_with_two_parts(tmp_path):
    row = {"step": 0, "epoch": 0, "loss": 1.0, "student_label": 1.0, "lr": 1e-3}
    (tmp_path / "metrics.jsonl").write_text(json.dumps(row) + '\n{"step": 1, "lo')
    plain = loss_terms_plot(tmp_path, tmp_path / "plain.png")
    full = loss_terms_plot(write_log(tmp_path / "run"), tmp_path / "full.png")
    with Image.open(plain) as low, Image.open(full) as high:
        assert high.height - low.height == pytest.approx(2 * 1.2 * 150, abs=2)


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_log_gives_the_same_bytes(tmp_path, suffix):
    run = write_log(tmp_path / "run")
    first, second = (
        loss_terms_plot(run, tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab"
    )
    assert first == second


@pytest.mark.parametrize("log", [None, "", "{broken\n"])
def test_a_folder_without_a_usable_log_is_an_error_that_names_it(tmp_path, log):
    if log is not None:
        (tmp_path / "metrics.jsonl").write_text(log)
    with pytest.raises(ResumeError, match=tmp_path.name):
        loss_terms_plot(tmp_path, tmp_path / "plot.png")
