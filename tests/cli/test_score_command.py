"""``ssliqa score``: results on standard output or in a table, the rest on standard error."""

import csv
import io
import json
import os
import signal
import tempfile
import threading
import time
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_set import photograph

from ssliqa import Protocol, QualityModel, Scale, load_model, read_label_table
from ssliqa.cli.main import main
from ssliqa.models import Calibration, save_model

NO_INTERVALS = " (lower and upper are empty: ssliqa calibrate gives the model intervals)"


def score(*arguments):
    return main(["score", "--engine", "torch", *map(str, arguments)])


@pytest.fixture
def photos(tiny_set):
    return [tiny_set.folder / name for name in tiny_set.names[:4]]


def test_without_a_table_standard_output_is_csv_and_nothing_else(tiny_run, photos, capsys):
    assert score(*photos, "--model", tiny_run) == 0
    captured = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(captured.out)))
    assert [row["path"] for row in rows] == [str(photo) for photo in photos]
    model = load_model(tiny_run)
    for row, photo in zip(rows, photos, strict=True):
        assert float(row["score"]) == pytest.approx(model.score(photo).score, rel=1e-3)
        assert float(row["std"]) == pytest.approx(model.score(photo).std, rel=1e-2)
    assert captured.err == "4 photographs scored on the scale 0-100\n"


