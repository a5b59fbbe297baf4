"""Service groups over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.cast import Person
from tests.support.checkout import account_ids, group_of, levels_of, made_group

UNKNOWN = "0" * 32


async def test_a_group_is_made_and_listed_alike(api: httpx.AsyncClient) -> None:
    levels = await levels_of(api, "usps_priority", "ups_ground")
    given = {
        "name": "Standard",
        "description": "In a few days",
        "type": "LIVE_RATE",
        "flat_rate": "5",
        "flat_rate_currency": "usd",
        "free_shipping_threshold_min": "50.00",
        "free_shipping_threshold_currency": "USD",
        "rate_adjustment": 15,
        "service_levels": levels,
    }
    answer = await api.post("/v1/service-groups/", json=given)
    assert answer.status_code == 201
    group = answer.json()
    expected = {**given, "flat_rate_currency": "USD", "is_active": True, "object_id": group["object_id"]}
    assert group == expected
    second = await made_group(api, name="Second")
    assert (await api.get("/service-groups")).json() == [second, group]


async def test_a_fresh_account_has_none(api: httpx.AsyncClient) -> None:
    answer = await api.get("/service-groups/")
    assert (answer.status_code, answer.json()) == (200, [])


async def test_an_update_names_its_group_in_the_body(api: httpx.AsyncClient) -> None:
    group = await made_group(api, "usps_priority", "ups_ground", rate_adjustment=15)
    fewer = await levels_of(api, "ups_ground")
    change = {
        "object_id": group["object_id"],
        "name": "Renamed",
        "description": "",
        "type": "LIVE_RATE",
        "is_active": "false",
        "service_levels": fewer,
    }
    answer = await api.put("/service-groups", json=change)
    assert answer.status_code == 200
    # What an update leaves out stays.
    assert answer.json() == group | change | {"is_active": False}
    assert (await api.get("/service-groups")).json() == [answer.json()]


async def test_a_deleted_group_is_gone(api: httpx.AsyncClient) -> None:
    group = await made_group(api)
    gone = await api.delete(f"/service-groups/{group['object_id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await api.delete(f"/service-groups/{group['object_id']}")).status_code == 404
    assert (await api.put("/service-groups", json=group)).status_code == 404
    assert (await api.get("/service-groups")).json() == []


@pytest.mark.parametrize("object_id", [UNKNOWN, "no id"])
async def test_an_unknown_group_is_not_found_whatever_else_is_wrong(api: httpx.AsyncClient, object_id: str) -> None:
    change = {"object_id": object_id, "name": "x", "description": "x", "type": "LIVE_RATE", "is_active": True}
    assert (await api.put("/service-groups", json=change | {"service_levels": []})).status_code == 404


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": None, "type": None}, {"name", "type"}),
        ({"name": " "}, {"name"}),
        ({"description": "a\x00b"}, {"description"}),
        ({"type": "CHEAP"}, {"type"}),
        ({"service_levels": None}, {"service_levels"}),
        ({"service_levels": []}, {"service_levels"}),
        ({"service_levels": [{}]}, {"service_levels"}),
        ({"flat_rate": None, "flat_rate_currency": None}, {"flat_rate", "flat_rate_currency"}),
        ({"type": "FLAT_RATE", "flat_rate": None}, {"flat_rate"}),
        ({"flat_rate": "-1"}, {"flat_rate"}),
        ({"flat_rate": "NaN"}, {"flat_rate"}),
        ({"flat_rate_currency": "dollars"}, {"flat_rate_currency"}),
        ({"type": "FREE_SHIPPING"}, {"free_shipping_threshold_min", "free_shipping_threshold_currency"}),
        ({"free_shipping_threshold_min": "5"}, {"free_shipping_threshold_currency"}),
        ({"rate_adjustment": "1.5"}, {"rate_adjustment"}),
        ({"rate_adjustment": -101}, {"rate_adjustment"}),
    ],
)
async def test_wrong_fields_are_named(api: httpx.AsyncClient, changes: dict[str, Any], fields: set[str]) -> None:
    group = {**await group_of(api, "usps_priority"), **changes}
    answer = await api.post("/service-groups", json=group)
    assert (answer.status_code, set(answer.json())) == (400, fields)
    assert (await api.get("/service-groups")).json() == []


async def test_a_service_must_be_one_of_the_accounts_own(
    api: httpx.AsyncClient, charlie_api: httpx.AsyncClient, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    group = await group_of(api, "usps_priority")
    (good,) = group["service_levels"]
    async with product(alice.live_token) as live:
        strangers = [(await account_ids(client))["usps"] for client in (charlie_api, live)]
    for stranger in [*strangers, UNKNOWN, "no id"]:
        levels = [good, good | {"account_object_id": stranger}]
        answer = await api.post("/service-groups", json=group | {"service_levels": levels})
        text = f"CarrierAccount with supplied object_id {stranger} not found."
        assert (answer.status_code, answer.json()) == (400, {"service_levels": [{}, {"account_object_id": [text]}]})
    of_ups = [good | {"service_level_token": "ups_ground"}]
    answer = await api.post("/service-groups", json=group | {"service_levels": of_ups})
    assert answer.json() == {"service_levels": [{"service_level_token": ['USPS has no service level "ups_ground".']}]}


async def test_what_a_group_does_not_need_may_be_missing(api: httpx.AsyncClient) -> None:
    free = {
        "name": "Free",
        "description": "",
        "type": "FREE_SHIPPING",
        "free_shipping_threshold_min": 50,
        "free_shipping_threshold_currency": "USD",
        "service_levels": [],
    }
    answer = await api.post("/service-groups", json=free)
    assert answer.status_code == 201 and answer.json()["flat_rate"] is None


async def test_charlie_and_the_other_mode_see_nothing(
    api: httpx.AsyncClient, charlie_api: httpx.AsyncClient, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    group = await made_group(api)
    async with product(alice.live_token) as live:
        for client in (charlie_api, live):
            assert (await client.get("/service-groups")).json() == []
            assert (await client.put("/service-groups", json=group)).status_code == 404
            assert (await client.delete(f"/service-groups/{group['object_id']}")).status_code == 404
        await made_group(live, name="Live")
    assert (await api.get("/service-groups")).json() == [group]


async def test_the_list_ends_somewhere(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portside.service_groups.actions.MOST_GROUPS", 1)
    await made_group(api)
    refused = await api.post("/service-groups", json=await group_of(api, "usps_priority"))
    assert refused.status_code == 400 and "at most 1" in refused.json()["detail"]
