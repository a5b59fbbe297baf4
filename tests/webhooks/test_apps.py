"""Webhooks for many accounts: an app's merchants at one endpoint, a platform's managed accounts, and who sees what."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from portside.apps.models import App
from portside.db.begin import begin
from portside.db.pool import current_pool
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import SYSTEM, Scope
from portside.webhooks.actions import turn_job
from tests.support.cast import Person, make_person
from tests.support.partners import Partner, disconnect, grant, make_partner
from tests.webhooks.conftest import Receive, happen, let_time_pass, subscribe, work
from tests.webhooks.receivers import Receiver, in_turn, says

Product = Callable[..., httpx.AsyncClient]
OLD = "https://shop.example.com/hook"


@pytest.fixture
async def paula(product: Product) -> Partner:
    return await make_partner()


@pytest.fixture
async def paula_api(product: Product, paula: Partner) -> AsyncIterator[httpx.AsyncClient]:
    """paula's client with the token of her own account."""
    async with product(paula.person.token) as client:
        yield client


@pytest.fixture
async def app_api(product: Product, alice: Person, paula: Partner) -> AsyncIterator[httpx.AsyncClient]:
    """paula's client with the token that alice granted her."""
    async with product(await grant(alice.scope, paula.app)) as client:
        yield client


async def listen(client: httpx.AsyncClient, receiver: Receiver, app: App, event: str = "all") -> str:
    """Subscribe an endpoint for everybody who is connected to an app."""
    return await subscribe(client, receiver, event, app=app.client_id)


def heard(receiver: Receiver) -> list[tuple[str, str | None]]:
    """(event's id, account) of what arrived, in the order of the ids."""
    return sorted((got.id, got.headers.get("shippo-account-id")) for got in receiver.got)


async def test_events_of_all_merchants_arrive_with_the_account(
    receive: Receive, paula: Partner, paula_api: httpx.AsyncClient, alice: Person, charlie: Person
) -> None:
    receiver = await receive(says(200))
    await grant(alice.scope, paula.app)
    await grant(charlie.scope, paula.app)
    await listen(paula_api, receiver, paula.app)
    of_alice, of_charlie = await happen(alice.scope), await happen(charlie.scope)
    await work()
    assert heard(receiver) == [(of_alice, alice.account_id), (of_charlie, charlie.account_id)]
    assert all(got.headers["portside-account"] == got.headers["shippo-account-id"] for got in receiver.got)


async def test_the_body_is_the_same_and_signed_with_the_endpoints_secret(
    receive: Receive, paula: Partner, paula_api: httpx.AsyncClient, api: httpx.AsyncClient, alice: Person
) -> None:
    own, every = await receive(says(200)), await receive(says(200))
    await grant(alice.scope, paula.app)
    await subscribe(api, own)
    hook = await listen(paula_api, every, paula.app)
    await happen(alice.scope)
    await work()
    assert own.got[0].body == every.got[0].body and alice.account_id.encode() not in every.got[0].body
    assert "shippo-account-id" not in own.got[0].headers
    secret = (await paula_api.get(f"/webhooks/{hook}/secret")).json()["secret"]
    assert Webhook(secret).verify(every.got[0].body, every.got[0].headers)


async def test_another_partner_and_an_unconnected_app_hear_nothing(
    receive: Receive, paula: Partner, paula_api: httpx.AsyncClient, product: Product, alice: Person
) -> None:
    hers, others, unconnected = [await receive(says(200)) for _ in range(3)]
    peter = await make_partner("peter", "Peter's Carts")
    await grant(alice.scope, paula.app)
    await listen(paula_api, hers, paula.app)
    async with product(peter.person.token) as peter_api:
        await listen(peter_api, others, peter.app)
        stolen = await peter_api.post(
            "/webhooks", json={"event": "all", "url": unconnected.url, "app": paula.app.client_id}
        )
    assert stolen.status_code == 400 and list(stolen.json()) == ["app"]
    await happen(alice.scope)
    await work()
    assert (len(hers.got), others.got, unconnected.got) == (1, [], [])


