"""Customs items over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

ITEM: dict[str, Any] = {
    "description": "T-shirt",
    "quantity": 2,
    "net_weight": "400",
    "mass_unit": "g",
    "value_amount": "20",
    "value_currency": "usd",
    "origin_country": "USA",
}
KEYS = """
    object_created object_updated object_id object_owner object_state description quantity net_weight mass_unit
    value_amount value_currency origin_country tariff_number hs_code sku_code eccn_ear99 metadata test
"""


async def test_an_item_is_created_as_sent_and_read_with_fixed_decimals(api: httpx.AsyncClient) -> None:
    made = await api.post("/customs/items/", json=ITEM)
    assert made.status_code == 201
    body = made.json()
    assert set(body) == set(KEYS.split())
    assert (body["net_weight"], body["value_amount"], body["value_currency"]) == ("400", "20", "USD")
    assert (body["quantity"], body["origin_country"], body["object_state"]) == (2, "US", "VALID")
    assert (body["tariff_number"], body["hs_code"], body["sku_code"], body["metadata"]) == ("", None, None, "")
    read = (await api.get(f"/customs/items/{body['object_id']}")).json()
    assert read == {**body, "net_weight": "400.0000", "value_amount": "20.00"}
    assert (await api.get("/v1/customs/items/")).json()["results"] == [read]


async def test_numbers_and_text_are_taken_either_way(api: httpx.AsyncClient) -> None:
    given = {**ITEM, "quantity": "3", "net_weight": 0.5, "value_amount": 12.1, "hs_code": 610910, "unknown": []}
    body = (await api.post("/customs/items", json=given)).json()
    assert (body["quantity"], body["net_weight"], body["value_amount"], body["hs_code"]) == (3, "0.5", "12.1", "610910")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"description": ""}, "description"),
        ({"description": "  "}, "description"),
        ({"description": "x" * 501}, "description"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": "two"}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": 10**20}, "quantity"),
        ({"net_weight": "abc"}, "net_weight"),
        ({"net_weight": "0"}, "net_weight"),
        ({"net_weight": "0.00001"}, "net_weight"),
        ({"mass_unit": "lbs"}, "mass_unit"),
        ({"value_amount": "-1"}, "value_amount"),
        ({"value_amount": {}}, "value_amount"),
        ({"value_currency": "dollars"}, "value_currency"),
        ({"value_currency": ""}, "value_currency"),
        ({"origin_country": "Atlantis"}, "origin_country"),
        ({"origin_country": None}, "origin_country"),
        ({"tariff_number": "1" * 13}, "tariff_number"),
        ({"hs_code": "1" * 51}, "hs_code"),
        ({"metadata": "x" * 101}, "metadata"),
    ],
)
async def test_a_wrong_field_is_named(api: httpx.AsyncClient, change: dict[str, Any], field: str) -> None:
    answer = await api.post("/customs/items", json={**ITEM, **change})
    assert answer.status_code == 400 and list(answer.json()) == [field]


async def test_all_that_is_missing_is_named_at_once(api: httpx.AsyncClient) -> None:
    answer = await api.post("/customs/items", json={})
    assert answer.status_code == 400
    assert answer.json() == {field: ["This field is required."] for field in ITEM}


async def test_all_that_is_wrong_is_named_at_once(api: httpx.AsyncClient) -> None:
    wrong = {
        "description": " ",
        "quantity": 0,
        "net_weight": "-1",
        "mass_unit": "lbs",
        "value_amount": "-20",
        "value_currency": "dollars",
        "origin_country": "Atlantis",
        "tariff_number": "1" * 13,
    }
    answer = await api.post("/customs/items", json=wrong)
    assert answer.status_code == 400 and set(answer.json()) == set(wrong)


async def test_missing_and_foreign_look_the_same(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    made = (await api.post("/customs/items", json=ITEM)).json()["object_id"]
    foreign = await charlie_api.get(f"/customs/items/{made}")
    missing = await charlie_api.get("/customs/items/" + "0" * 32)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json() == missing.json() == {"detail": "Not found."}
    assert (await charlie_api.get("/customs/items")).json()["results"] == []
