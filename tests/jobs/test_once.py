"""A job is queued once while one of its key waits, and again as soon as that one may have looked."""

from __future__ import annotations

import asyncio

import pytest

from portside.db.begin import begin, reading
from portside.db.pool import current_pool
from portside.jobs import wake
from portside.jobs.claims import claim
from portside.jobs.drain import drain
from portside.jobs.models import Job, Run
from portside.jobs.once import enqueue_once
from portside.jobs.registry import job


async def queue(key: str = "a") -> None:
    async with begin() as tx:
        await enqueue_once(tx, Job(kind="test.look", payload={}, key=key))


async def test_a_waiting_job_is_not_queued_twice() -> None:
    looked: list[int] = []

    @job("test.look", lane="fast")
    async def look(run: Run) -> None:
        looked.append(run.job_id)

    for key in ("a", "a", "b", "a"):
        await queue(key)
    await drain()
    assert len(looked) == 2
    await queue()
    await drain()
    assert len(looked) == 3


async def test_one_that_already_runs_does_not_count() -> None:
    running, go = asyncio.Event(), asyncio.Event()
    looked: list[int] = []

    @job("test.look", lane="fast")
    async def look(run: Run) -> None:
        looked.append(run.job_id)
        running.set()
        await go.wait()

    await queue()
    draining = asyncio.create_task(drain())
    await running.wait()
    await queue()
    await queue()
    assert await current_pool().fetchval("SELECT count(*) FROM jobs") == 2
    go.set()
    await draining
    assert len(looked) == 2


async def test_a_waiting_job_that_a_claim_passed_over_is_looked_for_again() -> None:
    @job("test.look", lane="fast")
    async def look(run: Run) -> None:
        raise AssertionError(run)

    async def claimed() -> int:
        async with reading() as tx:
            return len((await claim(tx, "fast", "test", 10, 8)).leases)

    await queue()
    roused = asyncio.Event()
    with wake.watching("fast", roused):
        async with begin() as tx:
            await enqueue_once(tx, Job(kind="test.look", payload={}, key="a"))
            assert await asyncio.create_task(claimed()) == 0
            assert not roused.is_set()
        assert roused.is_set()
    assert await claimed() == 1


async def test_a_job_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="key"):
        async with begin() as tx:
            await enqueue_once(tx, Job(kind="test.look", payload={}))
