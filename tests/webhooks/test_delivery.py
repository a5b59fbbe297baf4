"""Deliveries to real receivers: what arrives, what is tried again, and what is kept of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from portside.db.pool import current_pool
from portside.jobs.drain import drain
from portside.kit.clock import now
from portside.kit.scope import Mode
from portside.webhooks.signing import verify_shippo, verify_standard
from tests.support.cast import Person
from tests.webhooks.conftest import Receive, happen, subscribe, work
from tests.webhooks.receivers import breaks_off, breaks_off_within, hangs, in_turn, says

Configure = Callable[..., None]
AT_ONCE = (0, 0, 0)


async def delivery(client: httpx.AsyncClient, webhook: str, event: str) -> dict[str, Any]:
    answer = await client.get(f"/webhooks/{webhook}/deliveries/{event}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_what_arrives_is_what_was_recorded_and_signed(
    api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    receiver = await receive(says(200, "thanks", X_Trace="7", Set_Cookie="secret=1"))
    webhook = await subscribe(api, receiver, "track_updated")
    secret = (await api.get(f"/webhooks/{webhook}/secret")).json()["secret"]
    event = await happen(alice.scope, seq=3, city="Zürich")
    await work()
    (got,) = receiver.got
    assert got.body == '{"event":"track_updated","test":true,"data":{"city":"Zürich"}}'.encode()
    assert got.headers["content-type"] == "application/json"
    assert got.headers["shippo-api-version"] == "2018-02-08"
    assert (got.id, got.seq, got.headers["portside-account"]) == (event, 3, alice.account_id)
    verify_shippo(secret, got.headers["shippo-auth-signature"], got.body, time.time())
    verify_standard(secret, got.headers, got.body, time.time())
    assert Webhook(secret).verify(got.body, got.headers) == got.json

    shown = await delivery(api, webhook, event)
    assert (shown["state"], shown["event"], shown["seq"]) == ("delivered", "track_updated", 3)
    assert shown["finished"] and shown["next_attempt"] is None
    (attempt,) = shown["attempts"]
    assert (attempt["number"], attempt["status"], attempt["error"]) == (1, 200, None)
    assert attempt["response_body"] == "thanks" and attempt["response_headers"]["x-trace"] == "7"
    assert attempt["response_headers"]["set-cookie"] == "[redacted]"
    assert attempt["request_headers"]["webhook-id"] == event
    assert attempt["request_headers"]["Shippo-Auth-Signature"] == "[redacted]"
    listed = (await api.get(f"/webhooks/{webhook}/deliveries")).json()
    assert [each["object_id"] for each in listed["results"]] == [event]


async def test_only_those_who_asked_hear_of_it(api: httpx.AsyncClient, alice: Person, receive: Receive) -> None:
    everything, labels, orders, off = [await receive(says(200)) for _ in range(4)]
    await subscribe(api, everything, "all")
    await subscribe(api, labels, "transaction_created")
    await subscribe(api, orders, "order_created")
    await subscribe(api, off, "all", active=False)
    label = await happen(alice.scope, "transaction_created")
    order = await happen(alice.scope, "order_created")
    track = await happen(alice.scope, "track_updated")
    await work()
    assert sorted(got.id for got in everything.got) == sorted([label, track])
    assert [got.id for got in labels.got] == [label]
    assert [got.id for got in orders.got] == [order]
    assert off.got == []


async def test_accounts_and_modes_are_apart(
    api: httpx.AsyncClient,
    charlie_api: httpx.AsyncClient,
    product: Callable[..., httpx.AsyncClient],
    alice: Person,
    charlie: Person,
    receive: Receive,
) -> None:
    test, live, foreign = [await receive(says(200)) for _ in range(3)]
    await subscribe(api, test)
    await subscribe(charlie_api, foreign)
    async with product(alice.live_token) as client:
        await subscribe(client, live)
    in_test, in_live = await happen(alice.scope), await happen(alice.live_scope)
    await work()
    assert [got.id for got in test.got] == [in_test] and test.got[0].json["test"] is True
    assert [got.id for got in live.got] == [in_live] and live.got[0].json["test"] is False
    assert foreign.got == []
    theirs = await happen(charlie.scope)
    await work()
    assert [got.id for got in foreign.got] == [theirs] and len(test.got) == 1


async def test_a_repeated_fan_out_delivers_once(api: httpx.AsyncClient, alice: Person, receive: Receive) -> None:
    from portside.webhooks import flows
    from portside.webhooks.models import EventRef

    receiver = await receive(says(200))
    await subscribe(api, receiver)
    event = await happen(alice.scope)
    await work()
    await flows.fan_out([EventRef(scope=alice.scope, event_id=event)] * 2)
    await work()
    assert len(receiver.got) == 1


async def test_a_failing_receiver_is_tried_again_with_the_same_id_and_a_new_signature(
    api: httpx.AsyncClient, alice: Person, receive: Receive, configure: Configure
) -> None:
    configure(webhook_retry_schedule=(60, 60))
    receiver = await receive(in_turn(500, 503, 200))
    webhook = await subscribe(api, receiver)
    event = await happen(alice.scope)
    await work()
    shown = await delivery(api, webhook, event)
    assert (shown["state"], len(shown["attempts"])) == ("pending", 1) and shown["next_attempt"]
    await drain(until=later(600))
    assert [got.id for got in receiver.got] == [event] * 3
    assert len({got.body for got in receiver.got}) == 1
    shown = await delivery(api, webhook, event)
    assert shown["state"] == "delivered"
    assert [attempt["status"] for attempt in shown["attempts"]] == [200, 503, 500]
    assert [attempt["number"] for attempt in shown["attempts"]] == [3, 2, 1]
    assert (await api.get(f"/webhooks/{webhook}")).json()["failing_since"] is None


def later(seconds: float) -> Any:
    import datetime as dt

    return now() + dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (says(404, "no such route"), 404, "answered 404"),
        (says(302, Location="http://127.0.0.1/elsewhere"), 302, "redirects are not followed"),
    ],
)
async def test_a_plain_no_is_not_repeated_but_kept(
    api: httpx.AsyncClient, alice: Person, receive: Receive, answer: Any, status: int, said: str
) -> None:
    receiver = await receive(answer)
    webhook = await subscribe(api, receiver)
    event = await happen(alice.scope)
    await drain(until=later(100_000))
    shown = await delivery(api, webhook, event)
    assert len(receiver.got) == 1 and shown["state"] == "failed"
    (attempt,) = shown["attempts"]
    assert attempt["status"] == status and said in attempt["error"] and attempt["next_attempt"] is None
    receiver.answer = says(200)
    again = await api.post(f"/webhooks/{webhook}/deliveries/{event}/resend")
    assert again.status_code == 202 and again.json()["state"] == "pending"
    await work()
    assert (await delivery(api, webhook, event))["state"] == "delivered"


@pytest.mark.parametrize(
    ("answer", "waits", "said"), [(breaks_off, 15.0, "closed by the peer"), (hangs, 0.1, "no answer in time")]
)
async def test_silence_is_tried_again(
    api: httpx.AsyncClient, alice: Person, receive: Receive, configure: Configure, answer: Any, waits: float, said: str
) -> None:
    configure(webhook_timeout_seconds=waits)
    receiver = await receive(answer)
    webhook = await subscribe(api, receiver)
    event = await happen(alice.scope)
    await work()
    shown = await delivery(api, webhook, event)
    assert shown["state"] == "pending"
    assert shown["attempts"][0]["status"] is None and said in shown["attempts"][0]["error"]
    receiver.answer = says(200)
    configure(webhook_timeout_seconds=15.0)
    await drain(until=later(600))
    assert (await delivery(api, webhook, event))["state"] == "delivered"


async def test_a_refused_address_is_no_connection(api: httpx.AsyncClient, alice: Person, receive: Receive) -> None:
    receiver = await receive(says(200))
    receiver.url = "http://192.168.255.254:9/hook?token=hidden-value"
    webhook = await subscribe(api, receiver)
    event = await happen(alice.scope)
    await work()
    attempt = (await delivery(api, webhook, event))["attempts"][0]
    assert attempt["status"] is None and "may not be called" in attempt["error"]
    assert "hidden-value" not in attempt["error"]


async def test_a_yes_counts_even_if_the_rest_of_the_answer_is_lost_or_huge(
    api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    broken, huge = await receive(breaks_off_within), await receive(says(200, "\x00é" * 500_000))
    first, second = await subscribe(api, broken), await subscribe(api, huge)
    event = await happen(alice.scope)
    await work()
    shown = await delivery(api, first, event)
    assert (shown["state"], shown["attempts"][0]["status"]) == ("delivered", 200)
    shown = await delivery(api, second, event)
    assert shown["state"] == "delivered" and len(shown["attempts"][0]["response_body"]) <= 20_000
    assert len(broken.got) == len(huge.got) == 1


async def test_410_switches_the_webhook_off_and_tells_who_asked(
    api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    gone, watcher = await receive(says(410)), await receive(says(200))
    webhook = await subscribe(api, gone)
    await subscribe(api, watcher, "webhook_disabled")
    event = await happen(alice.scope)
    await work()
    shown = (await api.get(f"/webhooks/{webhook}")).json()
    assert (shown["active"], shown["disabled_reason"]) == (False, "gone") and shown["disabled_at"]
    (told,) = watcher.got
    assert told.json["event"] == "webhook_disabled" and told.json["data"]["object_id"] == webhook
    assert told.json["data"]["object_owner"] == alice.email
    await happen(alice.scope)
    await work()
    assert len(gone.got) == 1
    refused = await api.post(f"/webhooks/{webhook}/deliveries/{event}/resend")
    assert refused.status_code == 409
    back = await api.put(f"/webhooks/{webhook}", json={"event": "all", "url": gone.url, "active": True})
    assert (back.json()["active"], back.json()["disabled_at"]) == (True, None)


async def test_one_that_only_fails_for_days_is_switched_off_and_its_deliveries_wait(
    api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    receiver = await receive(says(500))
    webhook = await subscribe(api, receiver)
    event = await happen(alice.scope)
    await work()
    await current_pool().execute(
        "UPDATE webhooks SET failing_since = now() - interval '121 hours', paused_until = NULL WHERE id = $1", webhook
    )
    await drain(until=later(10))
    shown = (await api.get(f"/webhooks/{webhook}")).json()
    assert (shown["active"], shown["disabled_reason"]) == (False, "failing")
    assert (await delivery(api, webhook, event))["state"] == "pending"
    receiver.answer = says(200)
    await api.put(f"/webhooks/{webhook}", json={"event": "all", "url": receiver.url, "active": True})
    await drain(until=later(100))
    assert (await delivery(api, webhook, event))["state"] == "delivered"


async def test_recover_delivers_what_was_missed(api: httpx.AsyncClient, alice: Person, receive: Receive) -> None:
    receiver = await receive(says(404))
    before = await happen(alice.scope)
    webhook = await subscribe(api, receiver)
    failed = await happen(alice.scope)
    await work()
    await api.put(f"/webhooks/{webhook}", json={"event": "all", "url": receiver.url, "active": False})
    unheard = await happen(alice.scope)
    await happen(alice.scope, "order_created")
    await work()
    receiver.answer = says(200)
    await api.put(f"/webhooks/{webhook}", json={"event": "all", "url": receiver.url, "active": True})
    known = await happen(alice.scope)
    await work()
    receiver.got.clear()
    answer = await api.post(f"/webhooks/{webhook}/recover", json={"since": "2020-01-01"})
    assert answer.status_code == 202
    assert answer.json()["since"] == (await api.get(f"/webhooks/{webhook}")).json()["object_created"]
    await work()
    assert sorted(got.id for got in receiver.got) == sorted([failed, unheard])
    assert before not in {got.id for got in receiver.got} and known not in {got.id for got in receiver.got}


async def test_an_erased_payload_is_cancelled(api: httpx.AsyncClient, alice: Person, receive: Receive) -> None:
    receiver = await receive(says(200))
    webhook = await subscribe(api, receiver)
    event = await happen(alice.scope)
    await current_pool().execute("UPDATE events SET payload = NULL WHERE id = $1", event)
    await work()
    shown = await delivery(api, webhook, event)
    assert (shown["state"], shown["attempts"], receiver.got) == ("cancelled", [], [])


async def test_a_deleted_webhook_gets_nothing_more(
    api: httpx.AsyncClient, alice: Person, receive: Receive, configure: Configure
) -> None:
    configure(webhook_retry_schedule=(60, 60))
    receiver = await receive(says(500))
    webhook = await subscribe(api, receiver)
    event = await happen(alice.scope)
    await work()
    assert (await api.delete(f"/webhooks/{webhook}")).status_code == 204
    await drain(until=later(1000))
    assert len(receiver.got) == 1
    state = await current_pool().fetchval("SELECT state FROM webhook_deliveries WHERE event_id = $1", event)
    assert state == "cancelled"


async def test_both_secrets_sign_while_one_is_rotated(api: httpx.AsyncClient, alice: Person, receive: Receive) -> None:
    receiver = await receive(says(200))
    webhook = await subscribe(api, receiver)
    old = (await api.get(f"/webhooks/{webhook}/secret")).json()["secret"]
    new = (await api.post(f"/webhooks/{webhook}/rotate-secret")).json()["secret"]
    await happen(alice.scope)
    await work()
    (got,) = receiver.got
    for secret in (old, new):
        Webhook(secret).verify(got.body, got.headers)
        verify_shippo(secret, got.headers["shippo-auth-signature"], got.body, time.time())
    last = (await api.post(f"/webhooks/{webhook}/rotate-secret", json={"grace_hours": 0})).json()["secret"]
    await happen(alice.scope)
    await work()
    got = receiver.got[-1]
    assert got.headers["webhook-signature"].count("v1,") == 2
    Webhook(last).verify(got.body, got.headers)


async def test_rate_limited_receivers_are_left_in_peace(
    api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    receiver = await receive(says(429, Retry_After="30"))
    webhook = await subscribe(api, receiver)
    for _ in range(40):
        await happen(alice.scope)
    asked_for = later(30)
    await work()
    assert len(receiver.got) <= 16
    paused = await current_pool().fetchval("SELECT paused_until FROM webhooks WHERE id = $1", webhook)
    assert paused >= asked_for
    receiver.answer = says(200)
    await drain(until=later(60))
    delivered = await current_pool().fetchval(
        "SELECT count(*) FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'delivered'", webhook
    )
    assert delivered == 40


@pytest.mark.parametrize("mode", ["test", "live"])
async def test_requests_at_once_are_bounded(
    product: Callable[..., httpx.AsyncClient], alice: Person, receive: Receive, mode: Mode
) -> None:
    async def slow(*_: object) -> Any:
        from aiohttp import web

        await asyncio.sleep(0.01)
        return web.Response()

    receiver = await receive(slow)
    async with product(alice.token if mode == "test" else alice.live_token) as client:
        await subscribe(client, receiver)
    for _ in range(100):
        await happen(alice.scope if mode == "test" else alice.live_scope)
    await work()
    assert len({got.id for got in receiver.got}) == len(receiver.got) == 100
    assert 1 < receiver.most_at_once <= 16
