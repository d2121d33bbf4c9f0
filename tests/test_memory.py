"""The C library's allocator, set in processes of their own: it belongs to a whole process."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

# How many page faults does it cost to free and take, again and again, what a layer takes? Blocks of
# 40 MB are above all thresholds that glibc comes to by itself (32 MB).
PROBE = """
import json, os, resource, sys
from ssliqa.memory import keep_freed_memory

before = dict(os.environ)
for _ in range(int(sys.argv[1])):
    keep_freed_memory()

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

for k in range(8):
    if k == 3:
        start = faults()
    block = b"x" * (40 << 20)
    del block
print(json.dumps({
    "faults": faults() - start,
    "set": {k: v for k, v in os.environ.items() if before.get(k) != v},
    "changed": [k for k in before if os.environ.get(k) != before[k]],
    "torch": "torch" in sys.modules,
}))
"""


def probe(calls, **settings):
    """What a fresh process finds after so many calls."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MALLOC_") and name != "THP_MEM_ALLOC_ENABLE"
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(calls)],
        env=environment | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def untouched():
    found = probe(0)
    if found["faults"] < 1000:
        pytest.skip("this C library keeps freed memory by itself")
    return found


@pytest.mark.parametrize("calls", [1, 2])
def test_memory_once_used_is_kept_and_huge_pages_are_asked_for(untouched, calls):
    found = probe(calls)
    assert found["faults"] < untouched["faults"] / 10
    assert found["set"] == {"THP_MEM_ALLOC_ENABLE": "1"}


def test_the_module_needs_no_torch():
    assert not probe(1)["torch"]


def test_settings_of_the_user_stay_as_they_are(untouched):
    found = probe(1, MALLOC_TRIM_THRESHOLD_="100000", THP_MEM_ALLOC_ENABLE="0")
    assert found["set"] == {}
    assert found["changed"] == []
    # The allocator, too, is left as the user has set it: fresh pages each time.
    assert found["faults"] > untouched["faults"] / 2


def test_a_computation_gives_the_same_with_and_without():
    code = (
        "import sys, numpy as np\n"
        "from ssliqa.memory import keep_freed_memory\n"
        "if int(sys.argv[1]): keep_freed_memory()\n"
        "a = np.random.default_rng(0).random((400, 400))\n"
        "sys.stdout.write((a @ a.T).sum().hex())\n"
    )
    results = {
        subprocess.run(
            [sys.executable, "-c", code, call], capture_output=True, text=True, check=True
        ).stdout
        for call in "01"
    }
    assert len(results) == 1
    assert np.isfinite(float.fromhex(results.pop()))
