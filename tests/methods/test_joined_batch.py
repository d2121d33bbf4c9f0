import torch

from ssliqa.methods.joined_batch import joined_batch


def test_in_one_process_the_joined_batch_is_the_batch_itself():
    rows = torch.rand(4, 3, requires_grad=True)
    assert joined_batch(rows) is rows


def test_in_a_group_of_one_rows_and_gradients_pass_unchanged(tmp_path):
    rows = torch.rand(4, 3, requires_grad=True)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'meeting'}", rank=0, world_size=1
    )
    try:
        joined = joined_batch(rows)
        assert torch.equal(joined, rows)
        joined.square().sum().backward()
    finally:
        torch.distributed.destroy_process_group()
    assert torch.equal(rows.grad, 2 * rows.detach())


def test_the_gradient_that_others_use_too_is_left_alone(tmp_path, monkeypatch):
    one, other = (torch.rand(4, 3, requires_grad=True) for _ in range(2))
    # In a group of one a sum over processes changes nothing, so let it double what it is given.
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda gradient: gradient.mul_(2))
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'meeting'}", rank=0, world_size=1
    )
    try:
        (joined_batch(one) + joined_batch(other)).sum().backward()
    finally:
        torch.distributed.destroy_process_group()
    assert torch.equal(one.grad, torch.full((4, 3), 2.0))
    assert torch.equal(other.grad, torch.full((4, 3), 2.0))