async def test_test_and_live_are_apart(
    receive: Receive, paula: Partner, product: Product, alice: Person, charlie: Person
) -> None:
    test, live = await receive(says(200)), await receive(says(200))
    await grant(alice.scope, paula.app)
    await grant(charlie.live_scope, paula.app)
    async with product(paula.person.token) as client:
        await listen(client, test, paula.app)
    async with product(paula.person.live_token) as client:
        await listen(client, live, paula.app)
    events = [await happen(scope) for scope in (alice.scope, alice.live_scope, charlie.scope, charlie.live_scope)]
    await work()
    assert heard(test) == [(events[0], alice.account_id)]
    assert heard(live) == [(events[3], charlie.account_id)]


async def test_after_disconnect_nothing_goes_out_also_what_waited(
    receive: Receive, paula: Partner, paula_api: httpx.AsyncClient, alice: Person, charlie: Person
) -> None:
    receiver = await receive(says(503))
    await grant(alice.scope, paula.app)
    await grant(charlie.scope, paula.app)
    hook = await listen(paula_api, receiver, paula.app)
    waiting, kept = await happen(alice.scope), await happen(charlie.scope)
    await work()
    await disconnect(alice.scope, paula.app)
    late = await happen(alice.scope)
    receiver.answer, receiver.got[:] = says(200), []
    await let_time_pass(hook)
    await due_now(hook)
    await work()
    assert heard(receiver) == [(kept, charlie.account_id)]
    states = {one["object_id"]: one["state"] for one in await deliveries(paula_api, hook)}
    assert states == {waiting: "cancelled", kept: "delivered"} and late not in states


async def test_who_connects_again_is_not_told_of_the_time_between(
    receive: Receive, paula: Partner, paula_api: httpx.AsyncClient, alice: Person
) -> None:
    receiver = await receive(says(503))
    await grant(alice.scope, paula.app)
    hook = await listen(paula_api, receiver, paula.app)
    await happen(alice.scope)
    await work()
    await disconnect(alice.scope, paula.app)
    await happen(alice.scope)
    # The clock counts milliseconds.
    await asyncio.sleep(0.01)
    await grant(alice.scope, paula.app)
    new = await happen(alice.scope)
    receiver.answer, receiver.got[:] = says(200), []
    await let_time_pass(hook)
    await due_now(hook)
    await work()
    since = (now() - dt.timedelta(days=1)).isoformat()
    assert (await paula_api.post(f"/webhooks/{hook}/recover", json={"since": since})).status_code == 202
    await work()
    assert heard(receiver) == [(new, alice.account_id)]


async def test_recovery_brings_what_was_missed_of_every_merchant(
    receive: Receive, paula: Partner, paula_api: httpx.AsyncClient, alice: Person, charlie: Person
) -> None:
    receiver = await receive(says(200))
    await grant(alice.scope, paula.app)
    await grant(charlie.scope, paula.app, "orders:read")
    hook = await listen(paula_api, receiver, paula.app, "track_updated")
    change = {"event": "track_updated", "url": receiver.url}
    assert (await paula_api.put(f"/webhooks/{hook}", json={**change, "active": False})).status_code == 200
    missed = await happen(alice.scope)
    await happen(charlie.scope)
    await work()
    assert (await paula_api.put(f"/webhooks/{hook}", json={**change, "active": True})).status_code == 200
    since = (now() - dt.timedelta(hours=1)).isoformat()
    assert (await paula_api.post(f"/webhooks/{hook}/recover", json={"since": since})).status_code == 202
    await work()
    assert heard(receiver) == [(missed, alice.account_id)]


