"""What a shipment cannot be made of: every wrong thing is named, and nothing of it is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.shipments.conftest import (
    DECLARATION,
    FROM,
    PARCEL,
    SHIPMENT,
    TO,
    UNKNOWN,
    Carriers,
    account_ids,
    start_accounts,
)
from tests.support.cast import Person


async def test_missing_fields_and_unknown_references_are_named_together(merchant: httpx.AsyncClient) -> None:
    answer = await merchant.post("/shipments", json={"address_from": UNKNOWN, "customs_declaration": UNKNOWN})
    assert answer.status_code == 400
    assert answer.json() == {
        "address_from": ["Address with supplied object_id not found."],
        "address_to": ["This field is required."],
        "parcels": ["This field is required."],
        "customs_declaration": [f"CustomsDeclaration with supplied object_id {UNKNOWN} not found."],
    }


async def test_every_kind_of_reference_is_checked_at_once(merchant: httpx.AsyncClient) -> None:
    answer = await merchant.post(
        "/shipments",
        json={
            "address_from": {"country": "Atlantis"},
            "address_to": "nonsense",
            "address_return": UNKNOWN,
            "parcels": [PARCEL, UNKNOWN],
            "customs_declaration": DECLARATION | {"items": [UNKNOWN], "address_importer": UNKNOWN},
            "carrier_accounts": [UNKNOWN],
            "order": UNKNOWN,
            "extra": {"billing": {"type": "SENDER"}},
        },
    )
    assert answer.status_code == 400
    errors = answer.json()
    assert set(errors) == {
        "address_from",
        "address_to",
        "address_return",
        "parcels",
        "customs_declaration",
        "carrier_accounts",
        "order",
        "extra",
    }
    assert list(errors["address_from"][0]) == ["country"]
    assert set(errors["customs_declaration"][0]) == {"items", "address_importer"}
    assert errors["extra"] == ["You need to specify a billing account when using the billing extra service."]
    assert (await merchant.get("/addresses")).json()["results"] == []
    assert (await merchant.get("/parcels")).json()["results"] == []


async def test_what_belongs_to_another_cannot_be_used(
    merchant: httpx.AsyncClient, charlie: Person, charlie_api: httpx.AsyncClient
) -> None:
    await start_accounts(charlie)
    mine = (await merchant.post("/shipments", json=SHIPMENT | {"customs_declaration": DECLARATION})).json()
    foreign = {
        "address_from": mine["address_from"]["object_id"],
        "address_to": mine["address_to"]["object_id"],
        "parcels": [mine["parcels"][0]["object_id"]],
        "customs_declaration": mine["customs_declaration"]["object_id"],
        "carrier_accounts": [(await account_ids(merchant))["usps"]],
    }
    answer = await charlie_api.post("/shipments", json=foreign)
    assert answer.status_code == 400 and set(answer.json()) == set(foreign)
    for path in (f"/shipments/{mine['object_id']}", f"/shipments/{mine['object_id']}/rates"):
        assert (await charlie_api.get(path)).json() == {"detail": "Not found."}
    assert (await charlie_api.get(f"/shipments/{mine['object_id']}/rates/EUR")).status_code == 404
    assert (await charlie_api.get(f"/rates/{mine['rates'][0]['object_id']}")).status_code == 404
    assert (await charlie_api.get("/shipments")).json()["results"] == []
    assert (await charlie_api.get("/rates")).json()["results"] == []


async def test_the_other_mode_is_another_world(
    merchant: httpx.AsyncClient, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    mine = (await merchant.post("/shipments", json=SHIPMENT)).json()
    async with product(alice.live_token) as live:
        assert (await live.get(f"/shipments/{mine['object_id']}")).status_code == 404
        assert (await live.get(f"/rates/{mine['rates'][0]['object_id']}")).status_code == 404
        answer = await live.post("/shipments", json=SHIPMENT | {"address_from": mine["address_from"]["object_id"]})
        assert answer.json() == {"address_from": ["Address with supplied object_id not found."]}


async def test_an_account_that_is_switched_off_cannot_be_chosen(merchant: httpx.AsyncClient) -> None:
    account_id = (await account_ids(merchant))["ups"]
    account = (await merchant.get(f"/carrier_accounts/{account_id}")).json()
    switched = await merchant.put(
        f"/carrier_accounts/{account_id}",
        json={"account_id": account["account_id"], "carrier": "ups", "active": False},
    )
    assert switched.status_code == 200
    answer = await merchant.post("/shipments", json=SHIPMENT | {"carrier_accounts": [account_id]})
    assert answer.status_code == 400 and account_id in answer.json()["carrier_accounts"][0]
    others = (await merchant.post("/shipments", json=SHIPMENT)).json()
    assert {rate["provider"] for rate in others["rates"]} == {"USPS"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"address_from": 5}, "address_from"),
        ({"address_from": []}, "address_from"),
        ({"address_from": ""}, "address_from"),
        ({"address_from": {}}, "address_from"),
        ({"address_from": FROM | {"name": {"a": 1}}}, "address_from"),
        ({"address_to": TO | {"country": "XX"}}, "address_to"),
        ({"parcels": []}, "parcels"),
        ({"parcels": ""}, "parcels"),
        ({"parcels": 7}, "parcels"),
        ({"parcels": [7]}, "parcels"),
        ({"parcels": [None]}, "parcels"),
        ({"parcels": [[PARCEL]]}, "parcels"),
        ({"parcels": ["nonsense"]}, "parcels"),
        ({"parcels": [{}]}, "parcels"),
        ({"parcels": [PARCEL | {"weight": "-2"}]}, "parcels"),
        ({"parcels": [PARCEL | {"weight": "0"}]}, "parcels"),
        ({"parcels": [PARCEL | {"weight": "NaN"}]}, "parcels"),
        ({"parcels": [PARCEL | {"weight": "Infinity"}]}, "parcels"),
        ({"parcels": [PARCEL | {"length": "1e400000"}]}, "parcels"),
        ({"parcels": [PARCEL | {"length": "9" * 5000}]}, "parcels"),
        ({"parcels": [PARCEL | {"length": True}]}, "parcels"),
        ({"parcels": [PARCEL | {"mass_unit": "lbs"}]}, "parcels"),
        ({"parcels": [PARCEL | {"template": "USPS_Nonsense"}]}, "parcels"),
        ({"parcels": [PARCEL] * 201}, "parcels"),
        ({"customs_declaration": {"certify": True}}, "customs_declaration"),
        ({"customs_declaration": 3.5}, "customs_declaration"),
        ({"carrier_accounts": "nonsense"}, "carrier_accounts"),
        ({"carrier_accounts": ["nonsense"]}, "carrier_accounts"),
        ({"carrier_accounts": [{"object_id": UNKNOWN}]}, "carrier_accounts"),
        ({"shipment_date": "next week"}, "shipment_date"),
        ({"shipment_date": "9999-12-31T23:59:59-12:00"}, "shipment_date"),
        ({"shipment_date": 20261121}, "shipment_date"),
        ({"extra": "nonsense"}, "extra"),
        ({"extra": [1]}, "extra"),
        ({"extra": {"signature_confirmation": "MAYBE"}}, "extra"),
        ({"extra": {"insurance": {"amount": "-5", "currency": "USD"}}}, "extra"),
        ({"metadata": "x" * 101}, "metadata"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": "a\x00b"}, "metadata"),
        ({"order": "nonsense"}, "order"),
        ({"async": "perhaps"}, "async"),
    ],
)
async def test_a_wrong_field_is_named(merchant: httpx.AsyncClient, wrong: dict[str, Any], field: str) -> None:
    answer = await merchant.post("/shipments", json=SHIPMENT | wrong)
    assert answer.status_code == 400, answer.text
    assert list(answer.json()) == [field]


@pytest.mark.parametrize(
    "body",
    [
        b'{"parcels": [{"weight": NaN}]}',
        b"[" * 50_000,
        b'{"extra": ' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"}",
        b'{"extra": {"a": 1e999999}}',
        b'"text"',
    ],
)
async def test_a_hostile_body_is_refused(merchant: httpx.AsyncClient, body: bytes) -> None:
    answer = await merchant.post("/shipments", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path", ["/shipments/nonsense", f"/shipments/{UNKNOWN}", f"/shipments/{UNKNOWN}/rates", "/rates/nonsense"]
)
async def test_what_does_not_exist_is_not_found(merchant: httpx.AsyncClient, path: str) -> None:
    assert (await merchant.get(path)).status_code == 404


async def test_a_token_is_needed(product: Callable[..., httpx.AsyncClient], carriers: Carriers) -> None:
    async with product("shippo_test_nonsense") as nobody:
        assert (await nobody.post("/shipments", json=SHIPMENT)).status_code == 401
