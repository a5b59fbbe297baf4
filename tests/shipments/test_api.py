"""Shipments and their rates over HTTP."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

import httpx

from tests.shipments.conftest import DECLARATION, FROM, ITEM, PARCEL, SHIPMENT, TO, UNKNOWN, Carriers, account_ids

# The keys of recorded answers.
SHIPMENT_KEYS = """
    carrier_accounts object_created object_updated object_id object_owner status address_from address_to parcels
    shipment_date address_return alternate_address_to customs_declaration extra rates messages metadata test order
    """
RATE_KEYS = """
    object_created object_id object_owner shipment attributes amount currency amount_local currency_local provider
    provider_image_75 provider_image_200 servicelevel estimated_days arrives_by duration_terms messages carrier_account
    test zone included_insurance_price
    """


async def create(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    made = await client.post("/shipments", json=SHIPMENT | fields)
    assert made.status_code == 201, made.text
    body: dict[str, Any] = made.json()
    return body


async def test_a_shipment_is_created_read_and_listed_alike(merchant: httpx.AsyncClient) -> None:
    body = await create(merchant, metadata="probe")
    assert (body["status"], body["metadata"], body["messages"], body["test"]) == ("SUCCESS", "probe", [], True)
    assert (await merchant.get(f"/shipments/{body['object_id']}")).json() == body
    assert (await merchant.get("/v1/shipments/")).json()["results"] == [body]


async def test_the_answer_has_the_documented_keys(merchant: httpx.AsyncClient) -> None:
    body = await create(merchant)
    assert set(body) == set(SHIPMENT_KEYS.split())
    assert body["alternate_address_to"] is body["customs_declaration"] is body["order"] is None
    assert body["extra"] == {} and body["carrier_accounts"] == []
    assert set(body["rates"][0]) == set(RATE_KEYS.split())
    assert "metadata" not in body["address_from"] and "object_created" not in body["address_to"]
    assert body["parcels"][0]["length"] == "10.0000" and body["parcels"][0]["weight"] == "2.0000"


async def test_rates_are_cheapest_first_with_their_attributes(merchant: httpx.AsyncClient) -> None:
    rates = (await create(merchant))["rates"]
    assert [(rate["servicelevel"]["token"], rate["amount"], rate["attributes"]) for rate in rates] == [
        ("usps_ground_advantage", "6.20", ["BESTVALUE", "CHEAPEST"]),
        ("ups_ground", "7.46", []),
        ("usps_priority", "8.70", []),
        ("ups_next_day_air_saver", "31.00", ["FASTEST"]),
    ]
    assert {rate["provider"] for rate in rates} == {"USPS", "UPS"}
    assert rates[0]["estimated_days"] == 4 and rates[0]["zone"] == "4" and rates[0]["amount_local"] == "6.20"


async def test_parts_given_by_id_are_kept(merchant: httpx.AsyncClient) -> None:
    ids = [(await merchant.post("/addresses", json=given)).json()["object_id"] for given in (FROM, TO)]
    parcel = (await merchant.post("/parcels", json=PARCEL)).json()
    declaration = (await merchant.post("/customs/declarations", json=DECLARATION)).json()
    body = await create(
        merchant,
        address_from=ids[0],
        address_to=ids[1],
        parcels=[parcel["object_id"]],
        customs_declaration=declaration["object_id"],
    )
    assert [body[field]["object_id"] for field in ("address_from", "address_to", "address_return")] == [*ids, ids[0]]
    assert body["parcels"][0]["object_id"] == parcel["object_id"]
    assert (
        body["customs_declaration"] == (await merchant.get(f"/customs/declarations/{declaration['object_id']}")).json()
    )
    assert body["customs_declaration"]["items"] == declaration["items"]


async def test_an_id_may_be_written_in_other_ways(merchant: httpx.AsyncClient) -> None:
    sender = (await merchant.post("/addresses", json=FROM)).json()["object_id"]
    for written in (sender.upper(), f" {sender}\n", str(uuid.UUID(sender))):
        assert (await create(merchant, address_from=written))["address_from"]["object_id"] == sender
        assert (await merchant.get(f"/addresses/{quote(written)}")).json()["object_id"] == sender


async def test_parts_sent_back_as_they_were_returned_are_the_same_ones(merchant: httpx.AsyncClient) -> None:
    first = await create(merchant)
    address = (await merchant.get(f"/addresses/{first['address_from']['object_id']}")).json()
    again = await create(merchant, address_from=address, address_to=first["address_to"], parcels=first["parcels"])
    for field in ("address_from", "address_to", "parcels"):
        assert again[field] == first[field]
    moved = await create(merchant, address_from=address | {"street1": "1 Other St"})
    assert moved["address_from"]["object_id"] != address["object_id"]
    assert moved["address_from"]["street1"] == "1 Other St"
    heavier = await create(merchant, parcels=[first["parcels"][0] | {"weight": "9"}])
    assert heavier["parcels"][0]["object_id"] != first["parcels"][0]["object_id"]


async def test_a_new_address_can_be_read_by_its_id(merchant: httpx.AsyncClient) -> None:
    body = await create(merchant, address_return=TO | {"name": "Returns"})
    found = (await merchant.get(f"/addresses/{body['address_return']['object_id']}")).json()
    assert found["name"] == body["address_return"]["name"] == "Returns"
    parcel = (await merchant.get(f"/parcels/{body['parcels'][0]['object_id']}")).json()
    assert parcel == body["parcels"][0]


async def test_loosely_written_requests_are_understood(merchant: httpx.AsyncClient) -> None:
    body = await create(
        merchant,
        address_to=TO | {"country": "USA", "zip": 94103},
        parcels=PARCEL | {"length": 10, "template": ""},
        customs_declaration="",
        shipment_date="0001-01-01T00:00:00Z",
        extra='{signature_confirmation: "True", "is_return": "False"}',
        carrier_accounts=None,
        metadata=None,
        order="",
        unknown={"a": 1},
    )
    assert body["extra"] == {"signature_confirmation": "STANDARD", "is_return": False}
    assert body["shipment_date"][:10] == body["object_created"][:10]
    assert len(body["parcels"]) == 1 and body["address_to"]["country"] == "US" and body["metadata"] == ""


async def test_a_form_with_json_in_its_fields_is_understood(merchant: httpx.AsyncClient) -> None:
    made = await merchant.post(
        "/shipments/",
        data={
            "address_from": json.dumps(FROM),
            "address_to": json.dumps(TO),
            "parcels": json.dumps([PARCEL]),
            "extra": "{}",
            "async": "false",
        },
    )
    assert made.status_code == 201 and made.json()["rates"]


async def test_a_parcel_from_a_template_has_its_dimensions(merchant: httpx.AsyncClient) -> None:
    template = {"template": "USPS_FlatRatePaddedEnvelope", "weight": "1", "mass_unit": "lb"}
    (parcel,) = (await create(merchant, parcels=[template]))["parcels"]
    assert parcel["template"] == template["template"] and float(parcel["length"]) > 0


async def test_an_address_with_only_a_country_is_enough_for_rates(merchant: httpx.AsyncClient) -> None:
    body = await create(merchant, address_to={"country": "CA"})
    assert body["address_to"]["is_complete"] is False and body["rates"]


async def test_a_shipment_date_is_kept_in_utc(merchant: httpx.AsyncClient) -> None:
    body = await create(merchant, shipment_date="2026-11-21T22:58:28.123456+02:00")
    assert body["shipment_date"] == "2026-11-21T20:58:28.123Z"


async def test_customs_can_come_with_the_shipment(merchant: httpx.AsyncClient, carriers: Carriers) -> None:
    item = (await merchant.post("/customs/items", json=ITEM | {"description": "Strings"})).json()
    declaration = DECLARATION | {"items": [ITEM, item["object_id"]]}
    body = await create(merchant, address_to={"country": "GB"}, customs_declaration=declaration)
    assert body["customs_declaration"]["items"][1] == item["object_id"]
    customs = carriers.usps.asked[-1][0].customs
    assert customs is not None and [one.description for one in customs.items] == ["Guitar pedal", "Strings"]


async def test_the_carrier_accounts_can_be_chosen(merchant: httpx.AsyncClient, carriers: Carriers) -> None:
    usps = (await account_ids(merchant))["usps"]
    body = await create(merchant, carrier_accounts=[usps])
    assert body["carrier_accounts"] == [usps]
    assert {rate["carrier_account"] for rate in body["rates"]} == {usps} and not carriers.ups.asked


async def test_an_order_can_be_named(merchant: httpx.AsyncClient) -> None:
    order = await merchant.post(
        "/orders",
        json={"to_address": TO, "placed_at": "2026-11-21T22:58:28Z", "weight": "1", "weight_unit": "lb"},
    )
    body = await create(merchant, order=order.json()["object_id"])
    assert body["order"] == order.json()["object_id"]


async def test_a_scan_based_return_is_quoted_from_the_buyer(merchant: httpx.AsyncClient, carriers: Carriers) -> None:
    body = await create(merchant, extra={"is_return": True})
    asked = carriers.usps.asked[-1][0]
    assert (asked.ship_from.name, asked.ship_to.name, asked.options.is_return) == ("Mrs Hippo", "Mr Hippo", True)
    assert body["address_from"]["name"] == "Mr Hippo" and body["rates"]


async def test_carriers_hear_of_the_options(merchant: httpx.AsyncClient, carriers: Carriers) -> None:
    extra = {
        "insurance": {"amount": "200", "currency": "usd", "content": "pedal"},
        "signature_confirmation": "ADULT",
        "reference_1": "plain",
        "customer_reference": {"value": "ACME-7"},
        "delivery_instructions": "at the back",
    }
    await create(merchant, extra=extra, metadata="hint", parcels=[PARCEL, PARCEL | {"weight": "3"}])
    asked = carriers.usps.asked[-1][0]
    assert asked.options.insurance is not None and str(asked.options.insurance.amount) == "200"
    assert (asked.options.signature, asked.options.reference_1, asked.hint) == ("ADULT", "ACME-7", "hint")
    assert asked.options.other["delivery_instructions"] == "at the back"
    assert [parcel.grams for parcel in asked.parcels] == [908, 1361]


async def test_a_foreign_recipient_sees_local_money(merchant: httpx.AsyncClient) -> None:
    body = await create(merchant, address_to={"country": "SA"})
    cheapest = body["rates"][0]
    assert (cheapest["amount"], cheapest["currency"]) == ("6.20", "USD")
    assert (cheapest["amount_local"], cheapest["currency_local"]) == ("23.25", "SAR")


async def test_the_rates_of_a_shipment_are_listed_in_pages_and_any_currency(merchant: httpx.AsyncClient) -> None:
    body = await create(merchant)
    path = f"/shipments/{body['object_id']}/rates"
    assert (await merchant.get(path)).json()["results"] == body["rates"]
    first = (await merchant.get(f"{path}/?results=3")).json()
    second = (await merchant.get(first["next"])).json()
    assert first["results"] + second["results"] == body["rates"] and second["next"] is None
    euros = (await merchant.get(f"{path}/eur")).json()["results"]
    assert {rate["currency_local"] for rate in euros} == {"EUR"}
    assert [rate["amount"] for rate in euros] == [rate["amount"] for rate in body["rates"]]
    assert 0 < float(euros[0]["amount_local"]) < float(euros[0]["amount"])
    wrong = await merchant.get(f"{path}/XXQ")
    assert wrong.status_code == 400 and list(wrong.json()) == ["currency_code"]


async def test_a_rate_is_read_by_its_id_and_in_the_list_of_all(merchant: httpx.AsyncClient) -> None:
    body = await create(merchant)
    rate = body["rates"][1]
    assert (await merchant.get(f"/rates/{rate['object_id']}")).json() == rate
    assert (await merchant.get("/rates/")).json()["results"] == body["rates"]
    assert (await merchant.get(f"/rates/{UNKNOWN}")).status_code == 404


async def test_the_one_parcel_of_clients_of_before_2017_will_do(merchant: httpx.AsyncClient) -> None:
    parcel = (await merchant.post("/parcels", json=PARCEL)).json()["object_id"]
    for given in (parcel, PARCEL):
        old = {name: value for name, value in SHIPMENT.items() if name != "parcels"} | {"parcel": given}
        answer = await merchant.post("/shipments", json=old)
        assert answer.status_code == 201, answer.text
        assert [each["weight"] for each in answer.json()["parcels"]] == ["2.0000"] and answer.json()["rates"]
