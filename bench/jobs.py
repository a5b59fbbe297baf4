"""No-op jobs through one worker, against a bare loop of claim and delete statements on the same table.

The last line is one JSON object: bench, against, ratio, per_second, cpu_us (CPU of the Python process per job).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import NamedTuple

from portside.db.begin import reading
from portside.db.pool import close_pool, current_pool, open_pool
from portside.jobs.models import Run
from portside.jobs.registry import job
from portside.jobs.worker import Worker
from tests.support.database import TestServer, fresh_database

_AT_ONCE = 100
_FILL = (
    "INSERT INTO jobs (lane, kind, key, payload, run_at) "
    "SELECT 'fast', 'bench.nothing', CASE WHEN $2 THEN 'key-' || n % 100 END, '{\"order\": \"0123456789\"}', now() "
    "FROM generate_series(1, $1) AS n"
)
_CLAIM = (
    "UPDATE jobs SET run_at = now() + interval '10 s', attempts = attempts + 1 FROM (SELECT id FROM jobs "
    "WHERE lane = 'fast' AND run_at <= now() AND run_at < 'infinity' ORDER BY run_at, id LIMIT $1 "
    "FOR UPDATE SKIP LOCKED) AS due WHERE jobs.id = due.id RETURNING jobs.id, payload, jobs.attempts"
)
_DELETE = (
    "DELETE FROM jobs USING unnest($1::bigint[], $2::int[]) AS done (id, attempts) "
    "WHERE jobs.id = done.id AND jobs.attempts = done.attempts"
)


class Result(NamedTuple):
    per_second: float
    cpu_us: float


@job("bench.nothing", lane="fast")
async def nothing(_run: Run) -> None:
    """The job that costs nothing of its own."""


async def _fill(jobs: int, *, keyed: bool = False) -> None:
    await current_pool().execute("TRUNCATE jobs")
    await current_pool().execute(_FILL, jobs, keyed)


async def _bare(jobs: int) -> Result:
    await _fill(jobs)
    wall, cpu = time.perf_counter(), time.process_time()
    async with reading() as tx:
        while rows := await tx.fetch(_CLAIM, _AT_ONCE):
            await tx.execute(_DELETE, [row["id"] for row in rows], [row["attempts"] for row in rows])
    return _result(jobs, wall, cpu)


async def _worker(jobs: int, slots: int, *, keyed: bool = False) -> Result:
    await _fill(jobs, keyed=keyed)
    worker = Worker(lanes={"fast": slots}, lease_seconds=10)
    wall, cpu = time.perf_counter(), time.process_time()
    running = asyncio.create_task(worker.run())
    async with reading() as tx:
        while await tx.fetchval("SELECT EXISTS (SELECT FROM jobs)"):
            await asyncio.sleep(0.02)
    result = _result(jobs, wall, cpu)
    await worker.stop()
    await running
    return result


def _result(jobs: int, wall: float, cpu: float) -> Result:
    return Result(jobs / (time.perf_counter() - wall), (time.process_time() - cpu) / jobs * 1e6)


async def _run(jobs: int) -> None:
    await open_pool(await fresh_database("bench_jobs"), size=10)
    try:
        await _bare(jobs // 10)
        bare = await _bare(jobs)
        worker = await _worker(jobs, slots=_AT_ONCE)
        default = await _worker(jobs, slots=12)
        keyed = await _worker(jobs // 10, slots=12, keyed=True)
    finally:
        await close_pool()
    print(f"bare loop, {_AT_ONCE} at once: {bare.per_second:,.0f}/s, {bare.cpu_us:.0f} us")
    print(f"worker, {_AT_ONCE} slots: {worker.per_second:,.0f}/s, {worker.cpu_us:.0f} us")
    print(f"worker, 12 slots (the default of the lane): {default.per_second:,.0f}/s, {default.cpu_us:.0f} us")
    print(f"worker, 12 slots, 100 keys: {keyed.per_second:,.0f}/s, {keyed.cpu_us:.0f} us")
    line = {
        "bench": "no-op jobs through one worker",
        "against": "bare claim and delete loop",
        "ratio": round(worker.per_second / bare.per_second, 3),
        "per_second": round(worker.per_second),
        "cpu_us": round(worker.cpu_us, 1),
    }
    print(json.dumps(line))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20_000)
    arguments = parser.parse_args()
    server = TestServer()
    server.start()
    try:
        asyncio.run(_run(arguments.jobs))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
