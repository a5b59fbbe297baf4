"""Sending again what was given up, and what was missed: by job, bounded by time, never to who is switched off."""

from __future__ import annotations

import datetime as dt

import httpx
import pytest

from portside.db.begin import begin
from portside.errors import Conflict, NotFound
from portside.jobs.drain import drain
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.webhooks import replays
from portside.webhooks.models import DeliveryRef, Replay
from tests.support.cast import Person
from tests.webhooks.conftest import Receive, happen, subscribe, work
from tests.webhooks.receivers import says

AN_HOUR = dt.timedelta(hours=1)


async def test_what_was_given_up_goes_out_again_in_its_order(
    api: httpx.AsyncClient, alice: Person, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "AT_ONCE", 2)
    receiver = await receive(says(404))
    webhook = Id(await subscribe(api, receiver, "track_updated"))
    subject = new_id()
    events = [await happen(alice.scope, object_id=subject, seq=number) for number in range(1, 6)]
    # A failing endpoint is asked less and less often; that time passes here.
    await drain(until=now() + AN_HOUR)
    assert len(receiver.got) == 5
    receiver.answer = says(200)
    async with begin() as tx:
        await replays.queue_replay(tx, alice.scope, webhook, Replay())
    await work()
    assert [got.id for got in receiver.got[5:]] == events
    async with begin() as tx:
        await replays.queue_replay(tx, alice.scope, webhook, Replay())
    await work()
    assert len(receiver.got) == 10


async def test_nothing_goes_to_who_is_switched_off_or_somebody_elses(
    api: httpx.AsyncClient, alice: Person, charlie: Person, receive: Receive
) -> None:
    receiver = await receive(says(404))
    webhook = Id(await subscribe(api, receiver, "track_updated"))
    event = await happen(alice.scope)
    await work()
    deliveries = [DeliveryRef(webhook_id=webhook, event_id=event)]
    async with begin() as tx:
        assert await replays.resend_deliveries(tx, charlie.scope, deliveries) == 0
        assert await replays.resend_deliveries(tx, alice.live_scope, deliveries) == 0
        with pytest.raises(NotFound):
            await replays.queue_replay(tx, charlie.scope, webhook, Replay())
        with pytest.raises(NotFound):
            await replays.end_trouble(tx, charlie.scope, webhook, 120)
    await api.put(f"/webhooks/{webhook}", json={"event": "track_updated", "url": receiver.url, "active": False})
    async with begin() as tx:
        assert await replays.resend_deliveries(tx, alice.scope, deliveries) == 0
        with pytest.raises(Conflict):
            await replays.queue_replay(tx, alice.scope, webhook, Replay())
    await work()
    assert len(receiver.got) == 1


async def test_the_turn_of_a_failing_endpoint_with_nothing_due_ends(
    api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    receiver = await receive(says(404))
    webhook = Id(await subscribe(api, receiver, "track_updated"))
    await happen(alice.scope)
    await work()
    await api.post(f"/webhooks/{webhook}/recover", json={"since": "2999-01-01T00:00:00Z"})
    assert await drain(limit=20) < 20
    assert len(receiver.got) == 1


async def test_a_range_over_the_api(
    api: httpx.AsyncClient, charlie_api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    receiver = await receive(says(200))
    webhook = await subscribe(api, receiver, "all")
    path = f"/webhooks/{webhook}/resend"
    first, second = await happen(alice.scope), await happen(alice.scope, "transaction_created")
    await work()
    receiver.answer = says(404)
    failed = await happen(alice.scope)
    await drain(until=now() + AN_HOUR)
    receiver.answer = says(200)
    moments = {each["object_id"]: each["object_created"] for each in (await api.get("/events")).json()["results"]}

    async def sent_again(**given: str | None) -> list[str]:
        before = len(receiver.got)
        answer = await api.post(path, json=given)
        assert answer.status_code == 202, answer.text
        await work()
        return sorted(got.id for got in receiver.got[before:])

    assert await sent_again() == [failed]
    assert await sent_again() == []
    assert await sent_again(state="delivered", event="transaction_created") == [second]
    assert first in await sent_again(state="all", until=moments[first])
    assert await sent_again(state="all", until=moments[second]) == sorted([first, second])
    assert await sent_again(state="all", since=moments[first]) == sorted([first, second, failed])
    assert await sent_again(state="all", since="2999-01-01T00:00:00Z") == []
    assert (await charlie_api.post(path, json={})).status_code == 404
    for wrong in ({"state": "pending"}, {"event": "all"}, {"since": "2026-01-02", "until": "2026-01-01"}):
        assert (await api.post(path, json=wrong)).status_code == 400, wrong
    used = (await api.post(path, json={"since": "2020-01-01"})).json()
    assert used["since"] == (await api.get(f"/webhooks/{webhook}")).json()["object_created"]
    assert (used["state"], used["event"]) == ("failed", None) and used["since"] <= used["until"]
    await api.put(f"/webhooks/{webhook}", json={"event": "all", "url": receiver.url, "active": False})
    assert (await api.post(path, json={})).status_code == 409
