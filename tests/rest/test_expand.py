"""`?expand=`: ids in an answer replaced by one's own objects, one level deep, in every form that clients write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from portside.db.begin import reading
from portside.kit.ids import Id
from portside.orders.api import orders_by_id
from tests.orders.data import order_body
from tests.support.cast import Person
from tests.support.objects import DECLARATION, all_operations, bodies, shipment_body, stocked


@pytest.fixture
async def label(api: httpx.AsyncClient) -> dict[str, str]:
    """A label bought for an order."""
    order = (await api.post("/orders", json=order_body())).json()
    shipment = (await api.post("/shipments", json=shipment_body(order=order["object_id"]))).json()
    body = {"rate": shipment["rates"][0]["object_id"], "async": False}
    made: dict[str, str] = (await api.post("/transactions", json=body)).json()
    assert made["status"] == "SUCCESS" and made["order"] == order["object_id"]
    return made


@pytest.mark.parametrize(
    "query",
    [
        "expand=rate&expand=parcel",
        "expand[]=rate&expand[]=parcel",
        'expand=["rate","parcel"]',
        "expand=rate,parcel",
        'expand="rate"&expand="parcel"',
        "expand=rate,parcel,nonsense,object_id,messages",
    ],
)
async def test_every_form_means_the_same(api: httpx.AsyncClient, label: dict[str, str], query: str) -> None:
    shown = (await api.get(f"/transactions/{label['object_id']}?{query}")).json()
    rate, parcel = shown["rate"], shown["parcel"]
    assert rate["object_id"] == label["rate"] and rate["amount"] and rate["servicelevel_token"]
    assert parcel["object_id"] == label["parcel"] and parcel["length"]
    assert {**shown, "rate": label["rate"], "parcel": label["parcel"]} == {
        **label,
        "object_updated": shown["object_updated"],
    }


async def test_lists_are_expanded_row_by_row_and_not_deeper(api: httpx.AsyncClient, label: dict[str, str]) -> None:
    (row,) = (await api.get("/transactions", params={"expand": "order,rate"})).json()["results"]
    assert row["order"]["object_id"] == label["order"]
    assert isinstance(row["rate"]["carrier_account"], str)
    (shipment,) = (await api.get("/shipments", params={"expand": "order"})).json()["results"]
    assert shipment["order"]["order_number"] == row["order"]["order_number"]


async def test_lists_of_ids_become_lists_of_objects(api: httpx.AsyncClient) -> None:
    made = (await api.post("/customs/declarations", json=DECLARATION)).json()
    shown = (await api.get(f"/customs/declarations/{made['object_id']}?expand=items")).json()
    assert [item["object_id"] for item in shown["items"]] == made["items"]
    assert shown["items"][0]["description"] == "Mug"


async def test_whatever_an_operation_says_it_expands(api: httpx.AsyncClient) -> None:
    stock = await stocked(api)
    for path in ("/refunds", "/manifests", "/pickups"):
        assert (await api.post(path, json=bodies(stock)[f"POST {path}"])).status_code == 201
    seen = set()
    for operation in all_operations():
        if operation.expands and "{" not in operation.path:
            plain = (await api.get(operation.path)).json()["results"]
            shown = (await api.get(operation.path, params={"expand": ",".join(operation.expands)})).json()["results"]
            for name in operation.expands:
                before, after = [row[name] for row in plain], [row[name] for row in shown]
                assert ids_of(after) == before, (operation.path, name)
                seen |= {(operation.path, name) for value in before if value}
    assert {("/refunds", "transaction"), ("/manifests", "transactions"), ("/pickups", "carrier_account")} <= seen


def ids_of(value: Any) -> Any:
    """What was expanded as ids again; what was not is caught by having no id."""
    if isinstance(value, list):
        return [ids_of(one) for one in value]
    return None if value is None else value["object_id"]


async def test_without_it_and_without_anything_to_expand_nothing_changes(
    api: httpx.AsyncClient, label: dict[str, str]
) -> None:
    plain = (await api.get(f"/transactions/{label['object_id']}")).json()
    assert plain == (await api.get(f"/transactions/{label['object_id']}?expand=")).json()
    assert (await api.get("/addresses?expand=rate")).status_code == 200
    shipment = (await api.post("/shipments", json=shipment_body())).json()
    shown = (await api.get(f"/shipments/{shipment['object_id']}?expand=order,carrier_accounts")).json()
    assert (shown["order"], shown["carrier_accounts"]) == (None, shipment["carrier_accounts"])


async def test_nobody_elses_objects_can_be_loaded(
    api: httpx.AsyncClient, alice: Person, charlie: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    order_id = Id((await stocked(api))["order_id"])
    async with reading() as tx:
        assert list(await orders_by_id(tx, alice.scope, [order_id])) == [order_id]
        assert await orders_by_id(tx, charlie.scope, [order_id]) == {}
        assert await orders_by_id(tx, alice.live_scope, [order_id]) == {}
