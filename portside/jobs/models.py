"""A job as it is queued, leased and settled, and how its kind is described."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, get_args

import msgspec

# Lanes keep kinds of work from starving each other: each has workers of its own. `slow` serves receivers of webhooks
# that are slow or failing, so that they cannot delay those of `webhooks`.
Lane = Literal["fast", "webhooks", "slow", "bulk", "polls"]
LANES: tuple[Lane, ...] = get_args(Lane)


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
    """What a running job may know of itself; `attempt` counts from 1."""

    job_id: int
    attempt: int
    payload: Mapping[str, Any]


class Postponed(Exception):
    """Raised by a handler that wants to run again in `seconds`; it has not failed, so no attempt is used up."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:g} s")
        self.seconds = seconds


Handler = Callable[[Run], Awaitable[None]]
# Gets up to `Kind.batch` runs at once. If it raises, each run is given to it once more, alone.
BatchHandler = Callable[[list[Run]], Awaitable[None]]


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of job: its name `noun.verb`, its lane, its retries, and the period in seconds if it is periodic.

    `batch` 0 means one run at a time. A run longer than `timeout` seconds is cancelled and has failed.
    """

    name: str
    lane: Lane
    handler: Handler | BatchHandler
    retry: Retry = Retry()
    every: float | None = None
    batch: int = 0
    timeout: float = 600


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """A job that this worker may run until its lease ends; (id, attempts) is the fence under which it is settled."""

    id: int
    lane: Lane
    kind: str
    key: str | None
    payload: Mapping[str, Any]
    attempts: int
    failures: int
    due_at: dt.datetime

    def run(self) -> Run:
        return Run(job_id=self.id, attempt=self.failures + 1, payload=self.payload)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a leased job. `again` waits `delay` seconds; `failed` uses up an attempt."""

    lease: Lease
    verdict: Literal["done", "again", "dead"]
    delay: float = 0
    failed: bool = False
    error: str | None = None


class DeadJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job whose retries are used up; it waits here for a person."""

    id: int
    lane: Lane
    kind: str
    key: str | None
    payload: Mapping[str, Any]
    failures: int
    last_error: str
    created_at: dt.datetime
    died_at: dt.datetime


class LaneLoad(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs of a lane are due and not taken, and for how many seconds the oldest has been."""

    lane: Lane
    due: int
    oldest_seconds: float
