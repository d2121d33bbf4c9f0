"""What several rooms' tests share. Nothing heavy is imported before a fixture needs it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("ssliqa", deadline=None)
settings.load_profile("ssliqa")
# The networks of tests are too small to be shared out among threads; with a second process at work
# on the same cores, threads that wait for one another make a test a hundred times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Tests never use the network: what asks the hub is answered at once from an empty cache.
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests neither read nor fill the user's cache folder; all processes of a run share one."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "user cache"))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photographs, label files and weights beside the repository."""
    folder = (Path(__file__).parents[1] / ".." / "shared").resolve()
    if not folder.is_dir():
        pytest.skip(f"needs real data in {folder}")
    return folder


@pytest.fixture
def photo():
    """A colorful photograph (90, 120, 3) uint8 with structure at all scales."""
    import numpy as np

    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[:90, :120]
    waves = [np.sin(rows / a + columns / b) for a, b in ((9, 31), (17, 5), (3, 12))]
    noise = rng.normal(0, 12, (90, 120, 3))
    return np.clip(128 + 70 * np.stack(waves, axis=-1) + noise, 0, 255).astype(np.uint8)
