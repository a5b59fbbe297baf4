"""One heap for all threads of a process."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

# Eight threads hold memory of their own at the same moment; then the C library says which heaps there are.
_PROGRAM = """
import ctypes, os, threading
from portside.kit.memory import share_one_heap

if {shared}:
    share_one_heap()
together = threading.Barrier(8)


def hold():
    kept = [bytes(2000) for _ in range(100)]
    together.wait()


threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


def heaps(*, shared: bool) -> int:
    program = _PROGRAM.format(shared=shared)
    environ = {**os.environ, "MALLOC_ARENA_MAX": "8"}
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environ)
    return done.stdout.count("<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has heaps for threads")
def test_threads_share_one_heap() -> None:
    assert heaps(shared=True) == 1
    assert heaps(shared=False) > 1
