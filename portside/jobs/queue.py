"""The queue table: putting jobs in, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence

from portside.db.commits import after_commit
from portside.db.sql import Part, insert_all
from portside.db.tx import Tx
from portside.jobs import wake
from portside.jobs.models import Job
from portside.jobs.registry import lane_of

# What is due at once takes the database's time, as leases do: a host whose clock is ahead delays nothing.
_INSERT = (
    "INSERT INTO jobs (lane, kind, key, payload, run_at) "
    "SELECT new.lane, new.kind, new.key, new.payload, coalesce(new.run_at, now()) FROM "
    "unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::timestamptz[]) "
    "AS new (lane, kind, key, payload, run_at)"
)


async def enqueue(tx: Tx, *jobs: Job) -> None:
    """Queue jobs; they exist once the caller's transaction commits."""
    await insert_all(tx, job_part(jobs))


def job_part(jobs: Sequence[Job]) -> Part:
    """The same as a part of a joined statement."""
    if not jobs:
        return Part(_INSERT, ())
    rows = [(lane_of(job.kind), job.kind, job.key, job.payload, job.run_at) for job in jobs]
    for lane in {row[0] for row in rows}:
        after_commit(wake.noter(lane))
    return Part(_INSERT, tuple(zip(*rows, strict=True)))
