import numpy as np
import pytest
import torch
from PIL import Image

from ssliqa.errors import ConfigError
from ssliqa.losses import RELATION_LOSSES

pytest.importorskip("matplotlib", reason="needs the extra 'report'")

from ssliqa.report.relation_matrices import relation_matrices_plot

WORD = {"angle": "angle", "distance": "distance", "gram": "Gram"}


def batch(count=9):
    torch.manual_seed(0)
    student = torch.randn(count, 6)
    return {"student": student, "teacher": student @ torch.randn(6, 8)}, np.linspace(90, 10, count)


@pytest.mark.parametrize("relation", RELATION_LOSSES)
def test_the_caption_says_what_is_drawn_and_how_far_apart_the_branches_are(tmp_path, relation):
    seen, ratings = batch()
    path = relation_matrices_plot(seen, ratings, tmp_path / "plot.svg", relation=relation)
    text = " ".join(path.read_text().split())
    loss = RELATION_LOSSES[relation](*seen.values()).item()
    for words in ("student - teacher", "9 photographs", f"{loss:.3g}", WORD[relation]):
        assert words in text


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_batch_in_another_order_gives_the_same_bytes(tmp_path, suffix):
    seen, ratings = batch()
    shuffled = torch.randperm(len(ratings))
    first = relation_matrices_plot(seen, ratings, tmp_path / f"a.{suffix}")
    second = relation_matrices_plot(
        {name: values[shuffled] for name, values in seen.items()},
        ratings[shuffled.numpy()],
        tmp_path / f"b.{suffix}",
    )
    assert first.read_bytes() == second.read_bytes()


def test_a_student_alone_is_drawn_without_a_difference(tmp_path):
    seen, ratings = batch()
    both = relation_matrices_plot(seen, ratings, tmp_path / "both.png")
    alone = relation_matrices_plot({"student": seen["student"]}, ratings, tmp_path / "alone.png")
    with Image.open(both) as wide, Image.open(alone) as narrow:
        assert wide.width > 2 * narrow.width


def test_equal_photographs_still_give_a_picture(tmp_path):
    same = {"student": torch.ones(4, 3), "teacher": torch.ones(4, 5)}
    assert relation_matrices_plot(same, np.ones(4), tmp_path / "plot.png").exists()


def test_too_few_photographs_and_unknown_relations_are_refused(tmp_path):
    seen, ratings = batch(2)
    with pytest.raises(ConfigError, match="2 photographs have no relations"):
        relation_matrices_plot(seen, ratings, tmp_path / "plot.png")
    with pytest.raises(ConfigError, match=r"no relation called 'cosine'.*angle, distance, gram"):
        relation_matrices_plot(*batch(), tmp_path / "plot.png", relation="cosine")
    assert list(tmp_path.iterdir()) == []
