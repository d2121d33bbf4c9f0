"""Checking a copy of rated photographs: each thing that can be wrong is found, and nothing else."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from test_similar import jpeg, scene

from ssliqa.data import read_label_table
from ssliqa.data.check import check_photographs
from ssliqa.errors import ConfigError


@pytest.fixture
def rated(tmp_path):
    """Write photographs (name to pixels, or bytes) and a table with extra columns, and read it."""

    def _rated(photos, columns="", **cells):
        header = ",".join(["image", "mos", *filter(None, columns.split())])
        lines = [header]
        for k, (name, content) in enumerate(photos.items()):
            path = tmp_path / name
            if isinstance(content, bytes):
                path.write_bytes(content)
            elif content is not None:
                Image.fromarray(content).save(path)
            lines.append(",".join([name, str(1 + k), *(cells[c][k] for c in columns.split())]))
        (tmp_path / "r.csv").write_text("\n".join(lines) + "\n")
        return read_label_table(tmp_path / "r.csv", None, on_problem="warn")

    return _rated


def kinds(checked):
    return [finding.kind for finding in checked.findings]


def test_a_sound_copy_has_no_findings_and_its_scores_are_counted(rated):
    table = rated({f"{k}.png": scene(k) for k in range(5)})
    seen = []
    checked = check_photographs(table, expected=5, on_photo=lambda: seen.append(1))
    assert checked.findings == ()
    assert len(seen) == 5
    np.testing.assert_array_equal(checked.counts, [1, 0, 1, 0, 0, 1, 0, 1, 0, 1])
    np.testing.assert_allclose(checked.edges, np.linspace(1, 5, 11))
    outcome = json.loads(json.dumps(checked.as_dict()))
    assert outcome["images"] == 5
    assert outcome["scores"]["mean"] == 3
    assert sum(outcome["scores"]["counts"]) == 5


def test_missing_files_and_a_wrong_count_are_found(rated):
    table = rated({"a.png": scene(0), "b.png": None})
    checked = check_photographs(table, expected=2)
    assert kinds(checked) == ["count", "rows"]
    assert checked.findings[0].text == "1 images can be used; a complete copy has 2."
    assert "b.png" in checked.findings[1].text


def test_photographs_that_cannot_be_decoded_are_named_with_the_reason(rated):
    table = rated({"a.png": scene(0), "b.png": b"no picture", "c.png": b""})
    (finding,) = check_photographs(table).findings
    assert finding.kind == "unreadable"
    assert finding.photographs == (("b.png",), ("c.png",))
    assert "b.png: is not a photo" in finding.text
    assert "c.png: is empty" in finding.text


def test_a_copy_with_nothing_that_can_be_read_is_a_finding_not_a_crash(rated):
    assert kinds(check_photographs(rated({"a.png": b"", "b.png": b""}))) == ["unreadable"]


def test_identical_and_near_identical_photographs_are_told_apart(rated, tmp_path):
    table = rated(
        {"a.png": scene(0), "b.png": jpeg(scene(0)), "c.png": scene(1), "d.png": scene(2)}
    )
    shutil.copy(tmp_path / "c.png", tmp_path / "d.png")
    identical, near = check_photographs(table).findings
    assert (identical.kind, identical.photographs) == ("identical", (("c.png", "d.png"),))
    assert (near.kind, near.photographs) == ("near-identical", (("a.png", "b.png"),))
    assert identical.text.endswith("in different content groups (1): c.png = d.png")


def test_copies_within_one_content_group_are_as_they_should_be(rated):
    photos = {"a.png": scene(0), "b.png": jpeg(scene(0)), "c.png": scene(1)}
    assert check_photographs(rated(photos, "group", group="xxy")).findings == ()


def test_copies_across_official_parts_are_counted(rated):
    photos = {
        "a.png": scene(0),
        "b.png": jpeg(scene(0)),
        "c.png": scene(1),
        "d.png": jpeg(scene(1)),
    }
    parts = ["train", "test", "train", "train"]
    (finding,) = check_photographs(rated(photos, "split", split=parts)).findings
    assert "groups, 1 of them in different official parts (2)" in finding.text


def test_a_content_group_in_two_official_parts_is_found(rated):
    photos = {"a.png": scene(0), "b.png": scene(1), "c.png": scene(2)}
    table = rated(photos, "group split", group="xxy", split=["train", "test", "test"])
    (finding,) = check_photographs(table).findings
    assert (finding.kind, finding.photographs) == ("split", (("x",),))


def test_the_number_of_workers_changes_nothing_and_must_be_one_or_more(rated):
    table = rated({"a.png": scene(0), "b.png": jpeg(scene(0)), "c.png": b""})
    outcomes = [check_photographs(table, workers=workers).as_dict() for workers in (1, 3)]
    assert outcomes[0] == outcomes[1]
    with pytest.raises(ConfigError, match="workers=0"):
        check_photographs(table, workers=0)
