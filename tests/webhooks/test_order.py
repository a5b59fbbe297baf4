"""Order per object and endpoint, and endpoints that cost others nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from aiohttp import web

from portside.db.pool import current_pool
from portside.jobs import wake
from portside.jobs.drain import drain
from portside.jobs.worker import Worker
from portside.kit.clock import now
from portside.kit.ids import new_id
from portside.webhooks import flows
from portside.worker import lane_slots
from tests.support.cast import Person
from tests.support.patience import PATIENCE
from tests.webhooks.conftest import Receive, happen, subscribe, work
from tests.webhooks.receivers import Receiver, hangs, in_turn, says


def later(seconds: float) -> dt.datetime:
    return now() + dt.timedelta(seconds=seconds)


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    for _ in range(int(PATIENCE / 0.02)):
        answer = holds()
        if await answer if isinstance(answer, Awaitable) else answer:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("did not happen")


@pytest.fixture
async def workers(product: object) -> AsyncIterator[None]:
    """Two workers beside each other, as two processes would be."""
    sharing = asyncio.create_task(wake.share())
    running = [Worker(lanes=lane_slots(8), poll_seconds=0.2) for _ in range(2)]
    tasks = [asyncio.create_task(worker.run()) for worker in running]
    yield
    for worker in running:
        await worker.stop(1)
    sharing.cancel()
    await asyncio.gather(*tasks, sharing, return_exceptions=True)


async def test_one_objects_events_arrive_in_order(
    api: httpx.AsyncClient, alice: Person, receive: Receive, workers: None
) -> None:
    async def uneven(receiver: Receiver, _request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.02 if len(receiver.got) % 3 else 0)
        return web.Response()

    receiver = await receive(uneven)
    await subscribe(api, receiver)
    objects = [new_id() for _ in range(4)]
    for seq in range(1, 16):
        for object_id in objects:
            await happen(alice.scope, object_id=object_id, seq=seq, which=object_id)
    await until(lambda: len(receiver.got) >= 60)
    for object_id in objects:
        seqs = [got.seq for got in receiver.got if got.json["data"]["which"] == object_id]
        assert seqs == list(range(1, 16))


async def test_later_events_wait_through_the_fast_retries_and_then_overtake(
    api: httpx.AsyncClient, alice: Person, receive: Receive, configure: Callable[..., None]
) -> None:
    configure(webhook_retry_schedule=(30, 3600))
    object_id, other = new_id(), new_id()

    async def refuses_the_first(receiver: Receiver, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=500 if receiver.got[-1].json["data"].get("poison") else 200)

    receiver = await receive(refuses_the_first)
    await subscribe(api, receiver)
    await happen(alice.scope, object_id=object_id, seq=1, poison=True)
    await happen(alice.scope, object_id=object_id, seq=2)
    elsewhere = await happen(alice.scope, object_id=other)
    await work()
    assert [got.seq for got in receiver.got if got.id != elsewhere] == [1]
    assert elsewhere in {got.id for got in receiver.got}
    await drain(until=later(300))
    assert [got.seq for got in receiver.got if got.id != elsewhere] == [1, 1, 2]
    await happen(alice.scope, object_id=object_id, seq=3)
    await work()
    assert receiver.got[-1].seq == 3


async def failing_for_minutes(webhook: str) -> None:
    """An endpoint has failed for four minutes more than it has, so that its next pause outlasts a test."""
    await current_pool().execute(
        "UPDATE webhooks SET failing_since = failing_since - interval '4 minutes' WHERE id = $1", webhook
    )


async def count_delivered(webhook: str) -> int:
    count: int = await current_pool().fetchval(
        "SELECT count(*) FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'delivered'", webhook
    )
    return count


async def test_a_dead_endpoints_backlog_is_one_probe_and_no_jobs(
    api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    receiver = await receive(says(500))
    webhook = await subscribe(api, receiver)
    for _ in range(60):
        await happen(alice.scope)
    await work()
    tried = len(receiver.got)
    assert tried <= 25, "16 at once and the 4 failures before the fifth; a probe each time a slow machine took a second"
    await failing_for_minutes(webhook)
    await drain(until=later(60))
    assert len(receiver.got) == tried + 1
    for _ in range(60):
        await happen(alice.scope)
    await work()
    assert len(receiver.got) == tried + 1
    waiting = await current_pool().fetch(
        "SELECT kind FROM jobs WHERE payload->>'webhook' = $1 AND kind LIKE 'webhooks.deliver%'", webhook
    )
    assert waiting == []
    await drain(until=await current_pool().fetchval("SELECT paused_until FROM webhooks WHERE id = $1", webhook))
    assert len(receiver.got) == tried + 2
    receiver.answer = says(200)
    await drain(until=later(3700))
    assert await count_delivered(webhook) == 120


async def test_a_turn_that_makes_way_goes_on_at_the_moment_it_was_asked_for(
    api: httpx.AsyncClient, alice: Person, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def takes_a_whole_turn(_receiver: Receiver, _request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.2)
        return web.Response()

    receiver = await receive(says(500))
    webhook = await subscribe(api, receiver)
    for _ in range(4):
        await happen(alice.scope)
    await work()
    await failing_for_minutes(webhook)
    await drain(until=later(60))
    monkeypatch.setattr(flows, "TURN_SECONDS", 0.2)
    receiver.answer = takes_a_whole_turn
    await drain(until=await current_pool().fetchval("SELECT paused_until FROM webhooks WHERE id = $1", webhook))
    assert await count_delivered(webhook) == 4


async def test_slow_and_dead_receivers_delay_nobody(
    api: httpx.AsyncClient, alice: Person, receive: Receive, workers: None
) -> None:
    hanging = [await receive(hangs) for _ in range(5)]
    dead, quick = await receive(says(500)), await receive(says(200))
    for receiver in [*hanging, dead]:
        await subscribe(api, receiver)
    await subscribe(api, quick, "transaction_created")
    for _ in range(100):
        await happen(alice.scope)
    label = await happen(alice.scope, "transaction_created")
    await until(lambda: [got.id for got in quick.got] == [label])
    assert any(receiver.at_once for receiver in hanging)


async def test_a_receiver_that_recovers_gets_everything_in_order(
    api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    receiver = await receive(in_turn(*[500] * 5, 200))
    await subscribe(api, receiver)
    object_id = new_id()
    events = [await happen(alice.scope, object_id=object_id, seq=seq) for seq in range(1, 6)]
    others = [await happen(alice.scope) for _ in range(10)]
    await work()
    await drain(until=later(120))
    taken = [got.id for got in receiver.got[5:]]
    assert [event for event in taken if event in events] == events
    assert set(taken) == {*events, *others}


async def test_the_sweep_finds_a_lost_turn(api: httpx.AsyncClient, alice: Person, receive: Receive) -> None:
    receiver = await receive(says(200))
    webhook = await subscribe(api, receiver)
    await happen(alice.scope)
    await drain(lanes=["fast"])
    await current_pool().execute("DELETE FROM jobs WHERE payload->>'webhook' = $1", webhook)
    await flows.sweep()
    await work()
    assert receiver.got == []
    await current_pool().execute(
        "UPDATE webhook_deliveries SET due_at = now() - interval '10 minutes' WHERE webhook_id = $1", webhook
    )
    await flows.sweep()
    await work()
    assert len(receiver.got) == 1


async def test_many_endpoints_of_one_host_wait_for_connections_and_that_is_not_its_failure(
    api: httpx.AsyncClient, alice: Person, receive: Receive, configure: Callable[..., None], workers: None
) -> None:
    configure(webhook_timeout_seconds=PATIENCE)

    async def slow(_receiver: Receiver, _request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.7)
        return web.Response()

    receiver = await receive(slow)
    for _ in range(8):
        await subscribe(api, receiver)
    for _ in range(16):
        await happen(alice.scope)
    await until(lambda: len(receiver.got) >= 8 * 16)
    assert receiver.most_at_once <= 64
    answers = "SELECT count(*), count(*) FILTER (WHERE status = 200) AS good FROM webhook_attempts AS attempt "

    async def all_recorded() -> bool:
        row = await current_pool().fetchrow(answers + "JOIN webhooks ON webhooks.id = attempt.webhook_id")
        assert row is not None and row["count"] == row["good"]
        return bool(row["good"] == 8 * 16)

    await until(all_recorded)
    assert await current_pool().fetchval("SELECT count(*) FROM webhooks WHERE failing_since IS NOT NULL") == 0
