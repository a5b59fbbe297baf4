"""SHIPPO-ACCOUNT-ID: a platform acts for a merchant whose account it manages."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from portside.accounts import actions, queries
from portside.db.begin import begin
from portside.db.pool import current_pool
from portside.jobs.drain import drain
from portside.main import API
from portside.rest.caller import forget_tokens
from portside.rest.openapi import operations
from tests.orders.data import order_body
from tests.partners.conftest import MERCHANT, Maker, opened
from tests.support.cast import Person
from tests.support.objects import PARCEL, SENDER, make_objects, post, shipment_body
from tests.webhooks.receivers import Receiver, receiving, says

HEADER = "SHIPPO-ACCOUNT-ID"
NOT_FOUND = {"detail": "Not found."}

# Where each object of `make_objects` is read, and listed.
READ = {
    "address_id": "/addresses",
    "parcel_id": "/parcels",
    "item_id": "/customs/items",
    "declaration_id": "/customs/declarations",
    "carrier_account_id": "/carrier_accounts",
    "order_id": "/orders",
    "shipment_id": "/shipments",
    "rate_id": "/rates",
    "transaction_id": "/transactions",
    "webhook_id": "/webhooks",
}
LISTS = [path for path in READ.values() if path != "/rates"]


@pytest.fixture
async def receivers() -> AsyncIterator[list[Receiver]]:
    """Two receivers that take everything."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(receiving(says(200))) for _ in range(2)]


async def test_all_that_is_made_is_the_merchants_alone(
    acting: httpx.AsyncClient,
    platform: httpx.AsyncClient,
    sibling: httpx.AsyncClient,
    charlie_api: httpx.AsyncClient,
    merchant: dict[str, Any],
) -> None:
    ids = await make_objects(acting)
    for name, path in READ.items():
        found = await acting.get(f"{path}/{ids[name]}")
        assert found.status_code == 200, (path, found.text)
        assert found.json().get("object_owner", merchant["email"]) == merchant["email"], path
        for stranger in (platform, sibling, charlie_api):
            missing = await stranger.get(f"{path}/{ids[name]}")
            assert (missing.status_code, missing.json()) == (404, NOT_FOUND), path
    for path in LISTS:
        assert (await acting.get(path)).json()["results"], path
        for stranger in (platform, sibling, charlie_api):
            listed = (await stranger.get(path)).text
            assert not any(value in listed for value in ids.values()), path


async def test_a_merchant_cannot_use_what_is_the_platforms_nor_the_other_way(
    acting: httpx.AsyncClient, platform: httpx.AsyncClient, sibling: httpx.AsyncClient
) -> None:
    shipment = await post(acting, "/shipments", shipment_body())
    rate = {"rate": shipment["rates"][0]["object_id"], "async": False}
    own = await post(platform, "/addresses", SENDER)
    for stranger in (platform, sibling):
        assert (await stranger.post("/transactions", json=rate)).status_code == 400
    assert (await acting.post("/shipments", json=shipment_body(address_from=own["object_id"]))).status_code == 400
    assert (await acting.post("/transactions", json=rate)).json()["status"] == "SUCCESS"


async def test_a_new_account_has_carrier_accounts_of_its_own(
    acting: httpx.AsyncClient, platform: httpx.AsyncClient
) -> None:
    theirs, ours = [(await client.get("/carrier_accounts")).json()["results"] for client in (acting, platform)]
    assert {(row["carrier"], row["active"]) for row in theirs} == {("usps", True), ("ups", True)}
    assert not {row["object_id"] for row in theirs} & {row["object_id"] for row in ours}


async def test_the_id_may_be_written_as_a_uuid_and_the_header_in_any_case(
    platform: httpx.AsyncClient, merchant: dict[str, Any]
) -> None:
    order = await platform.post("/orders", json=order_body(), headers={HEADER: merchant["object_id"]})
    path = f"/orders/{order.json()['object_id']}"
    spelled = uuid.UUID(merchant["object_id"])
    for name in (HEADER, HEADER.lower(), "Shippo-Account-Id"):
        for value in (spelled.hex, spelled.hex.upper(), str(spelled), str(spelled).upper()):
            assert (await platform.get(path, headers={name: value})).json() == order.json()


async def test_an_id_that_is_not_one_of_the_callers_is_not_found(
    platform: httpx.AsyncClient,
    acting: httpx.AsyncClient,
    charlie_api: httpx.AsyncClient,
    charlie: Person,
    paula: Person,
    merchant: dict[str, Any],
) -> None:
    foreign = (await opened(charlie_api))["object_id"]
    order = (await acting.post("/orders", json=order_body())).json()["object_id"]
    wrong = ["0" * 32, "nothing", "", " ", "é", foreign, charlie.account_id, paula.account_id, order, "a" * 5000]
    for value in [*wrong, f"{merchant['object_id']}, {foreign}"]:
        headers = httpx.Headers({HEADER: value}, encoding="latin-1")
        for answer in (
            await platform.get("/orders", headers=headers),
            await platform.post("/orders", content=b"{", headers=headers),
        ):
            assert (answer.status_code, answer.json()) == (404, NOT_FOUND), value
    assert (await platform.get("/orders")).json()["results"] == []