def test_without_a_model_the_one_that_comes_with_the_package_scores(photos, capsys):
    assert score(photos[0]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert float(row["score"]) == pytest.approx(
        load_model("default").score(photos[0]).score, rel=1e-3
    )
    assert float(row["lower"]) <= float(row["score"]) <= float(row["upper"])


def test_a_model_with_intervals_shows_them(tiny_run, photos, tmp_path, capsys):
    model = load_model(tiny_run)
    shares = np.random.default_rng(0).dirichlet(np.ones(5), 40)
    model.calibration = Calibration.fit(shares, shares @ np.arange(1, 6) + 0.3)
    save_model(model, tmp_path / "model")
    assert score(*photos, "--model", tmp_path / "model") == 0
    first, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert first == ["score", "std", "lower", "upper", "path"]
    for row, photo in zip(rows, photos, strict=True):
        found = model.score(photo)
        numbers = (found.score, found.std, found.lower, found.upper)
        assert [float(value) for value in row[:4]] == pytest.approx(numbers, rel=1e-2)
    assert score(*photos, "--model", tmp_path / "model", "--rank", "--scale", "1-5") == 0
    ranked = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert all(1 <= float(row["lower"]) <= float(row["upper"]) <= 5 for row in ranked)


def test_a_corrupt_photograph_gives_status_1_and_is_named(tiny_set, tiny_run, capsys):
    assert score(tiny_set.folder, "--model", tiny_run) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1 + 24
    assert str(tiny_set.corrupt) not in captured.out
    named, summary = captured.err.splitlines()
    assert named.startswith("ssliqa: ")
    assert str(tiny_set.corrupt) in named
    assert summary == "24 photographs scored on the scale 0-100, 1 failed"


@pytest.mark.parametrize(
    ("ending", "read"),
    [
        (".csv", lambda path: pd.read_csv(path, keep_default_na=False).to_dict("records")),
        (".jsonl", lambda path: [json.loads(line) for line in path.read_text().splitlines()]),
        (".parquet", lambda path: pd.read_parquet(path).to_dict("records")),
    ],
)
def test_a_table_has_a_row_for_every_photograph(tiny_set, tiny_run, tmp_path, capsys, ending, read):
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    out = tmp_path / "new folder" / f"scores{ending}"
    assert score(tiny_set.folder, "--model", tiny_run, "--out", out) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith(f"1 failed -> {out}{NO_INTERVALS}\n")
    rows = read(out)
    assert [row["path"] for row in rows] == sorted(map(str, tiny_set.folder.iterdir()))
    model = load_model(tiny_run)
    for row in rows:
        assert (row["model"], row["scale"]) == (str(tiny_run), "0-100")
        if row["path"] == str(tiny_set.corrupt):
            assert row["status"] == "failed"
            assert str(tiny_set.corrupt) in row["error"]
        else:
            assert (row["status"], row["error"]) == ("ok", "")
            assert float(row["score"]) == pytest.approx(model.score(row["path"]).score, rel=1e-13)


def test_the_number_of_workers_changes_nothing(tiny_set, tiny_run, tmp_path):
    tables = []
    for workers in (1, 4):
        out = tmp_path / f"{workers}.csv"
        score(tiny_set.folder, "--model", tiny_run, "--out", out, "--workers", workers)
        tables.append(out.read_bytes())
    assert tables[0] == tables[1]


def test_run_folder_and_model_folder_name_the_same_model(tiny_run, photos, capsys):
    outputs = []
    for model in (tiny_run, tiny_run / "model"):
        assert score(photos[0], "--model", model) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


def test_folders_patterns_and_lists_are_taken(tiny_set, tiny_run, tmp_path, capsys):
    listing = tmp_path / "chosen.txt"
    listing.write_text(f"{tiny_set.folder / tiny_set.names[2]}\n")
    further = tiny_set.further
    assert score(listing, further / "*[0-3].jpg", further, "--model", tiny_run) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    expected = [tiny_set.folder / tiny_set.names[2]]
    expected += [further / f"further {k}.jpg" for k in range(10)]
    assert [row["path"] for row in rows] == list(map(str, expected))


def test_an_impossible_table_is_refused_before_anything_is_scored(photos, tmp_path, capsys):
    for name in ("scores.txt", "scores.csv/scores.csv"):
        (tmp_path / "scores.csv").touch()
        # With no model there, only a check made first can be what fails.
        assert score(*photos, "--model", "no model", "--out", tmp_path / name) == 2
        captured = capsys.readouterr()
        assert captured.err.startswith(f"ssliqa: '{tmp_path}")
        assert captured.err.count("\n") == 1
    assert (tmp_path / "scores.csv").read_bytes() == b""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--model", "RUN"), "paths"),
        (("PHOTO", "--model", "nowhere"), "no model folder 'nowhere'"),
        (("PHOTO", "--model", "PHOTOS"), "holds no model"),
        (("nowhere.jpg", "--model", "RUN"), "nowhere.jpg does not exist"),
        (("PHOTO", "--model", "RUN", "--workers", "0"), "workers=0"),
        (("PHOTO", "--model", "RUN", "--workers", "two"), "workers"),
        (("PHOTO", "--model", "RUN", "--device", "abacus"), "device 'abacus' cannot be used"),
        (("PHOTO", "--model", "RUN", "--speed", "fast"), "--speed"),
        (("PHOTO", "--model", "RUN", "--scale", "0-10"), "0-10"),
        (("PHOTO", "--model", "RUN", "--top", "0"), "--top is '0'"),
        (("PHOTO", "--model", "RUN", "--group-by", "day"), "day"),
        (("PHOTO", "--model", "RUN", "--resume"), "Add --out TABLE"),
        (("PHOTO", "--model", "RUN", "--replace-stars"), "belongs to --xmp"),
    ],
)
def test_what_cannot_be_carried_out_is_one_line_and_status_2(
    tiny_set, tiny_run, photos, capsys, arguments, named
):
    words = {"PHOTO": photos[0], "RUN": tiny_run, "PHOTOS": tiny_set.folder}
    assert score(*(words.get(word, word) for word in arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ssliqa: ")
    assert captured.err.count("\n") == 1
    assert named in captured.err


def test_an_unfinished_run_is_no_model(tiny_run, photos, tmp_path, capsys):
    (tmp_path / "config.yaml").write_bytes((tiny_run / "config.yaml").read_bytes())
    assert score(photos[0], "--model", tmp_path) == 2
    assert "its training has not finished" in capsys.readouterr().err


def untrained(folder, seed=0, scale=None):
    """A model whose scores are as good as any for what is done with them."""
    torch.manual_seed(seed)
    protocol = Protocol(short=64, crop=64, grid=1)
    scale = scale or Scale(0, 100)
    model = QualityModel.create("test_resnet", head="64", protocol=protocol, scale=scale)
    with torch.no_grad():
        for weight in model.head.parameters():  # spreads the scores of these few photographs
            weight *= 20
    save_model(model, folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return untrained(tmp_path_factory.mktemp("models") / "model")


@pytest.fixture
def folders(tmp_path):
    """Two folders of four photographs each, and one file that is none."""
    for k in range(8):
        path = tmp_path / "photos" / "xy"[k % 2] / f"{k}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        photograph(k, k / 8).save(path, quality=95)
    (tmp_path / "photos" / "x" / "broken.jpg").write_bytes(b"no photograph")
    return tmp_path / "photos"


def table_of(out, *arguments):
    score(*arguments, "--out", out)
    return pd.read_csv(out, keep_default_na=False)


def test_scores_are_brought_to_the_scale_asked_for(folders, model, tmp_path, capsys):
    native = table_of(tmp_path / "native.csv", folders, "--model", model)
    other = table_of(tmp_path / "1-5.csv", folders, "--model", model, "--scale", "1-5")
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"8 photographs scored on the scale 1-5, 1 failed -> {tmp_path / '1-5.csv'}{NO_INTERVALS}"
    )
    assert (set(native["scale"]), set(other["scale"])) == ({"0-100"}, {"1-5"})
    ok = native["status"] == "ok"
    scores = native["score"][ok].astype(float)
    assert scores.nunique() == 8
    assert other["score"][ok].astype(float).tolist() == pytest.approx((1 + scores / 25).tolist())
    spread = native["std"][ok].astype(float) / 25
    assert other["std"][ok].astype(float).tolist() == pytest.approx(spread.tolist())


def test_on_a_scale_where_lower_is_better_the_best_have_the_lowest_scores(folders, tmp_path):
    model = untrained(tmp_path / "model", scale=Scale(0, 100, higher_is_better=False))
    ranked = table_of(tmp_path / "r.csv", folders, "--model", model, "--rank")
    scores = ranked["score"][:8].astype(float).tolist()
    assert scores == sorted(scores)
    assert set(ranked["scale"]) == {"0-100, lower is better"}
    turned = table_of(tmp_path / "t.csv", folders, "--model", model, "--scale", "0-1")
    by_path = turned.set_index("path")["score"]
    for path, native in zip(ranked["path"][:8], scores, strict=True):
        assert float(by_path[path]) == pytest.approx(1 - native / 100)


def test_rank_top_and_group_by_choose_the_best(folders, model, tmp_path, capsys):
    plain = table_of(tmp_path / "plain.csv", folders, "--model", model)
    plain = plain[plain["status"] == "ok"].astype({"score": float})
    plain["folder"] = [path.split("/")[-2] for path in plain["path"]]
    best = plain.sort_values("score", ascending=False)

    ranked = table_of(tmp_path / "ranked.csv", folders, "--model", model, "--rank")
    assert ranked["path"].tolist() == [*best["path"], str(folders / "x" / "broken.jpg")]
    assert ranked["rank"].astype(str).tolist() == [*map(str, range(1, 9)), ""]

    top = table_of(tmp_path / "top.csv", folders, "--model", model, "--top", "30%")
    assert top["path"].tolist() == best["path"].tolist()[:3]
    assert capsys.readouterr().err.endswith(
        f"1 failed, the best 3 kept -> {tmp_path / 'top.csv'}{NO_INTERVALS}\n"
    )

    options = ("--group-by", "folder", "--top", "1")
    of_folders = table_of(tmp_path / "g.csv", folders, "--model", model, *options)
    wanted = [best[best["folder"] == name]["path"].iloc[0] for name in "xy"]
    assert of_folders["path"].tolist() == wanted
    assert of_folders["rank"].tolist() == [1, 1]

    capsys.readouterr()
    assert score(folders, "--model", model, "--top", "2") == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["rank"], row["path"]) for row in rows] == [
        ("1", best["path"].iloc[0]),
        ("2", best["path"].iloc[1]),
    ]


