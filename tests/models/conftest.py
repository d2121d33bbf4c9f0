"""Models small enough to build in milliseconds, on photographs of 80 pixels' short side."""

import pytest


@pytest.fixture
def tiny_model():
    """Make a :class:`QualityModel` with distinct random numbers everywhere, statistics included."""
    import torch

    from ssliqa.images import Protocol
    from ssliqa.models import QualityModel

    def make(backbone="test_resnet", seed=0, **settings):
        torch.manual_seed(seed)
        settings.setdefault("protocol", Protocol(short=80, crop=64, grid=2))
        model = QualityModel.create(backbone, **settings)
        generator = torch.Generator().manual_seed(seed)
        for name, values in model.state_dict().items():
            if name.endswith("running_mean"):
                values.normal_(0, 0.05, generator=generator)
            elif name.endswith("running_var"):
                values.uniform_(0.5, 2, generator=generator)
        # A fresh linear head hardly tells photographs apart; these differ visibly.
        last = model.head[-1]
        with torch.no_grad():
            last.weight.normal_(0, 0.5, generator=generator)
            last.bias.normal_(0, 0.5, generator=generator)
        return model.eval()

    return make
