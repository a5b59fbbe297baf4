"""An account's own parcel templates over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.cast import Person

BOX = {"name": "My box", "length": "6", "width": "3.5", "height": "9", "distance_unit": "in"}
PADDED = {"template": "USPS_FlatRatePaddedEnvelope", "weight": "1", "weight_unit": "lb"}


async def made(api: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.post("/user-parcel-templates", json=body)
    # The official SDKs take no other success.
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_box_of_ones_own_is_made_read_and_listed_alike(api: httpx.AsyncClient, alice: Person) -> None:
    box = await made(api, BOX | {"weight": 12, "weight_unit": "oz"})
    assert (box["name"], box["length"], box["width"], box["distance_unit"]) == ("My box", "6", "3.5", "in")
    assert (box["weight"], box["weight_unit"], box["template"], box["object_owner"]) == ("12", "oz", None, alice.email)
    assert (await api.get(f"/v1/user-parcel-templates/{box['object_id']}/")).json() == box
    second = await made(api, BOX | {"name": "Another"})
    assert (second["weight"], second["weight_unit"]) == (None, None)
    assert (await api.get("/user-parcel-templates/")).json() == {"results": [second, box]}


async def test_a_carriers_packaging_is_shown_whole_and_gives_its_dimensions(api: httpx.AsyncClient) -> None:
    envelope = await made(api, PADDED)
    assert envelope["template"] == (await api.get("/parcel-templates/USPS_FlatRatePaddedEnvelope")).json()
    assert envelope["name"] == "Flat Rate Padded Envelope"
    assert (envelope["length"], envelope["width"], envelope["height"]) == ("12.50", "9.50", "1.00")
    # What was returned may be sent again.
    again = await made(api, envelope)
    assert again["template"] == envelope["template"] and again["object_id"] != envelope["object_id"]


async def test_a_soft_pack_needs_two_dimensions(api: httpx.AsyncClient) -> None:
    soft = {"template": "USPS_SoftPack", "weight": "1", "weight_unit": "lb"}
    missing = await api.post("/user-parcel-templates", json=soft)
    assert (missing.status_code, set(missing.json())) == (400, {"length", "width", "distance_unit"})
    pack = await made(api, soft | {"length": "12", "width": "9", "distance_unit": "in"})
    assert pack["template"]["is_variable_dimensions"] is True and pack["length"] == "12"


async def test_an_update_replaces_and_keeps_the_weight(api: httpx.AsyncClient) -> None:
    box = await made(api, BOX | {"weight": "12", "weight_unit": "oz"})
    path = f"/user-parcel-templates/{box['object_id']}"
    changed = await api.put(path, json=BOX | {"name": "My bigger box", "length": "7"})
    assert changed.status_code == 200
    body = changed.json()
    assert (body["name"], body["length"], body["weight"], body["weight_unit"]) == ("My bigger box", "7", "12", "oz")
    assert body["object_created"] == box["object_created"] and body["object_updated"] > box["object_updated"]
    assert (await api.get(path)).json() == body
    heavier = await api.put(path, json=BOX | {"weight": "2", "weight_unit": "lb"})
    assert (heavier.json()["weight"], heavier.json()["weight_unit"]) == ("2", "lb")


async def test_it_stays_the_carriers_packaging_while_it_has_its_dimensions(api: httpx.AsyncClient) -> None:
    envelope = await made(api, PADDED)
    path = f"/user-parcel-templates/{envelope['object_id']}"
    same = {"name": "Padded", "length": "12.5", "width": "9.5", "height": "1", "distance_unit": "in"}
    assert (await api.put(path, json=same)).json()["template"]["token"] == "USPS_FlatRatePaddedEnvelope"
    assert (await api.put(path, json=same | {"height": "2"})).json()["template"] is None


async def test_a_deleted_template_is_gone(api: httpx.AsyncClient) -> None:
    path = f"/user-parcel-templates/{(await made(api, BOX))['object_id']}"
    gone = await api.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await api.get(path)).status_code == 404
    assert (await api.delete(path)).status_code == 404
    assert (await api.put(path, json=BOX)).status_code == 404
    assert (await api.get("/user-parcel-templates")).json() == {"results": []}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name", "length", "width", "height", "distance_unit"}),
        (BOX | {"name": "  "}, {"name"}),
        (BOX | {"name": "x" * 101}, {"name"}),
        (BOX | {"name": "a\x00b"}, {"name"}),
        (BOX | {"length": "long", "width": "NaN"}, {"length", "width"}),
        (BOX | {"length": "-1", "width": "1.23456"}, {"length", "width"}),
        (BOX | {"length": "0", "height": "1234567"}, {"length", "height"}),
        (BOX | {"distance_unit": "parsec"}, {"distance_unit"}),
        (BOX | {"weight": "1"}, {"weight_unit"}),
        (BOX | {"weight": "0", "weight_unit": "lb"}, {"weight"}),
        (BOX | {"weight": "1", "weight_unit": "lbs"}, {"weight_unit"}),
        (BOX | {"template": "NoSuchTemplate"}, {"template"}),
        (BOX | {"template": {"name": "without a token"}}, {"template"}),
        ({"template": "USPS_FlatRatePaddedEnvelope"}, {"weight"}),
        (PADDED | {"length": "6", "distance_unit": "cm"}, {"length", "distance_unit"}),
    ],
)
async def test_wrong_fields_are_named(api: httpx.AsyncClient, body: dict[str, Any], fields: set[str]) -> None:
    answer = await api.post("/user-parcel-templates", json=body)
    assert (answer.status_code, set(answer.json())) == (400, fields)
    assert (await api.get("/user-parcel-templates")).json() == {"results": []}


async def test_an_update_needs_name_and_dimensions(api: httpx.AsyncClient) -> None:
    box = await made(api, BOX)
    answer = await api.put(f"/user-parcel-templates/{box['object_id']}", json={"weight": "1", "weight_unit": "lb"})
    assert (answer.status_code, set(answer.json())) == (400, {"name", "length", "width", "height", "distance_unit"})
    assert (await api.get(f"/user-parcel-templates/{box['object_id']}")).json() == box


async def test_charlie_and_the_other_mode_see_nothing(
    api: httpx.AsyncClient,
    charlie_api: httpx.AsyncClient,
    alice: Person,
    product: Callable[..., httpx.AsyncClient],
) -> None:
    path = f"/user-parcel-templates/{(await made(api, BOX))['object_id']}"
    async with product(alice.live_token) as live:
        for client in (charlie_api, live):
            assert (await client.get("/user-parcel-templates")).json() == {"results": []}
            assert (await client.get(path)).status_code == 404
            assert (await client.put(path, json=BOX | {"name": "Mine now"})).status_code == 404
            assert (await client.delete(path)).status_code == 404
        assert (await made(live, BOX))["test"] is False
    assert (await api.get(path)).json()["name"] == "My box"


async def test_the_list_ends_somewhere(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portside.parcel_templates.actions.MOST_TEMPLATES", 2)
    for _ in range(2):
        await made(api, BOX)
    refused = await api.post("/user-parcel-templates", json=BOX)
    assert refused.status_code == 400 and "at most 2" in refused.json()["detail"]