def test_stars_are_written_read_back_and_those_of_others_kept(folders, model, tmp_path, capsys):
    table = table_of(tmp_path / "s.csv", folders, "--model", model, "--scale", "1-5", "--xmp")
    assert capsys.readouterr().err.endswith("; stars in 8 sidecars\n")
    stars = table[table["status"] == "ok"].set_index("path")["score"].astype(float).round()
    read = read_label_table(folders, None)
    assert dict(zip(map(str, read.paths), read.mos, strict=True)) == stars.to_dict()

    own = folders / "x" / "0.jpg.xmp"
    text = own.read_text().replace(f'xmp:Rating="{stars.iloc[0]:g}"', 'xmp:Rating="-1"')
    own.write_text(text)
    (folders / "x" / "2.jpg.xmp").write_text("<broken")
    arguments = (folders / "x" / "?.jpg", "--model", model, "--xmp")
    assert score(*arguments) == 1
    *problems, summary = capsys.readouterr().err.splitlines()
    assert summary.endswith("; stars in 2 sidecars, 1 have stars of their own, 1 failed")
    (problem,) = problems
    assert "2.jpg.xmp: cannot take stars (no XML" in problem
    assert own.read_text() == text
    score(*arguments, "--replace-stars")
    assert f'xmp:Rating="{stars.iloc[0]:g}"' in own.read_text()


