"""What is to happen once the open database unit has been committed."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

_waiting: ContextVar[dict[Callable[[], None], None] | None] = ContextVar("after_commit", default=None)


def after_commit(callback: Callable[[], None]) -> None:
    """Call `callback` once after the commit of the unit that this task holds (never if it rolls back).

    Without an open unit it is called at once.
    """
    waiting = _waiting.get()
    if waiting is None:
        callback()
    else:
        waiting[callback] = None


def collect() -> dict[Callable[[], None], None]:
    """Start collecting, for `begin()`; gives the collection that `run` takes."""
    waiting: dict[Callable[[], None], None] = {}
    _waiting.set(waiting)
    return waiting


def run(waiting: dict[Callable[[], None], None]) -> None:
    """Stop collecting and call what was asked for."""
    forget()
    for callback in waiting:
        callback()


def forget() -> None:
    """Stop collecting without calling: the unit was rolled back."""
    _waiting.set(None)
