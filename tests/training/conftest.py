import signal

import pytest
from tiny_set import one_thread, tiny_run, tiny_set  # noqa: F401


@pytest.fixture
def ctrl_c_raises():
    """Shells have the commands that they start in the background ignore SIGINT, tests included."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