async def test_an_app_hears_only_what_its_scopes_let_it_read(
    receive: Receive, paula: Partner, paula_api: httpx.AsyncClient, product: Product, alice: Person, charlie: Person
) -> None:
    every, one = await receive(says(200)), await receive(says(200))
    token = await grant(alice.scope, paula.app, "tracking:read webhooks:write")
    await grant(charlie.scope, paula.app, "events:read")
    await listen(paula_api, every, paula.app)
    async with product(token) as app_api:
        await subscribe(app_api, one)
    track = await happen(alice.scope, "track_updated")
    await happen(alice.scope, "transaction_created")
    label = await happen(charlie.scope, "transaction_created")
    await work()
    assert heard(every) == [(track, alice.account_id), (label, charlie.account_id)]
    assert [got.id for got in one.got] == [track]


async def test_each_objects_events_keep_their_order_and_one_merchants_trouble_stops_no_other(
    receive: Receive, paula: Partner, paula_api: httpx.AsyncClient, alice: Person, charlie: Person
) -> None:
    receiver = await receive(in_turn(503, 200))
    await grant(alice.scope, paula.app)
    await grant(charlie.scope, paula.app)
    hook = await listen(paula_api, receiver, paula.app)
    parcel, other = new_id(), new_id()
    first, second = [await happen(alice.scope, object_id=parcel, seq=seq) for seq in (1, 2)]
    of_charlie = await happen(charlie.scope, object_id=other)
    await work()
    await due_now(hook)
    await work()
    arrived = [got.id for got in receiver.got]
    assert set(arrived) == {first, second, of_charlie} and len(arrived) == 4
    assert arrived.index(second) > len(arrived) - 1 - arrived[::-1].index(first)


async def test_an_app_sees_and_changes_only_its_own_subscriptions(
    api: httpx.AsyncClient, app_api: httpx.AsyncClient, product: Product, alice: Person
) -> None:
    mine = (await api.post("/webhooks", json={"event": "all", "url": OLD + "/alice"})).json()
    hers = (await app_api.post("/webhooks", json={"event": "all", "url": OLD + "/paula"})).json()
    peter = await make_partner("peter", "Peter's Carts")
    assert (mine.get("app"), hers["app"]["name"]) == (None, "Paula's Shops")
    async with product(await grant(alice.scope, peter.app)) as peter_api:
        await peter_api.post("/webhooks", json={"event": "all", "url": OLD + "/peter"})
        for client, seen in ((api, mine), (app_api, hers)):
            listed = (await client.get("/webhooks")).json()
            assert (listed["count"], listed["results"]) == (1, [seen])
        for client, hidden in ((api, hers), (app_api, mine), (peter_api, mine), (peter_api, hers)):
            await assert_out_of_reach(client, hidden["object_id"])
    assert (await app_api.put(f"/webhooks/{hers['object_id']}", json={"event": "all", "url": OLD})).status_code == 200
    assert (await app_api.delete(f"/webhooks/{hers['object_id']}")).status_code == 204


async def assert_out_of_reach(client: httpx.AsyncClient, webhook: str) -> None:
    path, event = f"/webhooks/{webhook}", "0" * 32
    for answer in (
        await client.get(path),
        await client.put(path, json={"event": "all", "url": OLD}),
        await client.delete(path),
        await client.get(f"{path}/secret"),
        await client.post(f"{path}/rotate-secret"),
        await client.get(f"{path}/deliveries"),
        await client.post(f"{path}/deliveries/{event}/resend"),
        await client.post(f"{path}/recover", json={"since": "2026-01-01T00:00:00Z"}),
        await client.post(f"{path}/test"),
    ):
        assert answer.status_code == 404, answer.text


