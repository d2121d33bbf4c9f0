import sys
from pathlib import Path

import pytest
import torch

# The data set is shared with the tests of training.
sys.path.append(str(Path(__file__).parents[1] / "training"))

from tiny_set import tiny_run, tiny_set  # noqa: F401


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small only lose by sharing their layers out among threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
