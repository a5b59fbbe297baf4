"""Customs declarations over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.customs.test_items import ITEM

DECLARATION: dict[str, Any] = {
    "contents_type": "MERCHANDISE",
    "non_delivery_option": "RETURN",
    "certify": True,
    "certify_signer": "Alice Example",
    "items": [ITEM],
}
KEYS = """
    object_created object_updated object_id object_owner object_state certify_signer certify items non_delivery_option
    contents_type contents_explanation exporter_reference importer_reference invoice commercial_invoice license
    certificate notes eel_pfc aes_itn disclaimer incoterm b13a_filing_option b13a_number is_vat_collected
    address_importer duties_payor exporter_identification invoiced_charges metadata test
"""
UNSET = """
    contents_explanation exporter_reference importer_reference invoice license certificate notes eel_pfc aes_itn
    disclaimer incoterm b13a_filing_option b13a_number address_importer metadata
"""


async def test_a_declaration_is_created_read_and_listed_alike(api: httpx.AsyncClient) -> None:
    made = await api.post("/customs/declarations/", json=DECLARATION)
    assert made.status_code == 201
    body = made.json()
    assert set(body) == set(KEYS.split())
    assert all(body[key] == "" for key in UNSET.split())
    assert body["certify"] is True and body["commercial_invoice"] is False and body["object_state"] == "VALID"
    assert (await api.get(f"/customs/declarations/{body['object_id']}")).json() == body
    assert (await api.get("/v1/customs/declarations/")).json()["results"] == [body]


async def test_items_may_be_objects_ids_or_what_the_api_answered(api: httpx.AsyncClient) -> None:
    first = (await api.post("/customs/items", json=ITEM)).json()
    second = (await api.post("/customs/items", json={**ITEM, "description": "Cap"})).json()
    read = (await api.get(f"/customs/items/{second['object_id']}")).json()
    mixed = [first["object_id"], {**ITEM, "description": "Mug"}, read]
    body = (await api.post("/customs/declarations", json={**DECLARATION, "items": mixed})).json()
    assert (body["items"][0], body["items"][2]) == (first["object_id"], second["object_id"])
    assert (await api.get(f"/customs/items/{body['items'][1]}")).json()["description"] == "Mug"
    assert len((await api.get("/customs/items")).json()["results"]) == 3


async def test_the_importer_becomes_an_address(api: httpx.AsyncClient) -> None:
    importer = {"name": "Bob Example", "country": "Germany", "city": "Berlin"}
    body = (await api.post("/customs/declarations", json={**DECLARATION, "address_importer": importer})).json()
    address = (await api.get(f"/addresses/{body['address_importer']}")).json()
    assert (address["name"], address["country"]) == ("Bob Example", "DE")
    again = {**DECLARATION, "address_importer": address["object_id"]}
    assert (await api.post("/customs/declarations", json=again)).json()["address_importer"] == address["object_id"]


async def test_everything_that_can_be_declared_comes_back(api: httpx.AsyncClient) -> None:
    given = {
        "contents_type": "OTHER",
        "contents_explanation": "Props",
        "eel_pfc": "AES_ITN",
        "aes_itn": "X20160101123456",
        "incoterm": "eDAP",
        "b13a_filing_option": "NOT_REQUIRED",
        "b13a_number": "EX-1",
        "commercial_invoice": "true",
        "is_vat_collected": 1,
        "invoice": "#123",
        "license": "L1",
        "certificate": "C1",
        "notes": "n",
        "disclaimer": "d",
        "exporter_reference": "e",
        "importer_reference": "i",
        "metadata": "m",
        "duties_payor": {"type": "THIRD_PARTY", "account": 2323434543, "address": {"name": "Bob", "country": "gb"}},
        "exporter_identification": {"eori_number": "pl 123456790", "tax_id": {"number": "123", "type": "VAT"}},
        "invoiced_charges": {"currency": "eur", "total_shipping": 1.5, "other_fees": ""},
    }
    body = (await api.post("/customs/declarations", json={**DECLARATION, **given})).json()
    changed = {
        "commercial_invoice": True,
        "is_vat_collected": True,
        "duties_payor": {
            "type": "THIRD_PARTY",
            "account": "2323434543",
            "address": {"name": "Bob", "country": "GB"},
        },
        "exporter_identification": {"eori_number": "PL123456790", "tax_id": {"number": "123", "type": "VAT"}},
        "invoiced_charges": {"currency": "EUR", "total_shipping": "1.5"},
    }
    assert {key: body[key] for key in given} == {**given, **changed}
    read = (await api.get(f"/customs/declarations/{body['object_id']}")).json()
    assert read == {**body, "invoiced_charges": {"currency": "EUR", "total_shipping": "1.50"}}


async def test_what_old_clients_send_empty_counts_as_absent(api: httpx.AsyncClient) -> None:
    empty = {
        "eel_pfc": "",
        "aes_itn": "",
        "incoterm": "",
        "b13a_filing_option": "",
        "commercial_invoice": "",
        "address_importer": "",
        "duties_payor": {"address": {}},
        "exporter_identification": {"tax_id": {}},
        "invoiced_charges": {},
    }
    body = (await api.post("/customs/declarations", json={**DECLARATION, **empty})).json()
    assert body["incoterm"] == "" and body["address_importer"] == ""
    assert [body[key] for key in ("duties_payor", "exporter_identification", "invoiced_charges")] == [None] * 3


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"items": None}, {"items": ["This field may not be null."]}),
        ({"items": []}, {"items": ["This list may not be empty."]}),
        ({"items": ["nothing"]}, {"items": ["CustomsItem with supplied object_id nothing not found."]}),
        ({"items": ["0" * 32]}, {"items": [f"CustomsItem with supplied object_id {'0' * 32} not found."]}),
        ({"items": [ITEM, {**ITEM, "origin_country": "Oz"}]}, {"items": None}),
        ({"items": [ITEM, {**ITEM, "net_weight": "abc"}]}, {"items": None}),
        ({"items": [7]}, {"items": None}),
        ({"certify": False}, {"certify": ["The sender must certify the declaration."]}),
        ({"certify": "maybe"}, {"certify": ["Must be a valid boolean."]}),
        ({"certify_signer": " "}, {"certify_signer": ["This field is required."]}),
        ({"contents_type": "THINGS"}, {"contents_type": ['"THINGS" is not a valid choice.']}),
        ({"contents_type": "OTHER"}, {"contents_explanation": ["This field is required."]}),
        ({"non_delivery_option": "BURN"}, {"non_delivery_option": ['"BURN" is not a valid choice.']}),
        ({"eel_pfc": "NOEEI"}, {"eel_pfc": ['"NOEEI" is not a valid choice.']}),
        ({"eel_pfc": "AES_ITN"}, {"aes_itn": ["This field is required."]}),
        ({"incoterm": "EXW"}, {"incoterm": ['"EXW" is not a valid choice.']}),
        ({"b13a_filing_option": "NOT_REQUIRED"}, {"b13a_number": ["This field is required."]}),
        ({"b13a_number": "1"}, {"b13a_filing_option": ["This field is required."]}),
        ({"exporter_identification": {"eori_number": "1234567"}}, {"exporter_identification": None}),
        ({"exporter_identification": {"tax_id": {"type": "TIN"}}}, {"exporter_identification": None}),
        ({"duties_payor": {"type": "NOBODY"}}, {"duties_payor": None}),
        ({"duties_payor": {"address": {"country": "Oz"}}}, {"duties_payor": None}),
        ({"invoiced_charges": {"total_taxes": "1"}}, {"invoiced_charges": [{"currency": ["This field is required."]}]}),
        ({"invoiced_charges": {"currency": "USD", "total_taxes": "-1"}}, {"invoiced_charges": None}),
        ({"address_importer": {"country": "Oz"}}, {"address_importer": None}),
        ({"address_importer": "nobody"}, {"address_importer": ["Address with supplied object_id not found."]}),
        ({"address_importer": "0" * 32}, {"address_importer": ["Address with supplied object_id not found."]}),
        ({"metadata": "x" * 101}, {"metadata": None}),
    ],
)
async def test_a_wrong_field_is_named(
    api: httpx.AsyncClient, change: dict[str, Any], errors: dict[str, list[Any] | None]
) -> None:
    answer = await api.post("/customs/declarations", json={**DECLARATION, **change})
    assert answer.status_code == 400
    assert set(answer.json()) == set(errors)
    for field, expected in errors.items():
        assert expected is None or answer.json()[field] == expected


async def test_the_errors_of_an_item_stand_at_its_place(api: httpx.AsyncClient) -> None:
    items = [ITEM, {**ITEM, "origin_country": "Oz", "value_amount": "-1"}]
    answer = await api.post("/customs/declarations", json={**DECLARATION, "items": items})
    first, second = answer.json()["items"]
    assert first == {} and set(second) == {"origin_country", "value_amount"}
    assert (await api.get("/customs/items")).json()["results"] == []


async def test_missing_and_foreign_look_the_same(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    made = (await api.post("/customs/declarations", json=DECLARATION)).json()
    foreign = await charlie_api.get(f"/customs/declarations/{made['object_id']}")
    missing = await charlie_api.get("/customs/declarations/" + "0" * 32)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json() == missing.json() == {"detail": "Not found."}
    assert (await charlie_api.get("/customs/declarations")).json()["results"] == []


async def test_nobody_declares_anothers_things(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    item = (await api.post("/customs/items", json=ITEM)).json()["object_id"]
    address = (await api.post("/addresses", json={"country": "US"})).json()["object_id"]
    stolen = await charlie_api.post("/customs/declarations", json={**DECLARATION, "items": [item]})
    assert (stolen.status_code, list(stolen.json())) == (400, ["items"])
    borrowed = await charlie_api.post("/customs/declarations", json={**DECLARATION, "address_importer": address})
    assert (borrowed.status_code, list(borrowed.json())) == (400, ["address_importer"])