async def test_a_merchants_token_makes_no_webhook_for_others_and_hears_nothing_of_webhooks(
    app_api: httpx.AsyncClient, paula: Partner, paula_api: httpx.AsyncClient
) -> None:
    given = {"event": "all", "url": OLD}
    refused = [
        (app_api, {**given, "app": paula.app.client_id}, "app"),
        (app_api, {**given, "all_accounts": True}, "all_accounts"),
        (app_api, {**given, "event": "webhook_disabled"}, "event"),
        (paula_api, {**given, "event": "webhook_failing", "app": paula.app.client_id}, "event"),
        (paula_api, {**given, "app": "no such app"}, "app"),
        (paula_api, {**given, "app": paula.app.client_id, "all_accounts": True}, "all_accounts"),
    ]
    for client, body, field in refused:
        answer = await client.post("/webhooks", json=body)
        assert answer.status_code == 400 and list(answer.json()) == [field], answer.text
    made = await paula_api.post("/webhooks", json=given)
    changed = await paula_api.put(f"/webhooks/{made.json()['object_id']}", json={**given, "app": paula.app.client_id})
    assert changed.status_code == 400 and list(changed.json()) == ["app"]


async def test_the_address_can_name_the_app_where_the_body_cannot(paula: Partner, paula_api: httpx.AsyncClient) -> None:
    made = await paula_api.post(f"/webhooks?app={paula.app.client_id}", json={"event": "all", "url": OLD})
    assert made.status_code == 201
    assert (made.json()["app"]["client_id"], made.json()["all_accounts"]) == (paula.app.client_id, True)
    kept = await paula_api.put(f"/webhooks/{made.json()['object_id']}", json={"event": "track_updated", "url": OLD})
    assert (kept.json()["app"], kept.json()["event"]) == (made.json()["app"], "track_updated")


async def test_disconnect_takes_the_apps_subscriptions_and_leaves_the_others(
    receive: Receive, api: httpx.AsyncClient, app_api: httpx.AsyncClient, paula: Partner, alice: Person
) -> None:
    own, apps = await receive(says(200)), await receive(says(200))
    await subscribe(api, own)
    await subscribe(app_api, apps)
    await disconnect(alice.scope, paula.app)
    await happen(alice.scope)
    await work()
    assert (len(own.got), apps.got) == (1, [])


async def test_the_log_shows_the_partner_what_its_endpoint_heard_and_the_merchant_nothing_of_it(
    receive: Receive, paula: Partner, paula_api: httpx.AsyncClient, api: httpx.AsyncClient, alice: Person
) -> None:
    receiver = await receive(says(200, "thank you"))
    await grant(alice.scope, paula.app)
    hook = await listen(paula_api, receiver, paula.app)
    event = await happen(alice.scope)
    await work()
    (delivery,) = await deliveries(paula_api, hook)
    assert (delivery["object_id"], delivery["account"], delivery["state"]) == (event, alice.account_id, "delivered")
    (row,) = (await paula_api.get(f"/events?webhook={hook}")).json()["results"]
    assert (row["account"], [one["webhook"] for one in row["deliveries"]]) == (alice.account_id, [hook])
    assert (await paula_api.get(f"/events/{event}")).json()["payload"]["event"] == "track_updated"
    assert (await paula_api.get("/events")).json()["results"] == []
    (seen,) = (await api.get("/events")).json()["results"]
    assert (seen["object_id"], seen["deliveries"]) == (event, [])
    await disconnect(alice.scope, paula.app)
    assert (await paula_api.get(f"/events/{event}")).status_code == 404


async def test_an_app_reads_no_addresses_of_others_in_a_merchants_log(
    receive: Receive, api: httpx.AsyncClient, app_api: httpx.AsyncClient, paula_api: httpx.AsyncClient, alice: Person
) -> None:
    receiver = await receive(says(410))
    await subscribe(api, receiver)
    await happen(alice.scope)
    await work()
    rows = (await app_api.get("/events")).json()["results"]
    assert [(row["event"], row["deliveries"]) for row in rows] == [("track_updated", [])]
    assert (await app_api.get("/events?state=delivered")).json()["results"] == []
    news = [row for row in (await api.get("/events")).json()["results"] if row["event"] == "webhook_disabled"]
    assert len(news) == 1 and (await app_api.get(f"/events/{news[0]['object_id']}")).status_code == 404


