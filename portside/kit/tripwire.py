"""The alarm of law 2: nothing that talks to the outside may run while its task has a database transaction open.

`db.begin()` wraps itself in `hold()`; every door out calls `assert_no_transaction()` first. A task started inside a
transaction copies its context and so counts as holding too, because it may well be using that transaction; it is
freed by itself when that transaction ends. A long-lived task that has nothing to do with it says so with `leave()`.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from types import TracebackType


class NetworkInsideTransaction(RuntimeError):
    """A bug of ours: a slow outside call was about to keep a transaction, with its locks, open."""


class _Open:
    """One open transaction. Shared by every context that copied it, so closing it is seen in all of them."""

    __slots__ = ("ended", "opener")

    def __init__(self, opener: object) -> None:
        self.ended = False
        self.opener = opener


_open: ContextVar[tuple[_Open, ...]] = ContextVar("portside_open_transactions", default=())


def _current_task() -> object:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


class hold:  # noqa: N801  (a context manager, read as a verb)
    """`with hold():` around the life of one transaction. Nests, and may be left from another context than it was
    entered in (an async generator fixture does that)."""

    __slots__ = ("_entry",)

    def __enter__(self) -> None:
        self._entry = _Open(_current_task())
        _open.set((*_still_open(), self._entry))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entry.ended = True
        # The opener is let go, so that a context which outlives the transaction keeps no finished task alive.
        self._entry.opener = None
        _open.set(_still_open())


def _still_open() -> tuple[_Open, ...]:
    return tuple(entry for entry in _open.get() if not entry.ended)


def holding() -> int:
    """How many open transactions this task counts as holding."""
    return len(_still_open())


def assert_no_transaction(what: str) -> None:
    """Raise NetworkInsideTransaction if this task counts as holding a transaction; `what` was about to happen."""
    held = _open.get()
    if held and any(not entry.ended for entry in held):
        raise NetworkInsideTransaction(f"{what} inside an open database transaction")


def leave() -> None:
    """Declare that this task, though started inside a transaction, does not use it: a long-lived task's first line.

    Raises RuntimeError in the task that opened the transaction, where it would be a lie.
    """
    me = _current_task()
    if any(entry.opener is me for entry in _still_open()):
        raise RuntimeError("leave() in the task that opened the transaction")
    _open.set(())
