"""The life of one job: queued with the change it belongs to, run, retried, dead, run again."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from structlog.testing import capture_logs

from portside.db.begin import begin
from portside.db.pool import current_pool
from portside.jobs.actions import discard_dead, rerun_dead
from portside.jobs.drain import drain
from portside.jobs.models import LANES, Job, Postponed, Retry, Run
from portside.jobs.queries import count_dead, count_due, list_dead
from portside.jobs.queue import enqueue
from portside.jobs.registry import job
from portside.jobs.rules import next_delay
from portside.kit.clock import now
from tests.jobs.conftest import jobs_left

HOUR = dt.timedelta(hours=1)


async def test_a_job_exists_only_if_its_transaction_commits() -> None:
    seen: list[object] = []

    @job("probe.note", lane="fast")
    async def note(run: Run) -> None:
        seen.append(run.payload["text"])

    with pytest.raises(ZeroDivisionError):
        async with begin() as tx:
            await enqueue(tx, Job(kind="probe.note", payload={"text": "rolled back"}))
            raise ZeroDivisionError
    assert await drain() == 0
    async with begin() as tx:
        await enqueue(tx, Job(kind="probe.note", payload={"text": "committed"}))
    assert await drain() == 1
    assert seen == ["committed"]
    assert await jobs_left() == 0


async def test_a_delayed_job_waits_for_its_time() -> None:
    @job("probe.later", lane="bulk")
    async def later(run: Run) -> None:
        pass

    async with begin() as tx:
        await enqueue(tx, Job(kind="probe.later", payload={}, run_at=now() + HOUR))
    assert await drain() == 0
    assert await drain(until=now() + HOUR / 2) == 0
    assert await drain(until=now() + 2 * HOUR) == 1


async def test_a_failing_job_is_retried_then_dead_then_rerun() -> None:
    attempts: list[int] = []
    broken = True

    @job("probe.fragile", lane="fast", retry=Retry(delays=(60, 60)))
    async def fragile(run: Run) -> None:
        attempts.append(run.attempt)
        if broken:
            raise ValueError("no such host: Bearer abcdef123456\x00" + "x" * 5000)

    async with begin() as tx:
        await enqueue(tx, Job(kind="probe.fragile", payload={"label": "L1"}))
    assert await drain() == 1
    assert await drain() == 0, "the retry has to wait"
    with capture_logs() as logs:
        assert await drain(until=now() + HOUR) == 2
    assert attempts == [1, 2, 3]
    assert [line["job"] for line in logs if line["event"] == "job_dead"]

    async with begin() as tx:
        assert await count_dead(tx) == {"probe.fragile": 1}
        (dead,) = await list_dead(tx)
        assert await list_dead(tx, kind="probe.other") == []
        assert await list_dead(tx, before=dead.id) == []
    assert (dead.kind, dead.payload, dead.failures) == ("probe.fragile", {"label": "L1"}, 3)
    assert dead.last_error.startswith("ValueError: no such host: Bearer [redacted]")
    assert len(dead.last_error) <= 1000
    assert await drain(until=now() + 24 * HOUR) == 0, "dead is dead"

    broken = False
    async with begin() as tx:
        assert await rerun_dead(tx, [dead.id]) == 1
    assert await drain() == 1
    assert attempts[-1] == 1, "a rerun has all its attempts again"
    async with begin() as tx:
        assert await list_dead(tx) == []
        assert await rerun_dead(tx, [dead.id]) == 0


async def test_a_dead_job_can_be_discarded() -> None:
    @job("probe.hopeless", lane="fast", retry=Retry(delays=()))
    async def hopeless(run: Run) -> None:
        raise ValueError("never")

    async with begin() as tx:
        await enqueue(tx, Job(kind="probe.hopeless", payload={}))
    await drain()
    async with begin() as tx:
        (dead,) = await list_dead(tx)
        assert await discard_dead(tx, [dead.id]) == 1
        assert await list_dead(tx) == []
    assert await jobs_left() == 0


async def test_a_postponed_job_uses_up_no_attempt() -> None:
    polls: list[int] = []

    @job("probe.poll", lane="polls", retry=Retry(delays=()))
    async def poll(run: Run) -> None:
        polls.append(run.attempt)
        raise Postponed(600)

    async with begin() as tx:
        await enqueue(tx, Job(kind="probe.poll", payload={}))
    assert await drain() == 1
    # Due after 10, 20, … minutes: within the hour it runs about five times, not for ever.
    assert 4 <= await drain(until=now() + HOUR) <= 6
    assert set(polls) == {1}
    assert await jobs_left() == 1


async def test_a_run_that_takes_too_long_has_failed() -> None:
    @job("probe.hangs", lane="fast", retry=Retry(delays=()), timeout=0.05)
    async def hangs(run: Run) -> None:
        await asyncio.Event().wait()

    async with begin() as tx:
        await enqueue(tx, Job(kind="probe.hangs", payload={}))
    assert await drain() == 1
    async with begin() as tx:
        assert (await list_dead(tx))[0].last_error.startswith("TimeoutError")


async def test_a_kind_of_a_newer_portside_is_left_for_its_workers() -> None:
    await current_pool().execute(
        "INSERT INTO jobs (lane, kind, payload, run_at) VALUES ('fast', 'future.kind', '{}', now())"
    )
    assert await drain() == 1
    assert await drain() == 0, "it waits a while"
    row = await current_pool().fetchrow("SELECT failures, leased_by FROM jobs")
    assert row is not None
    assert tuple(row) == (0, None)


async def test_a_job_whose_workers_keep_dying_ends_dead_without_running_again() -> None:
    ran: list[int] = []

    @job("probe.killer", lane="fast", retry=Retry(delays=(1,)))
    async def killer(run: Run) -> None:
        ran.append(run.attempt)

    await current_pool().execute(
        "INSERT INTO jobs (lane, kind, payload, run_at, attempts, failures, leased_by) "
        "VALUES ('fast', 'probe.killer', '{}', now(), 2, 1, 'a worker that is gone')"
    )
    await drain()
    async with begin() as tx:
        assert "died" in (await list_dead(tx))[0].last_error
    assert ran == []


async def test_a_batched_kind_gets_many_runs_at_once_and_one_bad_run_fails_alone() -> None:
    sizes: list[int] = []
    done: set[int] = set()

    @job("probe.batch", lane="webhooks", batch=20)
    async def batch(runs: list[Run]) -> None:
        sizes.append(len(runs))
        if any(run.payload["n"] == 33 for run in runs):
            raise ValueError("33")
        done.update(run.payload["n"] for run in runs)

    async with begin() as tx:
        await enqueue(tx, *[Job(kind="probe.batch", payload={"n": n}) for n in range(40)])
    assert await drain() == 40
    assert max(sizes) == 20
    assert done == set(range(40)) - {33}
    rows = await current_pool().fetch("SELECT payload, failures FROM jobs")
    assert [(row["payload"], row["failures"]) for row in rows] == [({"n": 33}, 1)]


async def test_drain_stops_at_its_limit_and_keeps_to_its_lanes() -> None:
    @job("probe.a", lane="fast")
    async def a(run: Run) -> None:
        pass

    @job("probe.b", lane="bulk")
    async def b(run: Run) -> None:
        pass

    async with begin() as tx:
        await enqueue(tx, *[Job(kind="probe.a", payload={}) for _ in range(5)], Job(kind="probe.b", payload={}))
        loads = {load.lane: load.due for load in await count_due(tx)}
    assert set(loads) == set(LANES), "an idle lane is shown as well"
    assert {lane: due for lane, due in loads.items() if due} == {"fast": 5, "bulk": 1}
    assert await drain(lanes=["fast"], limit=3) == 3
    assert await drain(lanes=["fast"]) == 2
    assert await drain() == 1


def test_delays_are_spread_by_a_fifth_and_end() -> None:
    retry = Retry(delays=(10, 100))
    assert next_delay(retry, 1, 0.0) == pytest.approx(8)
    assert next_delay(retry, 1, 0.999999) == pytest.approx(12, abs=0.01)
    assert next_delay(retry, 2, 0.5) == pytest.approx(100)
    assert next_delay(retry, 3, 0.5) is None
