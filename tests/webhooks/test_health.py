"""Owners hear of an endpoint that fails for long, once, and that it works again: by event and by mail."""

from __future__ import annotations

import httpx

from portside.db.begin import reading
from portside.kit.paging import PageRequest
from portside.notifications.queries import list_messages
from tests.support.cast import Person
from tests.webhooks.conftest import Receive, happen, let_time_pass, subscribe, work
from tests.webhooks.receivers import Receiver, says


async def mails(person: Person) -> list[tuple[str, str]]:
    """(name, recipient), the oldest first."""
    async with reading() as tx:
        found = await list_messages(tx, person.scope, PageRequest(size=50))
    return [(message.name, message.recipient) for message in reversed(found.rows)]


async def attempt(person: Person, webhook: str, receiver: Receiver, status: int) -> None:
    receiver.answer = says(status)
    await happen(person.scope)
    await work()
    await let_time_pass(webhook)


async def test_failing_and_recovered_are_told_once_each_time(
    api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    flapper, watcher = await receive(says(500)), await receive(says(200))
    webhook = await subscribe(api, flapper)
    for event in ("webhook_failing", "webhook_recovered"):
        await subscribe(api, watcher, event)
    for status in (500, 503, 500, 200, 200, 500, 500):
        await attempt(alice, webhook, flapper, status)
    told = [got.json for got in watcher.got]
    assert [body["event"] for body in told] == ["webhook_failing", "webhook_recovered", "webhook_failing"]
    assert all(body["data"]["object_id"] == webhook and body["data"]["object_owner"] == alice.email for body in told)
    assert told[0]["data"]["failing_since"]
    assert await mails(alice) == [
        ("webhook_failing", alice.email),
        ("webhook_recovered", alice.email),
        ("webhook_failing", alice.email),
    ]


async def test_who_is_switched_off_hears_no_more_of_failing(
    api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    flapper = await receive(says(500))
    webhook = await subscribe(api, flapper)
    for status in (500, 500, 410):
        await attempt(alice, webhook, flapper, status)
    assert [name for name, _ in await mails(alice)] == ["webhook_failing", "webhook_disabled"]
    back = await api.put(f"/webhooks/{webhook}", json={"event": "all", "url": flapper.url, "active": True})
    assert back.status_code == 200
    await attempt(alice, webhook, flapper, 200)
    assert len(await mails(alice)) == 2


async def test_a_short_failure_is_not_worth_a_mail(api: httpx.AsyncClient, alice: Person, receive: Receive) -> None:
    flapper = await receive(says(500))
    await subscribe(api, flapper)
    await happen(alice.scope)
    await work()
    flapper.answer = says(200)
    await happen(alice.scope)
    await work()
    assert await mails(alice) == []
