"""Requests per minute, account and mode, with the numbers that Shippo publishes (Rate Limits page, read 2026-11).

The truth is one row per minute in the table of counters. A process takes a share of the minute's requests from there
at a time and hands it out itself, so that few requests pay a round trip and all processes together never allow more
than the limit; at worst they allow a share less, which another process holds.
"""

from __future__ import annotations

import datetime as dt
import time
from functools import lru_cache
from typing import Any, Literal

import msgspec

from portside.accounts.actions import note_attempt
from portside.db.begin import reading
from portside.errors import Overloaded
from portside.kit.scope import Mode, Scope
from portside.kit.services import services

WINDOW_SECONDS = 60
# Where the headers of an answer wait in the server's view of the request (read by rest/asgi.py).
HEADERS = "portside_headers"
# A share is this part of what is left, so shares shrink as the limit comes near.
_PARTS = 20

Kind = Literal["write", "read", "list"]

_MOST: dict[tuple[str, Kind], dict[Mode, int]] = {
    ("common", "write"): {"live": 500, "test": 50},
    ("common", "read"): {"live": 4000, "test": 400},
    ("common", "list"): {"live": 50, "test": 10},
    ("batches", "write"): {"live": 50, "test": 10},
    ("batches", "read"): {"live": 400, "test": 40},
    ("batches", "list"): {"live": 50, "test": 10},
    ("tracks", "write"): {"live": 750, "test": 50},
    ("tracks", "read"): {"live": 500, "test": 50},
}
# No numbers are published for other resources, so those have no limit.
_COMMON = frozenset(
    {
        "addresses",
        "parcels",
        "shipments",
        "rates",
        "transactions",
        "customs/items",
        "customs/declarations",
        "refunds",
        "manifests",
        "carrier_accounts",
    }
)


class RateLimited(Overloaded):
    """429: this account asked more often than it may; `retry_after` is the rest of the minute."""

    code = "rate_limited"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Rate limit exceeded. Try again in {retry_after} seconds.", retry_after)


class Limit(msgspec.Struct, frozen=True):
    """What an endpoint's requests count towards, and how many a minute may have of them in each mode."""

    name: str
    most: dict[Mode, int]

    def allowed(self, mode: Mode) -> int:
        """Requests per minute as configured; 0 means any number."""
        settings = services().settings
        factor = _factor(settings.rate_limit_test if mode == "test" else settings.rate_limit_live)
        return max(1, int(self.most[mode] * factor)) if factor else 0


@lru_cache(maxsize=16)
def _factor(setting: str) -> float:
    if setting == "off":
        return 0.0
    return 1.0 if setting == "shippo" else float(setting)


def limit_of(method: str, path: str) -> Limit | None:
    """The limit of an operation; None where there is none."""
    parts = path.strip("/").split("/")
    resource = "/".join(parts[:2]) if parts[0] == "customs" else parts[0]
    kind: Kind = "write" if method != "GET" else "read" if "{" in path else "list"
    most = _MOST.get(("common" if resource in _COMMON else resource, kind))
    return None if most is None else Limit(f"{resource}:{kind}", most)


class _Window:
    """One minute of one counter as this process knows it: what it may still hand out, and what all have taken."""

    __slots__ = ("held", "start", "taken")

    def __init__(self, start: int) -> None:
        self.start = start
        self.held = 0
        self.taken = 0


_windows: dict[str, _Window] = {}
_LARGEST = 10_000


async def spend(request: Any, scope: Scope, limit: Limit) -> None:
    """Count one request, and say in its answer's headers how many are left. Raises RateLimited."""
    most = limit.allowed(scope.mode)
    if not most:
        return
    name = f"rate:{scope.account_id}:{scope.mode}:{limit.name}"
    window = _window(name, int(time.time()) // WINDOW_SECONDS * WINDOW_SECONDS)
    if not window.held and window.taken < most:
        await _take_share(window, name, most)
    is_allowed = window.held > 0
    if is_allowed:
        window.held -= 1
    end = window.start + WINDOW_SECONDS
    request[HEADERS] = (
        (b"x-ratelimit-limit", b"%d" % most),
        (b"x-ratelimit-remaining", b"%d" % (window.held + max(most - window.taken, 0))),
        (b"x-ratelimit-reset", b"%d" % end),
    )
    if not is_allowed:
        raise RateLimited(max(1, end - int(time.time())))


def _window(name: str, start: int) -> _Window:
    window = _windows.get(name)
    if window is None or window.start != start:
        if len(_windows) >= _LARGEST:
            _windows.clear()
        window = _windows[name] = _Window(start)
    return window


async def _take_share(window: _Window, name: str, most: int) -> None:
    share = max(1, (most - window.taken) // _PARTS)
    async with reading() as tx:
        taken = await note_attempt(tx, name, dt.datetime.fromtimestamp(window.start, dt.UTC), share)
    window.taken = max(window.taken, taken)
    window.held += min(share, max(0, most - taken + share))
