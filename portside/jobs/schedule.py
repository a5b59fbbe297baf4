"""Periodic jobs: each is queued once per period in the whole installation, by whichever process comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from portside.db.begin import begin
from portside.db.tx import Tx
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.jobs.registry import known
from portside.jobs.trouble import TROUBLE

log = structlog.get_logger(__name__)

_TICK = 1.0

# A period that a new release has shortened must not wait out the old one.
_PLANT = """INSERT INTO job_schedule (kind, next_run_at)
SELECT kind, now() FROM unnest($1::text[]) AS kind
ON CONFLICT (kind) DO NOTHING"""
_SHORTEN = """UPDATE job_schedule SET next_run_at = now() + make_interval(secs => wanted.every)
FROM unnest($1::text[], $2::float8[]) AS wanted (kind, every)
WHERE job_schedule.kind = wanted.kind AND next_run_at > now() + make_interval(secs => wanted.every)"""

# The next time stays on the grid of the first; periods that passed while nothing ran are skipped, not made up for.
_ADVANCE = """WITH due AS (
    SELECT job_schedule.kind, wanted.every FROM job_schedule
    JOIN unnest($1::text[], $2::float8[]) AS wanted (kind, every) ON wanted.kind = job_schedule.kind
    WHERE next_run_at <= now() FOR UPDATE OF job_schedule SKIP LOCKED
), advanced AS (
    UPDATE job_schedule SET last_run_at = now(), next_run_at = next_run_at
        + make_interval(secs => due.every * (1 + floor(extract(epoch FROM now() - next_run_at) / due.every)))
    FROM due WHERE job_schedule.kind = due.kind RETURNING job_schedule.kind
)
SELECT kind FROM advanced WHERE NOT EXISTS (SELECT FROM jobs WHERE jobs.key = 'periodic:' || advanced.kind)"""


def periods() -> dict[str, float]:
    """Kind -> seconds, of the periodic kinds that this process knows."""
    return {kind.name: kind.every for kind in known() if kind.every is not None}


async def plant(tx: Tx, every: Mapping[str, float]) -> None:
    """Make sure that each periodic kind has its row; a new one is due at once."""
    await tx.execute(_PLANT, list(every))
    await tx.execute(_SHORTEN, list(every), list(every.values()))


async def enqueue_due(tx: Tx, every: Mapping[str, float]) -> list[str]:
    """Queue the kinds whose time has come and give their names. One whose last run is unfinished skips a turn."""
    rows = await tx.fetch(_ADVANCE, list(every), list(every.values()))
    kinds = [row["kind"] for row in rows]
    await enqueue(tx, *[Job(kind=kind, payload={}, key=f"periodic:{kind}") for kind in kinds])
    return kinds


async def run_schedule() -> None:
    """Look once a second, until cancelled. An unreachable database is waited for."""
    every = periods()
    planted = False
    while True:
        try:
            if not planted:
                async with begin() as tx:
                    await plant(tx, every)
                planted = True
            async with begin() as tx:
                await enqueue_due(tx, every)
        except TROUBLE as error:
            log.warning("job_schedule_delayed", error=str(error))
        await asyncio.sleep(_TICK)
