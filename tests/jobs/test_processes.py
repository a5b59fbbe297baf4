"""Two real worker processes on one database: kill -9, waking across processes, one schedule."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from portside.db.begin import begin
from portside.db.pool import current_pool
from portside.jobs import wake
from portside.jobs.models import Job, Run
from portside.jobs.queue import enqueue
from portside.jobs.registry import job
from tests.jobs.conftest import Until, queue_is_empty
from tests.support.patience import PATIENCE

StartProcess = Callable[..., Awaitable[Process]]


@pytest.fixture(autouse=True)
async def traces(database: str) -> AsyncIterator[None]:
    await current_pool().execute(
        "DROP TABLE IF EXISTS job_traces; "
        "CREATE TABLE job_traces (job_id bigint, pid int, what text, at timestamptz DEFAULT clock_timestamp())"
    )
    yield
    await current_pool().execute("DROP TABLE job_traces")


@pytest.fixture
async def start_process(database: str) -> AsyncIterator[StartProcess]:
    """Starts worker processes; what still runs at the end of the test is killed."""
    started: list[Process] = []

    async def start(lease_seconds: float = 30, poll_seconds: float = 0.1) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.job_worker",
            database,
            str(lease_seconds),
            str(poll_seconds),
            stdout=PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        # The rest of the output is read, so that the transport closes.
        await process.communicate()


async def _ready(*processes: Process) -> None:
    async with asyncio.timeout(PATIENCE):
        for process in processes:
            assert process.stdout is not None
            while (line := await process.stdout.readline()).strip() != b"ready":
                assert line, "the worker ended before it was ready"


async def _traces(what: str) -> list[tuple[int, int]]:
    rows = await current_pool().fetch("SELECT job_id, pid FROM job_traces WHERE what = $1 ORDER BY at", what)
    return [(row["job_id"], row["pid"]) for row in rows]


@pytest.fixture(autouse=True)
def kinds() -> None:
    """The kinds of the worker processes, as far as queueing needs them."""

    async def elsewhere(run: Run) -> None:
        raise AssertionError("runs in the worker processes only")

    job("trace.quick", lane="fast")(elsewhere)
    job("trace.long", lane="fast")(elsewhere)


async def test_a_worker_killed_with_kill_9_loses_nothing(start_process: StartProcess, until: Until) -> None:
    processes = [await start_process(lease_seconds=2), await start_process(lease_seconds=2)]
    await _ready(*processes)
    async with begin() as tx:
        await enqueue(tx, *[Job(kind="trace.long", payload={"seconds": 60}) for _ in range(6)])

    async def all_started() -> bool:
        return len(await _traces("started")) == 6

    await until(all_started)
    victims = {pid for _, pid in await _traces("started")}
    victim = next(process for process in processes if process.pid in victims)
    other = next(process for process in processes if process is not victim)
    lost = {job_id for job_id, pid in await _traces("started") if pid == victim.pid}
    async with begin() as tx:
        await enqueue(tx, *[Job(kind="trace.quick", payload={}) for _ in range(100)])
    victim.send_signal(signal.SIGKILL)
    await victim.wait()

    async def others_jobs_are_all_that_is_left() -> bool:
        rows = await current_pool().fetch("SELECT id FROM jobs")
        return not lost & {row["id"] for row in rows} and len(rows) == 6 - len(lost)

    await until(others_jobs_are_all_that_is_left)
    done = await _traces("done")
    assert {job_id for job_id, pid in done if pid == other.pid} >= lost
    # The 100 quick ones: each has run, and again only where the kill came between its work and its settlement.
    assert len({job_id for job_id, _ in done}) == 100 + len(lost)

    # An orderly stop hands the long jobs back, so that nobody waits for their leases.
    other.send_signal(signal.SIGTERM)
    await other.wait()
    assert await current_pool().fetchval("SELECT count(*) FROM jobs WHERE leased_by IS NOT NULL") == 0


async def test_work_committed_here_wakes_a_worker_in_another_process(start_process: StartProcess, until: Until) -> None:
    # The slow poll comes after an hour: only a NOTIFY can bring these jobs to the worker in time.
    process = await start_process(poll_seconds=3600)
    await _ready(process)
    sharing = asyncio.create_task(wake.share())
    try:
        for _ in range(3):
            async with begin() as tx:
                await enqueue(tx, Job(kind="trace.quick", payload={}))
            await until(queue_is_empty)
    finally:
        sharing.cancel()
        await asyncio.gather(sharing, return_exceptions=True)
    assert {pid for _, pid in await _traces("done")} == {process.pid}


async def test_two_processes_run_a_periodic_job_once_per_period(start_process: StartProcess, until: Until) -> None:
    processes = [await start_process(), await start_process()]
    await _ready(*processes)
    for period in (1, 2):

        async def ticked(times: int = period) -> bool:
            return len(await _traces("ticked")) >= times

        await until(ticked)
        # Long enough for both schedules to look again.
        await asyncio.sleep(1.2)
        assert len(await _traces("ticked")) == period
        await current_pool().execute("UPDATE job_schedule SET next_run_at = now() WHERE kind = 'trace.periodic'")
