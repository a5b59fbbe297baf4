"""Periodic jobs: once per period, by whichever process comes first."""

from __future__ import annotations

import asyncio

from portside.db.begin import begin
from portside.db.pool import current_pool
from portside.jobs.drain import drain
from portside.jobs.models import Run
from portside.jobs.registry import job
from portside.jobs.schedule import enqueue_due, periods, plant
from tests.jobs.conftest import jobs_left


async def _tick() -> list[str]:
    async with begin() as tx:
        return await enqueue_due(tx, periods())


async def _make_due(seconds_ago: float = 0) -> None:
    await current_pool().execute("UPDATE job_schedule SET next_run_at = now() - make_interval(secs => $1)", seconds_ago)


async def test_of_many_processes_one_queues_the_periodic_job() -> None:
    runs: list[int] = []

    @job("probe.nightly", lane="polls", every=3600)
    async def nightly(run: Run) -> None:
        runs.append(run.job_id)

    async with begin() as tx:
        await plant(tx, periods())
        await plant(tx, periods())
    assert sum([len(kinds) for kinds in await asyncio.gather(*[_tick() for _ in range(8)])]) == 1
    await drain()
    assert await _tick() == [], "the period is not over"
    await _make_due()
    assert await _tick() == ["probe.nightly"]
    await drain()
    assert len(runs) == 2


async def test_missed_periods_are_skipped_and_the_grid_is_kept() -> None:
    @job("probe.hourly", lane="polls", every=3600)
    async def hourly(run: Run) -> None:
        pass

    async with begin() as tx:
        await plant(tx, periods())
    await _make_due(seconds_ago=5.5 * 3600)
    assert await _tick() == ["probe.hourly"]
    assert await _tick() == []
    wait = await current_pool().fetchval("SELECT extract(epoch FROM next_run_at - now())::float8 FROM job_schedule")
    assert 1790 < wait <= 1800


async def test_a_periodic_job_that_is_not_finished_is_not_queued_again() -> None:
    @job("probe.slow", lane="polls", every=60)
    async def slow(run: Run) -> None:
        pass

    async with begin() as tx:
        await plant(tx, periods())
    assert await _tick() == ["probe.slow"]
    await _make_due()
    assert await _tick() == []
    assert await jobs_left() == 1


async def test_a_shortened_period_does_not_wait_out_the_old_one() -> None:
    @job("probe.shortened", lane="polls", every=60)
    async def shortened(run: Run) -> None:
        pass

    async with begin() as tx:
        await plant(tx, {"probe.shortened": 86400})
        assert await enqueue_due(tx, {"probe.shortened": 86400}) == ["probe.shortened"]
        await plant(tx, periods())
    wait = await current_pool().fetchval("SELECT extract(epoch FROM next_run_at - now())::float8 FROM job_schedule")
    assert wait <= 60
