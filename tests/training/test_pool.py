"""The pool: each photograph as the very views that training draws from."""

import pytest
import torch

from ssliqa.cli.train import configuration
from ssliqa.images import crop_views, random_crop
from ssliqa.opinion import Scale
from ssliqa.training import Monitor
from ssliqa.training.activations import keep_activations
from ssliqa.training.build import build_method
from ssliqa.training.photographs import divide_photographs, gather_photographs
from ssliqa.training.pool import open_pool

FROZEN = ("--student.batch_norm", "frozen", "--student.frozen_stages", "3")


@pytest.mark.parametrize("views", [0, 3])
def test_the_pool_shows_every_photograph_by_its_place(views, tiny_set, tmp_path):
    options = ("--method", "mean_teacher", "--label-budget", "8", "--views", str(views), *FROZEN)
    config = configuration(tiny_set.arguments(tmp_path / "run", *options))
    table, split = divide_photographs(config, None, Monitor())
    photographs = gather_photographs(config, table, split, Monitor())
    method = build_method(config, Scale(0, 100), torch.device("cpu"))
    used = [*photographs.labeled.tolist(), *photographs.unlabeled.tolist()]
    kept = {}
    if views:
        kept = keep_activations(
            method, method.branch_names, photographs.prepared, used, views, Monitor()
        )
        assert kept
    pool = open_pool(config, photographs, method, kept, torch.device("cpu"))
    assert (pool.labeled, pool.unlabeled) == (8, len(photographs.unlabeled))
    for index, target in zip(photographs.labeled, pool.distribution, strict=True):
        expected = torch.from_numpy(photographs.distribution[index]).float()
        assert torch.equal(target, expected)
    student = method.branch("student").eval()
    for places, show, show_pixels in (
        (photographs.labeled, pool.labeled_crops, pool.labeled_pixels),
        (photographs.unlabeled, pool.unlabeled_crops, pool.unlabeled_pixels),
    ):
        image = photographs.prepared.image(int(places[4]))
        cut = [random_crop(image, 64, u, v, bool(m)).copy() for u, v, m in crop_views(views or 4)]
        pixels = torch.stack([torch.from_numpy(crop) for crop in cut]).permute(0, 3, 1, 2)
        assert torch.equal(show_pixels(4), pixels)
        found, expected = (student.target(crops).distribution for crops in (show(4), pixels))
        # Activations are kept in half precision.
        torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)
        if not views:
            assert torch.equal(show(4), pixels)


def test_a_method_without_use_for_unlabeled_photographs_meets_none(tiny_set, tmp_path):
    options = ("--method", "supervised", "--label-budget", "8")
    config = configuration(tiny_set.arguments(tmp_path / "run", *options))
    table, split = divide_photographs(config, None, Monitor())
    photographs = gather_photographs(config, table, split, Monitor())
    method = build_method(config, Scale(0, 100), torch.device("cpu"))
    assert open_pool(config, photographs, method, {}, torch.device("cpu")).unlabeled == 0
