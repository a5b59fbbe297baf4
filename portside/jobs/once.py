"""Queueing a job only where none of its key waits already: for jobs that do all there is to do when they run."""

from __future__ import annotations

from portside.db.commits import after_commit
from portside.db.tx import Tx
from portside.jobs import wake
from portside.jobs.models import Job
from portside.jobs.queue import enqueue

# The lock keeps a waiting job from being claimed before our commit, so it will see what we wrote. One that is being
# claimed right now is skipped and does not count: it may have looked already.
_WAITING = (
    "SELECT key, lane FROM jobs WHERE key = ANY($1::text[]) AND leased_by IS NULL "
    "AND (run_at <= now() OR run_at = 'infinity') FOR UPDATE SKIP LOCKED"
)


async def enqueue_once(tx: Tx, *jobs: Job) -> None:
    """Queue those of the jobs, each with a key, whose key has no due job waiting. Needs a transaction."""
    wanted = {job.key: job for job in jobs}
    if None in wanted:
        raise ValueError("enqueue_once() is for jobs with a key")
    if not wanted:
        return
    waiting = {row["key"]: row["lane"] for row in await tx.fetch(_WAITING, list(wanted))}
    # While we held its lock a claim may have passed it over, and would not look again before its slow poll.
    for lane in set(waiting.values()):
        after_commit(wake.noter(lane))
    await enqueue(tx, *[job for key, job in wanted.items() if key not in waiting])
