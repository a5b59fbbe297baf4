"""A worker process for tests: `python -m tests.support.job_worker DSN LEASE_SECONDS POLL_SECONDS`.

Says `ready` when it works. Its jobs leave traces in the table job_traces(job_id, pid, what), which the test makes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from portside.db.begin import begin, reading
from portside.db.pool import close_pool, open_pool
from portside.jobs import wake
from portside.jobs.models import LANES, Retry, Run
from portside.jobs.registry import job
from portside.jobs.worker import Worker


async def _trace(run: Run, what: str) -> None:
    async with begin() as tx:
        await tx.execute(
            "INSERT INTO job_traces (job_id, pid, what) VALUES ($1, $2, $3)", run.job_id, os.getpid(), what
        )


@job("trace.quick", lane="fast", retry=Retry(delays=(0.2,) * 5))
async def quick(run: Run) -> None:
    """Leaves one trace."""
    await _trace(run, "done")


@job("trace.long", lane="fast", retry=Retry(delays=(0.2,) * 5))
async def long(run: Run) -> None:
    """Leaves a trace, works for payload["seconds"] in its first attempt, and leaves another."""
    await _trace(run, "started")
    if run.attempt == 1:
        await asyncio.sleep(run.payload["seconds"])
    await _trace(run, "done")


@job("trace.periodic", lane="polls", every=3600)
async def periodic(run: Run) -> None:
    """Leaves one trace per period."""
    await _trace(run, "ticked")


async def _listening() -> bool:
    """The connection for notes has listened, or has even sent a note already."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND query ~ 'LISTEN|pg_notify'"
    async with reading() as tx:
        return bool(await tx.fetchval(query, _application()))


def _application() -> str:
    return f"job_worker {os.getpid()}"


async def main(dsn: str, lease_seconds: float, poll_seconds: float) -> None:
    await open_pool(dsn, size=6, application=_application())
    worker = Worker(lanes=dict.fromkeys(LANES, 16), lease_seconds=lease_seconds, poll_seconds=poll_seconds)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sharing = asyncio.create_task(wake.share())
    working = asyncio.create_task(worker.run())
    while not await _listening():
        await asyncio.sleep(0.02)
    print("ready", flush=True)
    await stop.wait()
    await worker.stop(grace=5)
    await working
    sharing.cancel()
    await asyncio.gather(sharing, return_exceptions=True)
    await close_pool()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
