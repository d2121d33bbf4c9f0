import numpy as np
import pytest
import torch

from ssliqa.methods import Progress

START = Progress(epoch=0, epochs=10, step=0, steps=100)


@pytest.mark.parametrize("loss", ["cdf", "mse"])
def test_the_loss_is_the_chosen_distance_from_the_opinions(loss, make_method, batches):
    labeled, _ = batches
    method = make_method("supervised", loss=loss).eval()
    predicted = method.student()(labeled.images).distribution.detach().double().numpy()
    error = predicted - labeled.distribution.double().numpy()
    expected = np.mean((np.cumsum(error, axis=1) if loss == "cdf" else error) ** 2)
    result = method.step(labeled, None, START)
    assert result.loss.item() == pytest.approx(expected, rel=1e-5)
    assert torch.equal(result.terms["student_label"], result.loss.detach())


def test_unlabeled_images_are_not_even_looked_at(make_method, batches):
    labeled, unlabeled = batches
    method, without = (make_method("supervised").train() for _ in range(2))
    method.step(labeled, unlabeled, START)
    without.step(labeled, None, START)
    for key, value in method.state_dict().items():
        assert torch.equal(value, without.state_dict()[key]), key
