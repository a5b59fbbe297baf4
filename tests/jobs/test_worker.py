"""Workers of one process: lanes, leases, shutdown, and a database that goes away."""

from __future__ import annotations

import asyncio
import datetime as dt

import asyncpg

from portside.db.begin import begin, reading
from portside.db.pool import current_pool
from portside.jobs import claims
from portside.jobs.leases import Leases
from portside.jobs.models import LANES, Job, Outcome, Run
from portside.jobs.queue import enqueue
from portside.jobs.registry import job
from portside.settings import load
from portside.worker import lane_slots, run_worker
from tests.jobs.conftest import StartWorker, Until, jobs_left, queue_is_empty
from tests.support.patience import PATIENCE


async def test_a_full_lane_does_not_hold_up_another(start_worker: StartWorker) -> None:
    never, ran = asyncio.Event(), asyncio.Event()

    @job("probe.stuck", lane="bulk")
    async def stuck(run: Run) -> None:
        await never.wait()

    @job("probe.quick", lane="fast")
    async def quick(run: Run) -> None:
        ran.set()

    start_worker({"fast": 1, "bulk": 2})
    async with begin() as tx:
        await enqueue(tx, *[Job(kind="probe.stuck", payload={}) for _ in range(20)])
        await enqueue(tx, Job(kind="probe.quick", payload={}))
    async with asyncio.timeout(PATIENCE):
        await ran.wait()


async def test_handlers_hold_no_database_connection_while_they_run(start_worker: StartWorker, until: Until) -> None:
    inside, leave = 0, asyncio.Event()

    @job("probe.wait", lane="fast")
    async def wait(run: Run) -> None:
        nonlocal inside
        inside += 1
        await leave.wait()

    start_worker({"fast": 40})
    async with begin() as tx:
        await enqueue(tx, *[Job(kind="probe.wait", payload={}) for _ in range(40)])

    async def all_inside() -> bool:
        return inside == 40

    await until(all_inside)
    # Forty jobs run on a pool of ten, and it still answers.
    async with begin() as tx:
        assert await tx.fetchval("SELECT count(*) FROM jobs WHERE leased_by IS NOT NULL") == 40
    leave.set()
    await until(queue_is_empty)


async def test_a_stopped_worker_hands_back_what_it_has_not_finished(start_worker: StartWorker, until: Until) -> None:
    started: list[int] = []
    first_started, first_cancelled, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @job("probe.long", lane="fast")
    async def long(run: Run) -> None:
        started.append(run.attempt)
        first_started.set()
        if len(started) > 1:
            finished.set()
            return
        try:
            await asyncio.Event().wait()
        finally:
            first_cancelled.set()

    async with begin() as tx:
        await enqueue(tx, Job(kind="probe.long", payload={}))
    # The lease is long: the second worker gets the job because it was handed back, not because it ran out.
    stopping = start_worker(lease_seconds=3600)
    async with asyncio.timeout(PATIENCE):
        await first_started.wait()
        await stopping.stop(grace=0)
        assert first_cancelled.is_set()
        start_worker(lease_seconds=3600)
        await finished.wait()
    assert started == [1, 1], "being handed back is no failure"
    await until(queue_is_empty)


async def test_a_stopping_worker_lets_running_jobs_finish_within_the_grace(start_worker: StartWorker) -> None:
    started, finished = asyncio.Event(), asyncio.Event()

    @job("probe.short", lane="fast")
    async def short(run: Run) -> None:
        started.set()
        await asyncio.sleep(0.1)
        finished.set()

    async with begin() as tx:
        await enqueue(tx, Job(kind="probe.short", payload={}))
    worker = start_worker()
    async with asyncio.timeout(PATIENCE):
        await started.wait()
        await worker.stop(grace=10)
    assert finished.is_set()
    assert await jobs_left() == 0


async def test_a_slow_worker_whose_lease_was_taken_can_settle_nothing() -> None:
    @job("probe.any", lane="fast")
    async def handler(run: Run) -> None:
        pass

    async with begin() as tx:
        await enqueue(tx, Job(kind="probe.any", payload={}))
    async with reading() as tx:
        (slow,) = (await claims.claim(tx, "fast", "slow", 0, 1)).leases
        (quick,) = (await claims.claim(tx, "fast", "quick", 30, 1)).leases
    assert quick.failures == 1, "a lease that ran out counts as a failure"
    for verdict in ("done", "again", "dead"):
        async with begin() as tx:
            await claims.settle(tx, [Outcome(lease=slow, verdict=verdict, error="late")])
            assert await claims.renew(tx, [(slow.id, slow.attempts)], 30) == set()
            assert await tx.fetchval("SELECT leased_by FROM jobs") == "quick"
            assert await tx.fetchval("SELECT count(*) FROM dead_jobs") == 0
    async with begin() as tx:
        await claims.settle(tx, [Outcome(lease=quick, verdict="done")])
    assert await jobs_left() == 0


