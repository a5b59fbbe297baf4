"""Order per key: one at a time, oldest first, whatever happens to the one ahead, and at no cost to others."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict

import asyncpg
import pytest

from portside.db.begin import begin, reading
from portside.db.pool import current_pool
from portside.jobs import claims
from portside.jobs.actions import rerun_dead
from portside.jobs.drain import drain
from portside.jobs.models import Job, Outcome, Retry, Run
from portside.jobs.queries import list_dead
from portside.jobs.queue import enqueue
from portside.jobs.registry import job
from tests.jobs.conftest import StartWorker, Until, jobs_left, queue_is_empty


async def _ids(where: str) -> list[int]:
    return [row["id"] for row in await current_pool().fetch(f"SELECT id FROM jobs WHERE {where} ORDER BY id")]


async def _settle(*outcomes: Outcome) -> set[str]:
    async with begin() as tx:
        return await claims.settle(tx, outcomes)


async def _claim(limit: int = 8) -> claims.Claim:
    async with reading() as tx:
        return await claims.claim(tx, "fast", "somebody", 30, limit)


async def _park() -> int:
    async with begin() as tx:
        return await claims.park(tx, "fast")


async def test_two_workers_keep_the_order_of_each_key(start_worker: StartWorker, until: Until) -> None:
    running: set[str] = set()
    ran: dict[str, list[int]] = defaultdict(list)
    failed: set[int] = set()

    @job("probe.step", lane="fast", retry=Retry(delays=(0.01, 0.01)))
    async def step(run: Run) -> None:
        key, n = run.payload["key"], run.payload["n"]
        assert key not in running, "two jobs of one key at once"
        running.add(key)
        await asyncio.sleep(random.uniform(0, 0.004))
        running.discard(key)
        if n % 9 == 4 and n not in failed:
            failed.add(n)
            raise ValueError("the first attempt fails; the jobs behind it wait")
        ran[key].append(n)

    for _ in range(2):
        start_worker({"fast": 8}, poll_seconds=0.05)
    jobs = [Job(kind="probe.step", key=f"key-{n % 5}", payload={"key": f"key-{n % 5}", "n": n}) for n in range(200)]
    for some in range(0, 200, 20):
        async with begin() as tx:
            await enqueue(tx, *jobs[some : some + 20])
    await until(queue_is_empty)
    assert {key: len(numbers) for key, numbers in ran.items()} == {f"key-{k}": 40 for k in range(5)}
    assert all(numbers == sorted(numbers) for numbers in ran.values())


async def test_a_job_waiting_for_its_retry_holds_up_the_later_ones_of_its_key_only() -> None:
    ran: list[str] = []
    broken = True

    @job("probe.deliver", lane="fast", retry=Retry(delays=(60,)))
    async def deliver(run: Run) -> None:
        if broken and run.payload["to"] == "down":
            raise ConnectionError("down")
        ran.append(run.payload["text"])

    async with begin() as tx:
        await enqueue(
            tx,
            *[Job(kind="probe.deliver", key="down", payload={"to": "down", "text": f"d{n}"}) for n in range(100)],
            *[Job(kind="probe.deliver", key="up", payload={"to": "up", "text": f"u{n}"}) for n in range(5)],
            Job(kind="probe.deliver", payload={"to": "nobody", "text": "no key"}),
        )
    await drain()
    assert sorted(ran) == ["no key", "u0", "u1", "u2", "u3", "u4"]
    assert [text for text in ran if text != "no key"] == [f"u{n}" for n in range(5)]

    broken = False
    ran.clear()
    await current_pool().execute("UPDATE jobs SET run_at = now() WHERE failures = 1")
    await drain()
    assert ran == [f"d{n}" for n in range(100)]


async def test_the_death_of_a_job_frees_the_next_and_its_rerun_goes_first() -> None:
    ran: list[str] = []
    broken = True

    @job("probe.mortal", lane="fast", retry=Retry(delays=()))
    async def mortal(run: Run) -> None:
        if broken and run.payload["text"] == "first":
            raise ValueError("no")
        ran.append(run.payload["text"])

    async with begin() as tx:
        await enqueue(tx, *[Job(kind="probe.mortal", key="k", payload={"text": text}) for text in ("first", "second")])
    await drain()
    assert ran == ["second"]
    broken = False
    async with begin() as tx:
        await enqueue(tx, Job(kind="probe.mortal", key="k", payload={"text": "third"}))
        await rerun_dead(tx, [dead.id for dead in await list_dead(tx)])
    await drain()
    assert ran == ["second", "first", "third"]


async def test_an_older_job_that_was_committed_late_waits_for_the_one_that_runs(database: str) -> None:
    @job("probe.any", lane="fast")
    async def handler(run: Run) -> None:
        pass

    slow = await asyncpg.connect(database)
    try:
        open_transaction = slow.transaction()
        await open_transaction.start()
        await slow.execute(
            "INSERT INTO jobs (lane, kind, key, payload, run_at) VALUES ('fast', 'probe.any', 'k', '{}', now())"
        )
        async with begin() as tx:
            await enqueue(tx, Job(kind="probe.any", key="k", payload={}))
        (newer,) = (await _claim()).leases
        await open_transaction.commit()
    finally:
        await slow.close()
    found = await _claim()
    assert found.leases == []
    assert found.blocked == 1
    assert await _park() == 1
    await _settle(Outcome(lease=newer, verdict="done"))
    (older,) = (await _claim()).leases
    assert older.id < newer.id


async def test_the_database_refuses_a_second_runner_of_a_key() -> None:
    insert = (
        "INSERT INTO jobs (lane, kind, key, payload, run_at, leased_by) "
        "VALUES ('fast', 'probe.any', 'k', '{}', now(), 'somebody')"
    )
    await current_pool().execute(insert)
    with pytest.raises(asyncpg.UniqueViolationError):
        await current_pool().execute(insert)


async def test_no_job_is_parked_behind_one_that_is_just_being_settled() -> None:
    """The two orders in which parking and settling may meet."""

    @job("probe.any", lane="fast")
    async def handler(run: Run) -> None:
        pass

    async with begin() as tx:
        await enqueue(tx, *[Job(kind="probe.any", key="k", payload={}) for _ in range(3)])
    (first,) = (await _claim()).leases
    # Settling has the lock: parking sees that it cannot be sure, and parks nothing.
    async with begin() as settling:
        await claims.settle(settling, [Outcome(lease=first, verdict="done")])
        assert await _park() == 0
    (second,) = (await _claim()).leases
    # Parking has the lock: settling waits for it and then frees what it parked.
    async with begin() as parking:
        assert await claims.park(parking, "fast") == 1
        settling_task = asyncio.create_task(_settle(Outcome(lease=second, verdict="done")))
        await asyncio.sleep(0.05)
        assert not settling_task.done()
    assert await settling_task == {"fast"}
    (third,) = (await _claim()).leases
    assert [first.id, second.id, third.id] == sorted([first.id, second.id, third.id])


async def test_a_great_backlog_of_one_key_does_not_stand_before_other_jobs() -> None:
    @job("probe.any", lane="fast")
    async def handler(run: Run) -> None:
        pass

    await current_pool().execute(
        "INSERT INTO jobs (lane, kind, key, payload, run_at) "
        "SELECT 'fast', 'probe.any', 'dead receiver', '{}', now() FROM generate_series(1, 3000)"
    )
    (head,) = (await _claim()).leases
    while await _park():
        pass
    async with begin() as tx:
        await enqueue(tx, Job(kind="probe.any", payload={"who": "other"}))
    found = await _claim()
    assert [lease.payload for lease in found.leases] == [{"who": "other"}]
    assert (found.more, found.blocked) == (False, 0)
    assert len(await _ids("run_at = 'infinity'")) == 2999
    assert head.id < min(await _ids("run_at = 'infinity'"))


async def test_mending_frees_what_a_deletion_by_hand_left_parked() -> None:
    @job("probe.any", lane="fast")
    async def handler(run: Run) -> None:
        pass

    async with begin() as tx:
        for key in ("a", "b"):
            await enqueue(tx, *[Job(kind="probe.any", key=key, payload={"key": key}) for _ in range(3)])
    leases = (await _claim()).leases
    assert await _park() == 4
    await current_pool().execute("DELETE FROM jobs WHERE id = $1", leases[0].id)
    async with begin() as tx:
        assert await claims.mend(tx) == {"fast"}
    assert [lease.key for lease in (await _claim()).leases] == ["a"], "b still has its runner"
    assert await jobs_left() == 5