async def test_an_app_that_may_not_act_for_managed_accounts_any_more_hears_nothing_of_them(
    receive: Receive, api: httpx.AsyncClient, product: Product, paula: Partner, alice: Person
) -> None:
    receiver = await receive(says(200))
    managed = (await api.post("/shippo-accounts", json=MERCHANT)).json()["object_id"]
    token = await grant(alice.scope, paula.app, "tracking:read webhooks:write accounts:write")
    async with product(token, **{"SHIPPO-ACCOUNT-ID": managed}) as acting:
        await subscribe(acting, receiver)
    scope = Scope(managed, "test", "", SYSTEM)
    before = await happen(scope, "track_updated")
    await work()
    await grant(alice.scope, paula.app, "tracking:read webhooks:write")
    await happen(scope, "track_updated")
    await work()
    assert [got.id for got in receiver.got] == [before]


async def test_one_endpoint_for_all_managed_accounts(receive: Receive, product: Product, paula: Partner) -> None:
    every, own = await receive(says(200)), await receive(says(200))
    person, stranger = paula.person, await make_person("stranger")
    async with product(person.token) as client:
        made = await client.post("/shippo-accounts", json=MERCHANT)
        merchant = made.json()["object_id"]
        hook = await subscribe(client, every, all_accounts=True)
        await subscribe(client, own)
        assert (await client.get(f"/webhooks/{hook}")).json()["all_accounts"] is True
        of_own = await happen(person.scope)
        of_merchant = await happen(Scope(merchant, "test", "", SYSTEM))
        await happen(Scope(merchant, "live", "", SYSTEM))
        await happen(stranger.scope)
        await work()
        assert heard(every) == [(of_own, None), (of_merchant, merchant)]
        assert [got.id for got in own.got] == [of_own]
        acting = {"SHIPPO-ACCOUNT-ID": every.got[-1].headers.get("shippo-account-id", merchant)}
        assert (await client.get("/webhooks", headers=acting)).json()["count"] == 0


async def test_an_app_subscribes_in_an_account_that_its_merchant_manages_until_it_is_disconnected(
    receive: Receive, api: httpx.AsyncClient, app_api: httpx.AsyncClient, paula: Partner, alice: Person
) -> None:
    receiver = await receive(says(200))
    managed = (await api.post("/shippo-accounts", json=MERCHANT)).json()["object_id"]
    named = {"SHIPPO-ACCOUNT-ID": managed}
    made = await app_api.post("/webhooks", json={"event": "all", "url": receiver.url}, headers=named)
    assert made.status_code == 201, made.text
    before = await happen(Scope(managed, "test", "", SYSTEM))
    await happen(alice.scope)
    await work()
    assert [got.id for got in receiver.got] == [before]
    await disconnect(alice.scope, paula.app)
    await happen(Scope(managed, "test", "", SYSTEM))
    await work()
    assert [got.id for got in receiver.got] == [before]


MERCHANT: dict[str, Any] = {
    "email": "merchant@example.com",
    "first_name": "May",
    "last_name": "Merchant",
    "company_name": "May's Mugs",
}


async def deliveries(client: httpx.AsyncClient, webhook: str) -> list[dict[str, Any]]:
    return list((await client.get(f"/webhooks/{webhook}/deliveries")).json()["results"])


async def due_now(webhook: str) -> None:
    """What waits for an endpoint is due, and it is its turn."""
    (row,) = await current_pool().fetch("SELECT account_id, mode FROM webhooks WHERE id = $1", webhook)
    await current_pool().execute("UPDATE webhook_deliveries SET due_at = now() WHERE webhook_id = $1", webhook)
    async with begin() as tx:
        await enqueue(tx, turn_job(Scope(row["account_id"], row["mode"], "", SYSTEM), Id(webhook)))
