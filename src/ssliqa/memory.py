"""Keep memory that a network has used once, instead of giving it back after every layer.

A layer's output takes megabytes. glibc returns blocks of that size to the system when they are
freed and asks for fresh ones for the next layer, and every fresh page costs a fault and zeroing. On
a virtual machine that was half the processor time of a training step (docs/results/benchmarks.md).
"""

from __future__ import annotations

import ctypes
import os

# Parameters of mallopt(3).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> None:
    """Tell the allocator to keep what is freed, and PyTorch to ask for huge pages.

    For long-lived computations on a CPU; call it before the first large tensor is made. It changes
    no result. A process keeps its peak memory until it ends. Without effect where the C library is
    not glibc, and on settings that the user's environment makes itself.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(_TOP_PAD, 64 * 2**20)
