"""Methods over networks that take milliseconds, and batches that are the same every time."""

import copy

import pytest


@pytest.fixture
def batches():
    """Five labeled images with random opinions, and seven unlabeled ones."""
    import torch

    from ssliqa.methods import Labeled, Unlabeled

    generator = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (12, 3, 64, 64), dtype=torch.uint8, generator=generator)
    # Photographs differ in their coarse structure, not only in noise.
    tint = torch.randint(0, 256, (12, 3, 4, 4), dtype=torch.uint8, generator=generator)
    tint = (tint * 0.75).to(torch.uint8).repeat_interleave(16, 2).repeat_interleave(16, 3)
    images = images // 4 + tint
    opinions = (4 * torch.rand(5, 5, generator=generator)).softmax(dim=1)
    return Labeled(images[:5], opinions), Unlabeled(images[5:], torch.arange(7))


@pytest.fixture(scope="session")
def _network():
    import torch

    from ssliqa.images import Protocol
    from ssliqa.models import QualityModel

    made = {}

    def build(backbone, seed):
        if (backbone, seed) not in made:
            torch.manual_seed(seed)
            model = QualityModel.create(
                backbone,
                protocol=Protocol(short=80, crop=64),
                options={"zero_init_last": False},  # or half the weights had no gradient at first
            )
            # A fresh head hardly tells images apart; this one does.
            torch.nn.init.normal_(model.head[-1].weight, std=0.1)
            with torch.no_grad():  # statistics of images rather than 0 and 1
                for _ in range(20):
                    model.train()(torch.randint(0, 256, (8, 3, 64, 64), dtype=torch.uint8))
            made[backbone, seed] = model
        return copy.deepcopy(made[backbone, seed])

    return build


@pytest.fixture
def make_method(_network, batches):
    """Make a method that has met the photographs of the batches, near the end of its training.

    Each branch is another network, unless ``agree`` makes all of them copies. A network's moving
    average is a branch in this, too.
    """
    import torch

    from ssliqa.methods import Branch, Pool, Progress, find_method

    labeled, unlabeled = batches
    pool = Pool(
        labeled=len(labeled.images),
        unlabeled=len(unlabeled.images),
        labeled_crops=lambda place: labeled.images[place : place + 1],
        unlabeled_crops=lambda place: unlabeled.images[place : place + 1],
        labeled_pixels=lambda place: labeled.images[place : place + 1],
        unlabeled_pixels=lambda place: unlabeled.images[place : place + 1],
        distribution=labeled.distribution,
    )

    def make(name, *, agree=False, seed=0, freeze_batch_norm=False, **settings):
        kind = find_method(name)
        branches = {
            branch: Branch(
                _network("test_resnet", seed if agree else seed + 10 * number),
                freeze_batch_norm=freeze_batch_norm,
            )
            for number, branch in enumerate(kind.branch_names)
        }
        torch.manual_seed(seed)
        method = kind(kind.Config(**settings), branches)
        for part in method.children():
            if isinstance(part, torch.nn.Linear):  # as with the heads
                torch.nn.init.normal_(part.weight, std=2)
        method.meet(pool)
        if len(branches) == 1 and hasattr(method, "average") and not agree:
            other = _network("test_resnet", seed + 10).state_dict()
            method.average.module.model.load_state_dict(other)
        for step in range(95):
            method.before_step(Progress(epoch=step // 10, epochs=10, step=step, steps=100))
        return method

    return make
