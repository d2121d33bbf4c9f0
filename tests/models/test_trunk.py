"""Entering a network behind its frozen layers, compared with going through all of it."""

import pytest
import torch

from ssliqa.images import Protocol
from ssliqa.models import QualityModel
from ssliqa.models.quality_model import evaluating
from ssliqa.models.trunk import find_trunk

SIDE = 64


def network(name, frozen, **options):
    torch.manual_seed(0)
    model = QualityModel.create(
        name, protocol=Protocol(short=80, crop=SIDE), options=options, head="8"
    )
    for stage in model.backbone.stages[:frozen]:
        for parameter in stage:
            model.backbone.net.get_parameter(parameter).requires_grad_(False)
    return model.eval()


def crops(count=3):
    drawn = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, 3, SIDE, SIDE), dtype=torch.uint8, generator=drawn)


ARCHITECTURES = [
    ("test_resnet", 3, {}),
    ("test_efficientnet", 3, {}),
    ("test_vit", 2, {"img_size": SIDE}),
    ("mobilenetv2_050", 5, {}),
    ("googlenet", 5, {}),  # a branch of its first learning stage begins with a pooling
    ("shufflenet_v2_x0_5", 2, {}),  # splits its channels
]


@pytest.mark.parametrize(("name", "frozen", "options"), ARCHITECTURES)
def test_entering_gives_the_predictions_and_gradients_of_the_whole_network(name, frozen, options):
    model, images = network(name, frozen, **options), crops()
    trunk = find_trunk(model, SIDE)
    activation = trunk.activation(model, images)
    assert activation.shape == (3, *trunk.shape)

    def result(prediction):
        loss = (prediction.distribution * torch.arange(5)).sum() + prediction.activation.sum()
        learned = [values for values in model.parameters() if values.requires_grad]
        return [prediction.distribution, prediction.activation, *torch.autograd.grad(loss, learned)]

    with trunk.entered(activation) as empty:
        entered = model(empty)
    for one, other in zip(result(model(images)), result(entered), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_a_network_may_be_entered_with_any_number_of_images():
    model = network("test_resnet", 3)
    trunk = find_trunk(model, SIDE)
    for count in (1, 2, 5):
        images = crops(count)
        with torch.no_grad(), trunk.entered(trunk.activation(model, images)) as empty:
            torch.testing.assert_close(model(empty).distribution, model(images).distribution)


def test_entering_computes_none_of_the_frozen_layers():
    model = network("test_resnet", 3)
    trunk = find_trunk(model, SIDE)
    activation = trunk.activation(model, crops())
    with torch.no_grad():
        for values in model.backbone.parameters():
            if not values.requires_grad:
                values.fill_(torch.nan)
        assert model(crops()).distribution.isnan().all()
        with trunk.entered(activation) as empty:
            assert model(empty).distribution.isfinite().all()


def test_the_trunk_is_computed_without_the_layers_after_it():
    model = network("test_resnet", 3)
    trunk = find_trunk(model, SIDE)
    before = trunk.activation(model, crops())
    with torch.no_grad():
        for values in model.parameters():
            if values.requires_grad:
                values.fill_(torch.nan)
    torch.testing.assert_close(trunk.activation(model, crops()), before)


def test_more_frozen_stages_leave_less_to_compute():
    lengths = [len(find_trunk(network("test_efficientnet", k), SIDE).outputs) for k in (1, 3, 5)]
    assert lengths == sorted(set(lengths))


def test_a_network_that_learns_as_a_whole_has_no_trunk():
    assert find_trunk(network("test_resnet", 0), SIDE) is None


def test_a_network_that_learns_nothing_has_no_trunk():
    model = network("test_resnet", 0).requires_grad_(False)
    assert find_trunk(model, SIDE) is None


def test_a_dense_network_has_no_trunk_since_its_layers_read_all_before_them():
    assert find_trunk(network("densenet121", 2), SIDE) is None


def test_layers_that_draw_or_move_make_no_trunk():
    still = network("test_resnet", 3, drop_path_rate=0.5)
    assert find_trunk(still, SIDE) is not None
    assert find_trunk(still.train(), SIDE) is None


def test_looking_for_a_trunk_draws_no_random_numbers_and_changes_no_mode():
    model = network("test_resnet", 3)
    model.head.train()
    modes = [part.training for part in model.modules()]
    state = torch.random.get_rng_state()
    find_trunk(model, SIDE)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert [part.training for part in model.modules()] == modes


def test_a_trunk_found_in_training_serves_at_rest():
    model = network("test_resnet", 3)
    model.head.train()
    trunk = find_trunk(model, SIDE)
    activation = trunk.activation(model, crops())
    with torch.no_grad(), evaluating(model):
        whole = model(crops())
        with trunk.entered(activation) as empty:
            torch.testing.assert_close(model(empty).distribution, whole.distribution)
