"""Changing and cancelling orders, finding them, and what a bought label forbids."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.orders.data import order_body
from tests.support.objects import post, shipment_body


async def pushed(api: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    return await post(api, "/orders", order_body(**changes))


async def test_patch_changes_only_what_it_names(api: httpx.AsyncClient) -> None:
    order = await pushed(api)
    answer = await api.patch(f"/orders/{order['object_id']}", json={"notes": "Ring twice", "total_price": 30})
    assert answer.status_code == 200
    assert answer.json() == {**order, "notes": "Ring twice", "total_price": "30.00"}
    assert (await api.get(f"/orders/{order['object_id']}")).json() == answer.json()
    cleared = (await api.patch(f"/orders/{order['object_id']}", json={"notes": None})).json()
    assert cleared == {**order, "total_price": "30.00"}


async def test_put_replaces_all_but_an_unsaid_status(api: httpx.AsyncClient) -> None:
    order = await pushed(api)
    body = order_body(order_number="#2", notes="new", shipping_method=None, order_status=None)
    answer = (await api.put(f"/orders/{order['object_id']}", json=body)).json()
    assert (answer["object_id"], answer["order_number"], answer["notes"]) == (order["object_id"], "#2", "new")
    assert (answer["shipping_method"], answer["order_status"]) == (None, "PAID")
    assert (await api.get(f"/addresses/{answer['to_address']['object_id']}")).status_code == 200


async def test_cancel_until_a_label_is_bought(api: httpx.AsyncClient) -> None:
    order = await pushed(api)
    answer = await api.post(f"/orders/{order['object_id']}/cancel")
    assert (answer.status_code, answer.json()["order_status"]) == (200, "CANCELLED")
    other = await pushed(api)
    shipment = await post(api, "/shipments", shipment_body())
    rate = shipment["rates"][0]["object_id"]
    await post(api, "/transactions", {"rate": rate, "order": other["object_id"], "async": False})
    path = f"/orders/{other['object_id']}"
    shipped = (await api.get(path)).json()
    assert shipped["order_status"] == "SHIPPED"
    for change in ({"order_status": "CANCELLED"}, {"to_address": {"country": "US"}}, {"weight": "9"}):
        assert (await api.patch(path, json=change)).status_code == 409
    assert (await api.post(f"{path}/cancel")).status_code == 409
    noted = await api.patch(path, json={"notes": "shipped on Monday"})
    assert noted.json() == {**shipped, "notes": "shipped on Monday"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"weight_unit": "lbs"}, "weight_unit"),
        ({"order_status": "LOST"}, "order_status"),
        ({"to_address": None}, "to_address"),
        ({"to_address": "0" * 32}, "to_address"),
        ({"line_items": [{"quantity": -1}]}, "line_items"),
        ({"total_price": "NaN"}, "total_price"),
        ({"currency": None}, "currency"),
    ],
)
async def test_a_wrong_change_changes_nothing(api: httpx.AsyncClient, change: dict[str, Any], field: str) -> None:
    order = await pushed(api)
    answer = await api.patch(f"/orders/{order['object_id']}", json=change)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert (await api.get(f"/orders/{order['object_id']}")).json() == order


async def test_an_outsider_changes_nothing(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    order = await pushed(api)
    path = f"/orders/{order['object_id']}"
    for answer in (
        await charlie_api.patch(path, json={"notes": "x"}),
        await charlie_api.put(path, json=order_body()),
        await charlie_api.post(f"{path}/cancel"),
    ):
        assert answer.status_code == 404
    theirs = (await pushed(charlie_api))["object_id"]
    answer = await charlie_api.patch(f"/orders/{theirs}", json={"to_address": order["to_address"]["object_id"]})
    assert answer.status_code == 400 and list(answer.json()) == ["to_address"]


async def test_orders_are_found_by_what_people_know(api: httpx.AsyncClient) -> None:
    first = await pushed(api, order_number="A-1", to_address={"country": "PL", "name": "Łucja Żaba", "city": "Gdańsk"})
    second = await pushed(api, order_number="B-2")

    async def found(query: str) -> list[str]:
        answer = await api.get(f"/orders?{query}")
        assert answer.status_code == 200, answer.text
        return [order["object_id"] for order in answer.json()["results"]]

    assert await found("q=lucja") == [first["object_id"]]
    assert await found("q=gdansk+ZABA") == [first["object_id"]]
    assert await found("q=hm-123") == [second["object_id"], first["object_id"]]
    assert await found("order_number=B-2") == [second["object_id"]]
    assert await found("q=100%25") == []
    shipment = await post(api, "/shipments", shipment_body())
    rate = shipment["rates"][0]["object_id"]
    label = await post(api, "/transactions", {"rate": rate, "order": first["object_id"], "async": False})
    assert await found(f"tracking_number={label['tracking_number']}") == [first["object_id"]]
    assert await found(f"updated_since={label['object_created']}") == [first["object_id"]]
