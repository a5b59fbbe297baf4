"""What a partner does with a merchant's token: pushing orders, changing them, shipping them, and where it ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from shippo.models.components.order import Order as SdkOrder

from portside.db.pool import current_pool
from portside.jobs.drain import drain
from tests.orders.data import order_body
from tests.support.cast import Person
from tests.support.objects import shipment_body
from tests.support.partners import Partner, disconnect, grant, make_partner

Product = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def paula(product: Product) -> Partner:
    return await make_partner()


@pytest.fixture
async def app_api(product: Product, alice: Person, paula: Partner) -> AsyncIterator[httpx.AsyncClient]:
    """paula's client with the token that alice granted her."""
    async with product(await grant(alice.scope, paula.app)) as client:
        yield client


@pytest.fixture
def mark(paula: Partner) -> dict[str, str]:
    """How orders name paula's app."""
    return {"client_id": paula.app.client_id, "name": "Paula's Shops"}


async def push(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    made = await client.post("/orders", json=order_body(**changes))
    assert made.status_code == 201, made.text
    return dict(made.json())


async def test_a_pushed_order_names_the_app_and_belongs_to_the_merchant(
    app_api: httpx.AsyncClient, api: httpx.AsyncClient, alice: Person, mark: dict[str, str]
) -> None:
    made = await push(app_api)
    assert (made["app"], made["shop_app"], made["object_owner"]) == (mark, "Shippo", alice.email)
    path = f"/orders/{made['object_id']}"
    for client in (app_api, api):
        assert (await client.get(path)).json() == made
    assert SdkOrder.from_dict(made).object_id == made["object_id"]
    assert "app" not in await push(api)


async def test_orders_pushed_in_bulk_and_with_a_key_name_the_app(
    app_api: httpx.AsyncClient, mark: dict[str, str]
) -> None:
    lines = "\n".join(json.dumps(order_body(order_number=str(number))) for number in range(3))
    bulk = await app_api.post("/orders/bulk", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert bulk.json()["created"] == 3, bulk.text
    keyed = [await app_api.post("/orders", json=order_body(), headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert keyed[0].json() == keyed[1].json()
    listed = (await app_api.get("/orders")).json()["results"]
    assert len(listed) == 4 and all(order["app"] == mark for order in listed)


async def test_the_list_can_be_of_one_app(app_api: httpx.AsyncClient, api: httpx.AsyncClient, paula: Partner) -> None:
    pushed, own = await push(app_api), await push(api)
    for app, expected in ((paula.app.client_id, [pushed]), ("no-such-app", [])):
        assert (await api.get("/orders", params={"app": app})).json()["results"] == expected
    assert (await api.get("/orders")).json()["results"] == [own, pushed]


async def test_a_change_by_whomever_leaves_the_app_on_the_order(
    app_api: httpx.AsyncClient, api: httpx.AsyncClient, mark: dict[str, str]
) -> None:
    made, own = await push(app_api), await push(api)
    path = f"/orders/{made['object_id']}"
    by_partner = await app_api.patch(path, json={"notes": "Ring twice."})
    by_merchant = await api.put(path, json=order_body(notes="No rush."))
    for answer, notes in ((by_partner, "Ring twice."), (by_merchant, "No rush.")):
        assert (answer.status_code, answer.json()["notes"], answer.json()["app"]) == (200, notes, mark)
    changed = await app_api.patch(f"/orders/{own['object_id']}", json={"notes": "Seen."})
    assert changed.status_code == 200 and "app" not in changed.json()
    cancelled = (await app_api.post(f"{path}/cancel")).json()
    assert (cancelled["order_status"], cancelled["app"]) == ("CANCELLED", mark)


async def test_events_of_an_order_name_the_app(app_api: httpx.AsyncClient, mark: dict[str, str]) -> None:
    made = await push(app_api)
    await app_api.patch(f"/orders/{made['object_id']}", json={"notes": "Ring twice."})
    rows = await current_pool().fetch(
        "SELECT name, payload, actor FROM events WHERE object_id = $1 ORDER BY seq", made["object_id"]
    )
    assert [row["name"] for row in rows] == ["order_created", "order_updated"]
    assert all(json.loads(row["payload"])["data"]["app"] == mark for row in rows)
    assert all(row["actor"].startswith("app:") for row in rows)


async def test_the_partner_ships_the_order_and_follows_the_parcel(
    app_api: httpx.AsyncClient, api: httpx.AsyncClient, mark: dict[str, str]
) -> None:
    order = await push(app_api)
    shipment = (
        await app_api.post("/shipments", json=shipment_body(order=order["object_id"], **{"async": False}))
    ).json()
    rate = shipment["rates"][0]
    label = (await app_api.post("/transactions", json={"rate": rate["object_id"], "async": False})).json()
    assert label["status"] == "SUCCESS", label
    await drain()
    shipped = (await api.get(f"/orders/{order['object_id']}")).json()
    assert (shipped["order_status"], shipped["app"]) == ("SHIPPED", mark)
    assert [each["object_id"] for each in shipped["transactions"]] == [label["object_id"]]
    track = await app_api.get(f"/tracks/{rate['provider'].lower()}/{label['tracking_number']}")
    assert (track.status_code, track.json()["tracking_number"]) == (200, label["tracking_number"])
    slip = (await app_api.get(f"/orders/{order['object_id']}/packingslip")).json()
    assert (await api.get(slip["slip_url"])).content.startswith(b"%PDF")


async def test_test_and_live_and_other_merchants_are_out_of_reach(
    product: Product, app_api: httpx.AsyncClient, alice: Person, charlie_api: httpx.AsyncClient
) -> None:
    theirs = await push(charlie_api)
    async with product(alice.live_token) as live:
        live_order = (await live.post("/orders", json=order_body())).json()
    for order in (theirs, live_order):
        path = f"/orders/{order['object_id']}"
        assert (await app_api.get(path)).status_code == 404
        assert (await app_api.patch(path, json={"notes": "Mine now."})).status_code == 404
        assert (await app_api.get(f"{path}/packingslip")).status_code == 404


async def test_narrow_scopes_are_kept_to(product: Product, alice: Person, paula: Partner) -> None:
    async with product(await grant(alice.scope, paula.app, "orders:read")) as reader:
        assert (await reader.get("/orders")).status_code == 200
        refused = await reader.post("/orders", json=order_body())
        assert refused.status_code == 403 and "orders:write" in refused.text
        assert (await reader.get("/webhooks")).status_code == 403


async def test_after_disconnect_the_token_is_dead_and_the_orders_stay(
    app_api: httpx.AsyncClient, api: httpx.AsyncClient, alice: Person, paula: Partner, mark: dict[str, str]
) -> None:
    made = await push(app_api)
    await disconnect(alice.scope, paula.app)
    for answer in (await app_api.get("/orders"), await app_api.post("/orders", json=order_body())):
        assert answer.status_code == 401
    assert (await api.get(f"/orders/{made['object_id']}")).json()["app"] == mark