def test_an_animation_is_scored_by_its_first_frame_and_that_is_said(tiny_run, tmp_path, capsys):
    frames = [photograph(1, 1.0), photograph(2, 0.0)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "still.gif")
    assert score(tmp_path / "moving.gif", tmp_path / "still.gif", "--model", tiny_run) == 0
    captured = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(captured.out)))
    assert len({row["score"] for row in rows}) == 1
    note, summary = captured.err.splitlines()
    assert "moving.gif: " in note
    assert "first" in note
    assert summary.startswith("2 photographs scored")


@pytest.fixture
def many(folders, tmp_path):
    """A folder of 150 files."""
    folder = tmp_path / "many"
    folder.mkdir()
    photos = sorted(folders.glob("y/*.jpg"))
    for k in range(150):
        os.link(photos[k % len(photos)], folder / f"{k:03d}.jpg")
    return folder


@contextmanager
def signaling(number, find):
    """Send this process a signal once the journal that ``find`` looks for has some rows."""

    def watch():
        while (part := find()) is None or part.read_bytes().count(b"\n") < 9:
            time.sleep(0.001)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield
    thread.join(60)


def test_a_stopped_command_is_gone_on_with(many, model, tmp_path, capsys):
    whole = tmp_path / "whole.csv"
    assert score(many, "--model", model, "--out", whole) == 0
    out = tmp_path / "scores.csv"
    out.write_text("the table before")
    part = tmp_path / "scores.csv.part"

    with signaling(signal.SIGTERM, lambda: part if part.exists() else None):
        assert score(many, "--model", model, "--out", out) == 143
    done = part.read_bytes().count(b"\n") - 1
    assert 8 <= done < 150
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"ssliqa: Stopped after {done} photographs. Go on with the same command and --resume."
    )
    assert out.read_text() == "the table before"

    assert score(many, "--model", model, "--out", out) == 2
    assert f"holds {done} photographs of an unfinished table" in capsys.readouterr().err
    other = untrained(tmp_path / "other", seed=1)
    assert score(many, "--model", other, "--out", out, "--resume") == 2
    assert "scored by a model with other weights" in capsys.readouterr().err
    assert out.read_text() == "the table before"

    assert score(many, "--model", model, "--out", out, "--resume") == 0
    assert capsys.readouterr().err == (
        f"150 photographs scored on the scale 0-100 ({done} of them before) -> {out}"
        f"{NO_INTERVALS}\n"
    )
    assert out.read_bytes() == whole.read_bytes()
    assert not part.exists()


def test_without_an_unfinished_table_resume_starts_anew(folders, model, tmp_path):
    out = tmp_path / "new" / "s.jsonl"
    assert score(folders, "--model", model, "--out", out, "--resume") == 1
    assert [path.name for path in out.parent.iterdir()] == ["s.jsonl"]
    assert len(out.read_text().splitlines()) == 9


def test_without_a_table_nothing_is_left_behind_when_stopped(
    many, model, tmp_path, capsys, monkeypatch
):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with signaling(signal.SIGINT, lambda: next(temporary.glob("*/scores.part"), None)):
        assert score(many, "--model", model) == 130
    captured = capsys.readouterr()
    done = len(captured.out.splitlines()) - 1
    assert 8 <= done < 150
    assert captured.err == f"ssliqa: Stopped after {done} photographs.\n"
    assert list(temporary.iterdir()) == []


def test_no_name_of_a_file_can_break_a_line_or_steer_the_terminal(folders, model, capsys):
    odd = folders / "y" / os.fsdecode(b"\x1b[31m \n \xff :smile: [b].jpg")
    odd.write_bytes(b"no photograph")
    assert score(folders / "y", "--model", model) == 1
    named, _ = capsys.readouterr().err.splitlines()
    assert "\\x1b[31m \\n \\udcff :smile: [b].jpg: is not a photo" in named
