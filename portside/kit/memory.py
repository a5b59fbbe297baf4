"""How a long-lived process takes memory from the system."""

from __future__ import annotations

import ctypes
from contextlib import suppress

# From glibc's malloc.h.
_M_ARENA_MAX = -8


def share_one_heap() -> None:
    """Have all threads take their memory from one heap; to be called before there are threads.

    By itself glibc gives each thread a heap of its own, and what one thread has freed serves no other: with every
    thousand labels drawn and merged in threads a process grew on (bench/batch.py). They would hardly ever allocate at
    the same time, because Python runs one of them at a time.
    """
    # Another C library has no such setting, and needs none.
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