async def test_every_operation_heeds_the_header(platform: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    foreign = (await opened(charlie_api))["object_id"]
    tried = 0
    for operation in operations(API):
        path = operation.path.replace("{", "").replace("}", "")
        answer = await platform.request(operation.method, path, headers={HEADER: foreign}, json={})
        assert (answer.status_code, answer.json()["detail"]) == (404, "Not found."), operation
        tried += 1
    assert tried > 50


async def test_a_wrong_token_is_told_before_a_wrong_id(product: Maker, merchant: dict[str, Any]) -> None:
    async with product("shippo_test_" + "0" * 40, **{HEADER: merchant["object_id"]}) as client:
        assert (await client.get("/orders")).status_code == 401


async def test_managed_accounts_do_not_nest(acting: httpx.AsyncClient, merchant: dict[str, Any]) -> None:
    refused = await acting.post("/shippo-accounts", json=MERCHANT)
    assert refused.status_code == 403
    assert refused.json() == {"detail": "A managed account cannot have managed accounts of its own."}
    assert (await acting.get("/shippo-accounts")).json()["results"] == []
    path = f"/shippo-accounts/{merchant['object_id']}"
    assert (await acting.get(path)).status_code == (await acting.put(path, json=MERCHANT)).status_code == 404


async def test_inside_an_account_the_modes_are_apart(
    product: Maker, acting: httpx.AsyncClient, paula: Person, merchant: dict[str, Any]
) -> None:
    order = (await acting.post("/orders", json=order_body())).json()["object_id"]
    async with product(paula.live_token, **{HEADER: merchant["object_id"]}) as live:
        assert (await live.get(f"/orders/{order}")).status_code == 404
        assert (await live.get("/orders")).json()["results"] == []
        parcel = await post(live, "/parcels", PARCEL)
        assert parcel["test"] is False and parcel["object_owner"] == merchant["email"]
    assert (await acting.get(f"/parcels/{parcel['object_id']}")).status_code == 404


async def test_the_event_log_names_the_token_that_acted(
    acting: httpx.AsyncClient, paula: Person, merchant: dict[str, Any]
) -> None:
    order = (await acting.post("/orders", json=order_body())).json()["object_id"]
    rows = await current_pool().fetch("SELECT account_id, mode, actor FROM events WHERE object_id = $1", order)
    assert [tuple(row) for row in rows] == [(merchant["object_id"], "test", f"token:{paula.scope.actor.id}")]


async def test_webhooks_of_a_merchant_are_the_merchants(
    acting: httpx.AsyncClient, platform: httpx.AsyncClient, merchant: dict[str, Any], receivers: list[Receiver]
) -> None:
    theirs, ours = receivers
    for client, receiver in ((acting, theirs), (platform, ours)):
        await post(client, "/webhooks", {"event": "order_created", "url": receiver.url})
    order = await post(acting, "/orders", order_body())
    own = await post(platform, "/orders", order_body())
    await drain()
    assert [got.json["data"]["object_id"] for got in theirs.got] == [order["object_id"]]
    assert theirs.got[0].headers["portside-account"] == merchant["object_id"]
    assert theirs.got[0].json["data"]["object_owner"] == merchant["email"]
    assert [got.json["data"]["object_id"] for got in ours.got] == [own["object_id"]]


async def test_a_key_for_repeats_belongs_to_one_account(
    acting: httpx.AsyncClient, platform: httpx.AsyncClient, sibling: httpx.AsyncClient
) -> None:
    answers = [
        await client.post("/orders", json=order_body(), headers={"Idempotency-Key": "one"})
        for client in (acting, platform, sibling, acting)
    ]
    assert [answer.status_code for answer in answers] == [201] * 4
    made = [answer.json()["object_id"] for answer in answers]
    assert len(set(made)) == 3 and made[3] == made[0]


async def test_a_new_address_shows_at_once_as_the_owner(
    acting: httpx.AsyncClient, platform: httpx.AsyncClient, merchant: dict[str, Any]
) -> None:
    order = (await acting.post("/orders", json=order_body())).json()
    assert order["object_owner"] == merchant["email"]
    path = f"/shippo-accounts/{merchant['object_id']}"
    assert (await platform.put(path, json=MERCHANT | {"email": "new@example.com"})).status_code == 200
    assert (await acting.get(f"/orders/{order['object_id']}")).json()["object_owner"] == "new@example.com"


async def test_revoking_the_platforms_token_ends_it(acting: httpx.AsyncClient, paula: Person) -> None:
    assert (await acting.get("/orders")).status_code == 200
    async with begin() as tx:
        tokens = await queries.list_credentials(tx, paula.scope)
        await actions.revoke_token(tx, paula.scope, tokens[0].id)
    forget_tokens()
    assert (await acting.get("/orders")).status_code == 401
