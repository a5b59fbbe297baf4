"""Orders over HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.orders.data import order_body


async def test_a_pushed_order_reads_back_as_it_was_answered(api: httpx.AsyncClient) -> None:
    answer = await api.post("/orders/", json=order_body())
    assert answer.status_code == 201
    order = answer.json()
    assert (order["order_number"], order["order_status"], order["shop_app"]) == ("#1068", "PAID", "Shippo")
    assert (order["total_price"], order["weight"], order["transactions"]) == ("24.93", "0.40", [])
    assert order["placed_at"] == "2016-09-23T01:28:12.000Z" and order["from_address"] is None
    (line,) = order["line_items"]
    assert (line["total_price"], line["weight"], line["description"]) == ("12.10", "0.4000", None)
    assert (await api.get(f"/orders/{order['object_id']}")).json() == order
    assert (await api.get("/orders")).json() == {"next": None, "previous": None, "results": [order]}
    address = (await api.get(f"/addresses/{order['to_address']['object_id']}")).json()
    assert address == order["to_address"]


async def test_all_missing_fields_are_named_at_once(api: httpx.AsyncClient) -> None:
    answer = await api.post("/orders", json={})
    assert answer.status_code == 400
    assert answer.json() == {
        field: ["This field is required."] for field in ("to_address", "placed_at", "weight", "weight_unit")
    }
    line = {"weight": "1", "weight_unit": "lb"}
    assert set((await api.post("/orders", json={"line_items": [line]})).json()) == {"to_address", "placed_at"}


async def test_the_dust_of_a_clients_floats_is_no_mistake(api: httpx.AsyncClient) -> None:
    price, weight, tax = 1.1 + 2.2, 0.1 + 0.2, 0.3 - 0.2 - 0.1
    assert (str(price), str(weight)) == ("3.3000000000000003", "0.30000000000000004")
    order = (await api.post("/orders", json=order_body(total_price=price, weight=weight, total_tax=tax))).json()
    assert (order["total_price"], order["weight"], order["total_tax"]) == ("3.30", "0.30", "0.00")


async def test_empty_text_is_as_good_as_nothing_in_every_optional_field(api: httpx.AsyncClient) -> None:
    money = ("subtotal_price", "total_price", "total_tax", "currency", "shipping_cost", "shipping_cost_currency")
    texts = ("order_number", "shipping_method", "notes", "from_address")
    line = dict.fromkeys(("quantity", "total_price", "currency", "weight", "weight_unit", "max_ship_time"), "")
    body = order_body(order_status="", line_items=[line], **dict.fromkeys((*money, *texts), ""))
    order = (await api.post("/orders", json=body)).json()
    assert order["order_status"] == "UNKNOWN" and not any(order[field] for field in (*money, *texts))
    assert not any(order["line_items"][0][field] for field in line)
    answer = await api.post("/orders", json=order_body(currency="", shipping_cost_currency=""))
    assert answer.json() == {
        "currency": ["This field is required."],
        "shipping_cost_currency": ["This field is required."],
    }


async def test_the_weight_may_come_from_the_lines(api: httpx.AsyncClient) -> None:
    lines = [
        {"title": "a", "weight": "1.5", "weight_unit": "lb"},
        {"title": "b", "weight": 8, "weight_unit": "oz"},
    ]
    order = (await api.post("/orders", json=order_body(weight=None, weight_unit=None, line_items=lines))).json()
    assert (order["weight"], order["weight_unit"]) == ("2.00", "lb")
    answer = await api.post("/orders", json=order_body(weight=None, weight_unit=None, line_items=[{"title": "a"}]))
    assert set(answer.json()) == {"weight", "weight_unit"}


async def test_numbers_and_loose_values_are_taken_as_meant(api: httpx.AsyncClient) -> None:
    body = order_body(total_price=24.93, weight=2, placed_at="2026-11-21t22:58:28z", order_number=1068, notes="")
    body["line_items"][0]["quantity"] = "2"
    order = (await api.post("/orders", content=json.dumps(body))).json()
    assert (order["total_price"], order["weight"], order["order_number"]) == ("24.93", "2.00", "1068")
    assert order["placed_at"] == "2026-11-21T22:58:28.000Z"
    assert order["line_items"][0]["quantity"] == 2 and order["notes"] is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"placed_at": "yesterday"}, "placed_at"),
        ({"placed_at": 5}, "placed_at"),
        ({"total_price": "NaN"}, "total_price"),
        ({"total_price": "1e400000"}, "total_price"),
        ({"total_price": "-1"}, "total_price"),
        ({"weight": "-0.1"}, "weight"),
        ({"weight_unit": "lbs"}, "weight_unit"),
        ({"order_status": "LOST"}, "order_status"),
        ({"currency": None}, "currency"),
        ({"shipping_cost_currency": None}, "shipping_cost_currency"),
        ({"currency": "dollars"}, "currency"),
        ({"to_address": {"name": "no country"}}, "to_address"),
        ({"to_address": {"country": "USSSSS"}}, "to_address"),
        ({"to_address": "0" * 32}, "to_address"),
        ({"to_address": 5}, "to_address"),
        ({"from_address": "nonsense"}, "from_address"),
        ({"line_items": "many"}, "line_items"),
        ({"line_items": [{"quantity": -1}]}, "line_items"),
        ({"line_items": [{"quantity": 10**20}]}, "line_items"),
        ({"line_items": [{"total_price": "-1"}]}, "line_items"),
        ({"line_items": [{"title": "x" * 1000}]}, "line_items"),
        ({"line_items": [{"title": "x"}] * 1001}, "line_items"),
        ({"order_number": "x" * 300}, "order_number"),
        ({"notes": "a\x00b"}, "notes"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_written(
    api: httpx.AsyncClient, changes: dict[str, Any], field: str
) -> None:
    body = order_body(**{name: value for name, value in changes.items() if value is not None})
    for name, value in changes.items():
        if value is None:
            del body[name]
    answer = await api.post("/orders", json=body)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert (await api.get("/orders")).json()["results"] == []
    assert (await api.get("/addresses")).json()["results"] == []


async def test_addresses_by_id(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    mine = (await api.post("/addresses", json={"country": "US", "name": "Depot"})).json()
    order = (await api.post("/orders", json=order_body(from_address=mine["object_id"]))).json()
    assert order["from_address"]["object_id"] == mine["object_id"] and order["from_address"]["name"] == "Depot"
    foreign = await charlie_api.post("/orders", json=order_body(to_address=mine["object_id"]))
    assert foreign.status_code == 400
    assert foreign.json() == {"to_address": ["Address with supplied object_id not found."]}


async def test_filters(api: httpx.AsyncClient) -> None:
    for number, status, placed in [
        ("1", "PAID", "2026-01-01"),
        ("2", "SHIPPED", "2026-02-01"),
        ("3", "PAID", "2026-03-01"),
    ]:
        await api.post("/orders", json=order_body(order_number=number, order_status=status, placed_at=placed))

    async def numbers(query: str) -> list[str]:
        answer = await api.get(f"/orders?{query}")
        assert answer.status_code == 200, answer.text
        return [order["order_number"] for order in answer.json()["results"]]

    assert await numbers("") == ["3", "2", "1"]
    assert await numbers("order_status[]=PAID") == ["3", "1"]
    assert await numbers("order_status[]=PAID&order_status[]=SHIPPED") == ["3", "2", "1"]
    assert await numbers("order_status=SHIPPED") == ["2"]
    assert await numbers("start_date=2026-01-15T00:00:00-07:00") == ["3", "2"]
    assert await numbers("start_date=2026-01-15&end_date=2026-02-15;order_status=SHIPPED") == ["2"]
    assert await numbers("shop_app=Shopify") == []
    assert (await api.get("/orders?order_status=LOST")).status_code == 400
    assert (await api.get("/orders?start_date=soon")).status_code == 400


async def test_many_at_once_are_all_written_and_a_bad_one_harms_no_neighbour(api: httpx.AsyncClient) -> None:
    bodies = [order_body(order_number=str(number)) for number in range(60)]
    bodies[30]["to_address"] = {"country": "nowhere"}
    answers = await asyncio.gather(*(api.post("/orders", json=body) for body in bodies))
    assert [answer.status_code for answer in answers].count(201) == 59
    assert answers[30].status_code == 400
    page = (await api.get("/orders?results=100")).json()
    assert {order["order_number"] for order in page["results"]} == {str(n) for n in range(60) if n != 30}


async def test_an_idempotency_key_makes_one_order(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "order-1"}
    answers = await asyncio.gather(*(api.post("/orders", json=order_body(), headers=headers) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["object_id"] for answer in answers}) == 1
    assert len((await api.get("/orders")).json()["results"]) == 1
    other = await api.post("/orders", json=order_body(order_number="2"), headers=headers)
    assert other.status_code == 409
    assert len((await api.get("/orders")).json()["results"]) == 1


async def test_an_outsider_sees_nothing(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    order = (await api.post("/orders", json=order_body())).json()
    assert (await charlie_api.get(f"/orders/{order['object_id']}")).status_code == 404
    assert (await charlie_api.get("/orders")).json()["results"] == []


async def test_modes_do_not_mix(api: httpx.AsyncClient, alice: Any, product: Any) -> None:
    order = (await api.post("/orders", json=order_body())).json()
    async with product(alice.live_token) as live:
        assert (await live.get(f"/orders/{order['object_id']}")).status_code == 404
        assert (await live.get("/orders")).json()["results"] == []
        assert (await live.post("/orders", json=order_body())).json()["test"] is False
