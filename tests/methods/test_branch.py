"""Batch-norm policy, precision and the resting target of a branch."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ssliqa.errors import ConfigError
from ssliqa.images import Protocol
from ssliqa.methods import Branch, Crops
from ssliqa.methods.average import moving_average
from ssliqa.models import QualityModel


def network(head="linear", name="test_resnet"):
    torch.manual_seed(0)
    # Last batch-norms that start at 0, as is usual, would leave no gradient before them.
    return QualityModel.create(name, head=head, options={"zero_init_last": False})


def with_batch_norm_in_its_head():
    return network("published", "resnet18")


def statistics(module):
    return {key: value.clone() for key, value in module.named_buffers() if "running" in key}


def same(one, other):
    return bool(one) and all(torch.equal(one[key], other[key]) for key in one)


@pytest.fixture
def images(batches):
    return batches[0].images


def test_batch_norm_moves_in_training_unless_it_is_frozen(images):
    for frozen in (False, True):
        branch = Branch(network(), freeze_batch_norm=frozen).train()
        before = statistics(branch)
        branch(images)
        assert same(statistics(branch), before) == frozen


def test_frozen_batch_norm_is_frozen_from_the_start(images):
    branch = Branch(network(), freeze_batch_norm=True)
    before = statistics(branch)
    branch(images)
    assert same(statistics(branch), before)


def test_frozen_batch_norm_stays_frozen_however_often_the_mode_changes(images):
    whole = nn.ModuleDict({"student": Branch(network(), freeze_batch_norm=True)})
    before = statistics(whole)
    whole.eval()
    whole.train()
    whole["student"].target(images)
    whole["student"].model.predict(images[0].permute(1, 2, 0).repeat(4, 4, 1).numpy())
    whole["student"](images)
    assert same(statistics(whole), before)


def test_frozen_batch_norm_normalizes_with_the_start_weights_statistics(images):
    branch = Branch(network(), freeze_batch_norm=True).train()
    resting = Branch(network()).eval()
    torch.testing.assert_close(branch(images).activation, resting(images).activation)
    moving = Branch(network()).train()
    assert not torch.allclose(moving(images).activation, resting(images).activation)


def test_frozen_batch_norm_still_learns_its_scale_and_shift(images):
    branch = Branch(network(), freeze_batch_norm=True).train()
    branch(images).distribution[:, 0].sum().backward()
    layers = [part for part in branch.model.backbone.modules() if isinstance(part, _BatchNorm)]
    assert layers
    for layer in layers:
        assert layer.weight.grad.abs().sum() > 0
        assert layer.bias.grad.abs().sum() > 0


def test_batch_norm_of_a_new_head_moves_even_where_the_backbones_is_frozen(images):
    branch = Branch(with_batch_norm_in_its_head(), freeze_batch_norm=True).train()
    before = statistics(branch)
    branch(images)
    after = statistics(branch)
    moved = {key for key in after if not torch.equal(after[key], before[key])}
    assert moved
    assert all(key.startswith("model.head") for key in moved)


def test_everything_but_frozen_batch_norm_is_in_training_mode():
    branch = Branch(network(), freeze_batch_norm=True).train()
    for part in branch.modules():
        assert part.training != isinstance(part, _BatchNorm)
    assert not any(part.training for part in branch.eval().modules())


def test_frozen_stages_keep_weights_and_statistics_and_the_others_learn(images):
    branch = Branch(network(), frozen_stages=2).train()
    before = {name: values.clone() for name, values in branch.state_dict().items()}
    branch(images).distribution[:, 0].sum().backward()
    torch.optim.SGD([p for p in branch.parameters() if p.requires_grad], lr=1).step()
    moved = {name for name, values in branch.state_dict().items() if not values.equal(before[name])}
    assert moved
    stages = {name.split("net.")[-1].split(".")[0] for name in moved if "head" not in name}
    assert stages == {"layer2", "layer3", "layer4"}


def test_a_backbone_with_all_stages_frozen_does_not_move_at_all(images):
    model = QualityModel.create("scene_statistics")
    branch = Branch(model, frozen_stages=len(model.backbone.stages)).train()
    before = statistics(branch)
    branch(images)
    assert same(statistics(branch), before)


def test_a_copy_of_a_branch_computes_with_its_own_weights(images):
    branch = Branch(network(), freeze_batch_norm=True).train()
    branch(images)
    other = copy.deepcopy(branch)
    for values in other.parameters():
        values.data.mul_(1.1)
    expected = Branch(other.model).eval()(images).activation
    torch.testing.assert_close(other.train()(images).activation, expected)


def test_more_stages_than_there_are_cannot_be_frozen():
    Branch(network(), frozen_stages=5)
    for count in (-1, 6):
        with pytest.raises(ConfigError, match="Give 0 to 5"):
            Branch(network(), frozen_stages=count)


def test_a_target_has_no_graph_and_leaves_no_trace(images):
    model = network()
    model.head.insert(0, nn.Dropout(0.5))
    branch = Branch(model).train()
    before = statistics(branch)
    target = branch.target(images)
    assert not target.distribution.requires_grad
    assert not target.activation.requires_grad
    assert same(statistics(branch), before)
    assert all(part.training for part in branch.modules())
    assert torch.equal(target.distribution, branch.target(images).distribution)  # no dropout
    assert torch.equal(target.distribution, branch.eval()(images).distribution)


def test_a_target_can_stand_in_a_loss(images):
    # Unlike a tensor made in inference mode.
    branch = Branch(network()).train()
    (branch(images).distribution * branch.target(images).distribution).sum().backward()


def test_bf16_computes_in_half_precision_and_keeps_float32_weights(images):
    full, half = Branch(network()).eval(), Branch(network(), bf16=True).eval()
    kinds = []
    half.model.backbone.net.layer1.register_forward_hook(lambda *args: kinds.append(args[2].dtype))
    prediction = half(images)
    assert kinds == [torch.bfloat16]
    assert prediction.distribution.dtype == torch.float32
    assert {values.dtype for values in half.parameters()} == {torch.float32}
    torch.testing.assert_close(
        prediction.distribution, full(images).distribution, atol=0.02, rtol=0
    )
    prediction.distribution[:, 0].sum().backward()
    assert {values.grad.dtype for values in half.parameters()} == {torch.float32}


def test_depthwise_convolutions_of_a_bf16_branch_are_trained_in_float32(images):
    model = QualityModel.create("test_efficientnet")
    branch = Branch(model, bf16=True).train()
    depthwise = [
        part
        for part in model.backbone.modules()
        if isinstance(part, torch.nn.Conv2d) and part.groups == part.in_channels > 1
    ]
    precise = []

    def compare(part, inputs, written):
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            expected = part._conv_forward(inputs[0].float(), part.weight, part.bias)
        precise.append(torch.equal(written, expected.bfloat16()))

    for part in depthwise:
        part.register_forward_hook(compare)
    branch(images).distribution[:, 0].sum().backward()
    assert precise == [True] * len(depthwise) != []
    precise.clear()
    branch.target(images)
    assert precise == [False] * len(depthwise)


def test_a_bf16_target_does_not_cut_the_graph_of_the_next_forward_pass(images):
    # Autocast keeps half-precision copies of weights; one made without a graph must not be reused.
    branch = Branch(network(), bf16=True).train()
    branch.target(images)
    branch(images).distribution[:, 0].sum().backward()
    assert all(values.grad is not None for values in branch.parameters())


def entered(frozen_stages=3, **options):
    torch.manual_seed(0)
    model = QualityModel.create(
        "test_resnet", protocol=Protocol(short=80, crop=64), options={"zero_init_last": False}
    )
    options = {"freeze_batch_norm": True, "enter_trunk": True, **options}
    return Branch(model, frozen_stages=frozen_stages, **options)


def as_crops(branch, images, pixels=None):
    return Crops(pixels, {branch.trunk_key: branch.trunk_activation(images)})


def test_a_branch_goes_on_from_activations_of_its_frozen_layers(images):
    branch = entered()
    crops = as_crops(branch, images)
    whole, onward = branch(images), branch(crops)
    torch.testing.assert_close(onward.activation, whole.activation, rtol=5e-3, atol=1e-3)
    torch.testing.assert_close(branch.target(crops).activation, onward.activation.detach())
    assert onward.activation.requires_grad


def test_a_moving_average_goes_on_from_the_same_activations(images):
    branch = entered()
    average = moving_average(branch, 0.9)
    torch.testing.assert_close(
        average.module.target(as_crops(branch, images)).distribution,
        branch.target(as_crops(branch, images)).distribution,
    )


def test_a_branch_without_activations_of_its_own_takes_the_pixels(images):
    branch, other = entered(), entered(frozen_stages=2)
    assert branch.trunk_key != other.trunk_key
    crops = as_crops(other, images, pixels=images)
    torch.testing.assert_close(branch(crops).distribution, branch(images).distribution)


def test_a_branch_that_freezes_nothing_has_no_trunk():
    branch = entered(frozen_stages=0)
    assert branch.trunk is None
    assert branch.trunk_key == ""


def test_other_weights_of_the_frozen_layers_have_another_key():
    one, same_again, other = entered(), entered(), entered()
    assert one.trunk_key == same_again.trunk_key
    with torch.no_grad():
        other.model.backbone.net.conv1[0].weight.add_(1e-3)
    assert Branch(other.model, frozen_stages=3, enter_trunk=True).trunk_key != one.trunk_key


def test_bf16_activations_are_not_those_of_float32():
    assert entered(bf16=True).trunk_key != entered(bf16=False).trunk_key


def test_crops_move_to_a_device_with_all_they_hold(images):
    crops = Crops(images, {"trunk": images.half()}).to(torch.device("meta"))
    assert crops.pixels.device.type == "meta"
    assert crops.activations["trunk"].device.type == "meta"
    assert Crops(None, {}).to(torch.device("meta")).pixels is None
