"""A job as it is queued, and how its kind is described."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import msgspec

# Lanes keep kinds of work from starving each other: each has workers of its own.
Lane = Literal["fast", "webhooks", "bulk", "polls"]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job to be queued. Jobs with the same `key` run one after the other, in the order they were queued.

    `run_at` delays it; the payload is small JSON: ids, not objects.
    """

    kind: str
    payload: Mapping[str, Any]
    key: str | None = None
    run_at: dt.datetime | None = None


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """After attempt n fails, wait `delays[n-1]` seconds (±20 %); after the last delay the job is dead."""

    delays: tuple[float, ...] = (1, 5, 30, 120, 600, 1800, 7200)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a running job may know of itself."""

    job_id: int
    attempt: int
    payload: Mapping[str, Any]


Handler = Callable[[Run], Awaitable[None]]


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of job: its name `noun.verb`, its lane, its retries, and the period in seconds if it is periodic."""

    name: str
    lane: Lane
    handler: Handler
    retry: Retry = Retry()
    every: float | None = None
