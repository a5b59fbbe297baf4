"""The kinds of job there are; `portside.worker.import_jobs()` fills it by importing every jobs.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, overload

from portside.jobs.models import BatchHandler, Handler, Kind, Lane, Retry

_kinds: dict[str, Kind] = {}
_DEFAULT_RETRY = Retry()
_TIMEOUT = 600.0


@overload
def job(
    name: str, *, lane: Lane, retry: Retry = ..., every: float | None = ..., timeout: float = ...
) -> Callable[[Handler], Handler]: ...


@overload
def job(
    name: str, *, lane: Lane, retry: Retry = ..., batch: int, timeout: float = ...
) -> Callable[[BatchHandler], BatchHandler]: ...


def job(
    name: str,
    *,
    lane: Lane,
    retry: Retry = _DEFAULT_RETRY,
    every: float | None = None,
    batch: int = 0,
    timeout: float = _TIMEOUT,
) -> Callable[[Any], Any]:
    """Declare the decorated function as the handler of a kind of job.

    `every`: run it each so many seconds, once in the whole installation. `batch`: the handler takes a list of up to
    so many runs. `timeout`: seconds after which a run is cancelled and has failed.
    """

    def declare(handler: Any) -> Any:
        if name in _kinds and _kinds[name].handler is not handler:
            raise RuntimeError(f"two handlers for job {name}")
        _kinds[name] = Kind(
            name=name, lane=lane, handler=handler, retry=retry, every=every, batch=batch, timeout=timeout
        )
        return handler

    return declare


def kind(name: str) -> Kind:
    """The kind of that name; KeyError names the unknown one."""
    return _kinds[name]


def find_kind(name: str) -> Kind | None:
    """The kind of that name, or None: a newer Portside may have queued it."""
    return _kinds.get(name)


def known() -> Iterator[Kind]:
    """All kinds declared so far."""
    return iter(_kinds.values())


def lane_of(name: str) -> Lane:
    """The lane that jobs of this kind wait in."""
    return _kinds[name].lane
