"""Carrier accounts over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from portside.carriers.catalogue import CARRIERS
from tests.support.cast import Person

SECRET = "correct horse battery staple"
OWN: dict[str, Any] = {
    "carrier": "ups",
    "account_id": "94567e",
    "parameters": {"password": SECRET, "account_number": "94567e", "has_invoice": False},
    "active": False,
    "test": True,
    "metadata": "warehouse",
}
KEYS = """
    carrier object_id object_owner account_id parameters test active is_shippo_account metadata carrier_name
    carrier_images object_info
"""


async def create(api: httpx.AsyncClient, **change: Any) -> dict[str, Any]:
    made = await api.post("/carrier_accounts", json={**OWN, **change})
    assert made.status_code == 201, made.text
    return made.json()  # type: ignore[no-any-return]


async def test_a_new_account_can_ship_with_usps_and_ups(api: httpx.AsyncClient) -> None:
    page = (await api.get("/carrier_accounts/")).json()
    shown = {row["carrier"]: row for row in page["results"]}
    assert set(shown) == {"usps", "ups"} and page["next"] is None
    usps, ups = shown["usps"], shown["ups"]
    assert (usps["account_id"], usps["carrier_name"], usps["parameters"]) == (
        "shippo_usps_account",
        "USPS",
        {"is_commercial": "******"},
    )
    assert (ups["account_id"], ups["metadata"], ups["parameters"]) == ("shippo_ups_account", "US", {})
    for row in (usps, ups):
        assert row["active"] is row["is_shippo_account"] is row["test"] is True
        assert row["object_info"] == {"authentication": {"type": "default"}}
        assert set(row) == set(KEYS.split()) and set(row["carrier_images"]) == {"75", "200"}


async def test_the_retired_ruby_client_gets_no_key_that_it_fails_at(api: httpx.AsyncClient) -> None:
    made = await create(api)
    api.headers["User-Agent"] = "Shippo/v2.0 RubyBindings"
    (first, *_) = (await api.get("/carrier_accounts")).json()["results"]
    assert first["object_id"] == made["object_id"]
    assert set(first) == set(KEYS.split()) - {"object_info"}
    assert "object_info" not in await create(api)


async def test_live_mode_has_accounts_of_its_own(product: Callable[..., httpx.AsyncClient], alice: Person) -> None:
    async with product(alice.token) as test, product(alice.live_token) as live:
        mine = {row["object_id"] for row in (await test.get("/carrier_accounts")).json()["results"]}
        real = (await live.get("/carrier_accounts")).json()["results"]
        assert len(real) == 2 and not any(row["test"] for row in real)
        assert mine.isdisjoint(row["object_id"] for row in real)
        assert (await live.get(f"/carrier_accounts/{mine.pop()}")).status_code == 404
        assert (await create(live, test=True))["test"] is True
        assert (await create(live, test=False))["test"] is False
        assert (await create(test, test=False))["test"] is True


async def test_an_own_account_is_created_read_and_listed_alike(api: httpx.AsyncClient) -> None:
    body = await create(api)
    assert set(body) == set(KEYS.split())
    assert (body["carrier"], body["account_id"], body["active"]) == ("ups", "94567e", False)
    assert body["is_shippo_account"] is False and body["metadata"] == "warehouse"
    assert body["parameters"] == dict.fromkeys(("password", "account_number", "has_invoice"), "******")
    assert body["object_info"]["authentication"] == {"type": "oauth", "status": "authorization_pending"}
    assert (await api.get(f"/carrier_accounts/{body['object_id']}")).json() == body
    listed = await api.get("/v1/carrier_accounts/")
    assert listed.json()["results"][0] == body and SECRET not in listed.text


async def test_numbers_forms_and_empty_lists_are_understood(api: httpx.AsyncClient) -> None:
    form = {"carrier": "FedEx", "account_id": 1234567, "parameters": '{"meter": "99", "smartpost_id": 5}'}
    made = (await api.post("/carrier_accounts", data=form)).json()
    assert (made["carrier"], made["account_id"], made["active"]) == ("fedex", "1234567", True)
    assert made["parameters"] == {"meter": "******", "smartpost_id": "******"}
    assert made["object_info"]["authentication"] == {"type": "default"}
    assert (await create(api, parameters=[]))["parameters"] == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"carrier": "no_such_carrier"}, "carrier"),
        ({"carrier": None}, "carrier"),
        ({"account_id": ""}, "account_id"),
        ({"account_id": "   "}, "account_id"),
        ({"account_id": "x" * 201}, "account_id"),
        ({"parameters": None}, "parameters"),
        ({"parameters": "text"}, "parameters"),
        ({"parameters": {"a": {"b": 1}}}, "parameters"),
        ({"parameters": {"a": "x" * 10_001}}, "parameters"),
        ({"parameters": {"a" * 101: "x"}}, "parameters"),
        ({"parameters": {str(number): "x" for number in range(101)}}, "parameters"),
        ({"parameters": {"a": "\x00"}}, "parameters"),
        ({"active": "perhaps"}, "active"),
        ({"metadata": "x" * 101}, "metadata"),
    ],
)
async def test_a_wrong_field_is_named(api: httpx.AsyncClient, change: dict[str, Any], field: str) -> None:
    answer = await api.post("/carrier_accounts", json={**OWN, **change})
    assert answer.status_code == 400 and list(answer.json()) == [field]
    assert SECRET not in answer.text


async def test_lists_are_filtered(api: httpx.AsyncClient) -> None:
    own = await create(api)

    async def ids(query: str) -> list[str]:
        answer = await api.get(f"/carrier_accounts?{query}")
        assert answer.status_code == 200, answer.text
        return [row["object_id"] for row in answer.json()["results"]]

    assert len(await ids("carrier=ups")) == 2 and own["object_id"] in await ids("carrier=ups")
    assert await ids("carrier=ups&account_id=94567e") == [own["object_id"]]
    assert await ids("account_id=nothing") == [] and await ids("carrier=fedex") == []
    first = (await api.get("/carrier_accounts?carrier=ups&results=1")).json()
    assert "carrier=ups" in first["next"] and [row["object_id"] for row in first["results"]] == [own["object_id"]]
    assert len((await api.get(first["next"])).json()["results"]) == 1
    for carrier in CARRIERS:
        assert all(
            row["carrier"] == carrier
            for row in (await api.get(f"/carrier_accounts?carrier={carrier}")).json()["results"]
        )
    assert await ids("carrier=pigeon") == []
    assert (await api.get("/carrier_accounts?service_levels=perhaps")).status_code == 400


async def test_service_levels_are_listed_when_asked_for(api: httpx.AsyncClient) -> None:
    rows = (await api.get("/carrier_accounts?service_levels=true")).json()["results"]
    tokens = {row["carrier"]: {level["token"] for level in row["service_levels"]} for row in rows}
    assert {"usps_priority", "usps_ground_advantage"} <= tokens["usps"] and "ups_ground" in tokens["ups"]
    level = rows[0]["service_levels"][0]
    assert set(level) == {"token", "name", "supports_return_labels"} and level["supports_return_labels"] is True
    assert "service_levels" not in (await api.get("/carrier_accounts?service_levels=false")).json()["results"][0]


async def test_an_account_is_switched_on_and_off(api: httpx.AsyncClient) -> None:
    own = await create(api)
    path = f"/carrier_accounts/{own['object_id']}"
    changed = (await api.put(path, json={"account_id": "94567e", "carrier": "ups", "active": True})).json()
    assert changed == {**own, "active": True} and (await api.get(path)).json() == changed
    assert (await api.put(path, json={**changed, "active": False, "metadata": "", "account_id": "77"})).json() == {
        **own,
        "metadata": "",
        "account_id": "77",
    }
    assert (await api.put(path, json={"account_id": "****"})).json()["account_id"] == "77"


async def test_a_shippo_account_is_only_switched(api: httpx.AsyncClient) -> None:
    usps = (await api.get("/carrier_accounts?carrier=usps")).json()["results"][0]
    path = f"/carrier_accounts/{usps['object_id']}"
    assert (await api.put(path, json={**usps, "active": False})).json() == {**usps, "active": False}
    for change in (
        {"account_id": "mine"},
        {"parameters": {"is_commercial": False}},
        {"parameters": {"is_commercial": None}},
    ):
        answer = await api.put(path, json=change)
        assert (answer.status_code, list(answer.json())) == (400, list(change))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"carrier": "fedex"}, "carrier"),
        ({"carrier": "pigeon"}, "carrier"),
        ({"account_id": " "}, "account_id"),
        ({"parameters": {"a": []}}, "parameters"),
        ({"parameters": 7}, "parameters"),
        ({"active": "x"}, "active"),
        ({"metadata": "x" * 101}, "metadata"),
    ],
)
async def test_a_wrong_change_is_named(api: httpx.AsyncClient, change: dict[str, Any], field: str) -> None:
    own = await create(api)
    answer = await api.put(f"/carrier_accounts/{own['object_id']}", json=change)
    assert answer.status_code == 400 and list(answer.json()) == [field]
    assert (await api.get(f"/carrier_accounts/{own['object_id']}")).json() == own


async def test_missing_and_foreign_look_the_same(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    own = (await create(api))["object_id"]
    for path in (f"/carrier_accounts/{own}", "/carrier_accounts/" + "0" * 32):
        for answer in (await charlie_api.get(path), await charlie_api.put(path, json={"active": True})):
            assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
    assert own not in (await charlie_api.get("/carrier_accounts?results=100")).text
    assert (await api.get(f"/carrier_accounts/{own}")).json()["active"] is False
