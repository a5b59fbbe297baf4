"""The kinds of job there are; `worker.kinds()` fills it by importing every jobs.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from portside.jobs.models import Handler, Kind, Lane, Retry

_kinds: dict[str, Kind] = {}
_DEFAULT_RETRY = Retry()


def job(
    name: str, *, lane: Lane, retry: Retry = _DEFAULT_RETRY, every: float | None = None
) -> Callable[[Handler], Handler]:
    """Declare the decorated function as the handler of a kind of job. `every`: run it each so many seconds, once
    in the whole installation."""

    def declare(handler: Handler) -> Handler:
        if name in _kinds and _kinds[name].handler is not handler:
            raise RuntimeError(f"two handlers for job {name}")
        _kinds[name] = Kind(name=name, lane=lane, handler=handler, retry=retry, every=every)
        return handler

    return declare


def kind(name: str) -> Kind:
    """The kind of that name; KeyError names the unknown one."""
    return _kinds[name]


def known() -> Iterator[Kind]:
    """All kinds declared so far."""
    return iter(_kinds.values())


def lane_of(name: str) -> Lane:
    """The lane that jobs of this kind wait in."""
    return _kinds[name].lane
