"""Subscriptions of the cast, events that happen to them, and settings whose waits a test can sit out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import msgspec
import pytest

from portside.db.begin import begin
from portside.db.pool import current_pool
from portside.events import outbox
from portside.events.models import Event, EventName
from portside.jobs.drain import drain
from portside.kit import services as kit
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from tests.webhooks.receivers import Answer, Receiver, receiving

Receive = Callable[[Answer], Coroutine[Any, Any, Receiver]]


@pytest.fixture(autouse=True)
async def nobody_else(database: str) -> None:
    """Receivers of earlier tests are gone; nothing is to be sent to them."""
    await current_pool().execute("TRUNCATE jobs; TRUNCATE webhooks CASCADE")


@pytest.fixture
async def receive() -> AsyncIterator[Receive]:
    """Makes receivers that end with the test."""
    async with AsyncExitStack() as stack:

        async def make(answer: Answer) -> Receiver:
            return await stack.enter_async_context(receiving(answer))

        yield make


@pytest.fixture
def configure(product: object) -> Iterator[Callable[..., None]]:
    """Changes settings for the rest of the test."""
    before = kit.services()

    def change(**values: Any) -> None:
        services = kit.services()
        kit.install(msgspec.structs.replace(services, settings=msgspec.structs.replace(services.settings, **values)))

    yield change
    kit.install(before)


async def subscribe(client: httpx.AsyncClient, receiver: Receiver, event: str = "all", **more: Any) -> str:
    """A new webhook; gives its id."""
    made = await client.post("/webhooks", json={"event": event, "url": receiver.url, **more})
    assert made.status_code == 201, made.text
    return str(made.json()["object_id"])


async def happen(
    scope: Scope, name: EventName = "track_updated", object_id: Id | None = None, seq: int = 1, **data: Any
) -> Id:
    """Record an event, as an action of a noun would; gives its id."""
    payload = msgspec.json.encode({"event": name, "test": scope.is_test, "data": data}).decode()
    event = Event(scope=scope, name=name, object_id=object_id or new_id(), seq=seq, payload=payload)
    async with begin() as tx:
        await outbox.record(tx, event)
    return event.id


async def work() -> None:
    """Run every job that is due."""
    await drain()


async def let_time_pass(webhook: str) -> None:
    """What an endpoint has gone through was two hours earlier than it was."""
    await current_pool().execute(
        "UPDATE webhooks SET paused_until = NULL, failing_since = failing_since - interval '2 hours' WHERE id = $1",
        webhook,
    )