async def test_a_job_whose_lease_was_lost_is_cancelled() -> None:
    @job("probe.any", lane="fast")
    async def handler(run: Run) -> None:
        pass

    async with begin() as tx:
        await enqueue(tx, Job(kind="probe.any", payload={}))
    leases = Leases(30)
    async with reading() as tx:
        (lease,) = (await claims.claim(tx, "fast", "slow", 0, 1)).leases
        running = asyncio.create_task(asyncio.sleep(3600))
        leases.hold(lease, running)
        await leases.renew()
        assert leases.holds(lease), "nobody has taken it yet, so it was renewed"
        await tx.execute("UPDATE jobs SET run_at = now()")
        await claims.claim(tx, "fast", "quick", 30, 1)
    await leases.renew()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    assert not leases.holds(lease)


async def test_a_long_job_keeps_its_lease(start_worker: StartWorker, until: Until) -> None:
    runs: list[int] = []

    async def lease_ends() -> dt.datetime:
        ends: dt.datetime = await current_pool().fetchval("SELECT run_at FROM jobs")
        return ends

    @job("probe.long", lane="fast")
    async def long(run: Run) -> None:
        runs.append(run.attempt)
        first = await lease_ends()
        while await lease_ends() == first:
            await asyncio.sleep(0.02)

    # A machine that stands still for less than a lease must not cost it; renewed it is after a third.
    for _ in range(2):
        start_worker(lease_seconds=6, poll_seconds=0.1)
    async with begin() as tx:
        await enqueue(tx, Job(kind="probe.long", payload={}))
    await until(queue_is_empty)
    assert runs == [1]


async def test_a_worker_outlives_the_loss_of_all_its_connections(
    database: str, start_worker: StartWorker, until: Until
) -> None:
    seen: list[int] = []

    @job("probe.note", lane="fast")
    async def note(run: Run) -> None:
        seen.append(run.payload["n"])

    # A claim whose answer was lost is only taken up again when its lease has run out.
    start_worker(poll_seconds=0.1, lease_seconds=1)
    outsider = await asyncpg.connect(database)
    try:
        for n in range(3):
            await outsider.execute(
                "INSERT INTO jobs (lane, kind, payload, run_at) "
                "VALUES ('fast', 'probe.note', jsonb_build_object('n', $1::int), now())",
                n,
            )
            await outsider.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(0.1)

        async def done() -> bool:
            return bool(await outsider.fetchval("SELECT NOT EXISTS (SELECT FROM jobs)"))

        await until(done)
    finally:
        await outsider.close()
    assert set(seen) == {0, 1, 2}


async def test_a_batched_kind_fills_its_batch_beyond_the_slots(start_worker: StartWorker, until: Until) -> None:
    sizes: list[int] = []

    @job("probe.batch", lane="webhooks", batch=100)
    async def batch(runs: list[Run]) -> None:
        sizes.append(len(runs))

    async with begin() as tx:
        await enqueue(tx, *[Job(kind="probe.batch", payload={}) for _ in range(300)])
    start_worker({"webhooks": 2})
    await until(queue_is_empty)
    assert sum(sizes) == 300
    assert max(sizes) == 100


async def test_idle_connections_are_all_returned(start_worker: StartWorker, until: Until) -> None:
    @job("probe.any", lane="fast")
    async def handler(run: Run) -> None:
        pass

    worker = start_worker()
    async with begin() as tx:
        await enqueue(tx, *[Job(kind="probe.any", payload={}) for _ in range(50)])
    await until(queue_is_empty)
    await worker.stop()

    async def only_the_listener_is_out() -> bool:
        pool = current_pool()
        return pool.get_size() - pool.get_idle_size() <= 1

    await until(only_the_listener_is_out)


async def test_the_product_worker_runs_until_it_is_stopped_or_cancelled() -> None:
    for by_cancelling in (False, True):
        ran, stop = asyncio.Event(), asyncio.Event()

        async def note(run: Run, ran: asyncio.Event = ran) -> None:
            ran.set()

        job(f"probe.{by_cancelling}", lane="fast")(note)
        working = asyncio.create_task(run_worker(load({}), stop=stop))
        async with begin() as tx:
            await enqueue(tx, Job(kind=f"probe.{by_cancelling}", payload={}))
        async with asyncio.timeout(PATIENCE):
            await ran.wait()
            if by_cancelling:
                working.cancel()
            else:
                stop.set()
            await asyncio.gather(working, return_exceptions=True)
        assert working.cancelled() is by_cancelling
        assert await current_pool().fetchval("SELECT count(*) FROM jobs WHERE leased_by IS NOT NULL") == 0


def test_every_lane_of_the_smallest_worker_has_a_slot() -> None:
    slots = lane_slots(1)
    assert set(slots) == set(LANES)
    assert min(slots.values()) >= 1
