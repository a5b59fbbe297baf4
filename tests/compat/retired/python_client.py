"""The retired Python client, release 2.1.2: run by the interpreter of `.venv-legacy`, prints a line of JSON per case.

It sends `null` for an empty body, asks for `*/*`, and knows an object that is not there only by a body that is no JSON.
"""
# This file sees another `shippo` than the type checker does.
# mypy: disable-error-code="attr-defined"

from __future__ import annotations

import datetime as dt
import json
import os
import time
import traceback
import urllib.request
from collections.abc import Callable
from typing import Any

import shippo
import shippo.config
import shippo.error

ADDRESS = {
    "name": "Alice Example",
    "company": "Alice Ltd",
    "street1": "215 Clayton St.",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94117",
    "country": "US",
    "phone": "+1 555 341 9393",
    "email": "alice@example.com",
    "metadata": "compat",
}
BUYER = {**ADDRESS, "name": "Carla Buyer", "street1": "965 Mission St", "zip": "94103"}
PARCEL = {
    "length": "5",
    "width": "5",
    "height": "5",
    "distance_unit": "in",
    "weight": "2",
    "mass_unit": "lb",
    "template": "",
}
ITEM = {
    "description": "Brass compass",
    "quantity": 2,
    "net_weight": "400",
    "mass_unit": "g",
    "value_amount": "20",
    "value_currency": "USD",
    "origin_country": "US",
    "tariff_number": "",
}
DECLARATION = {
    "exporter_reference": "",
    "importer_reference": "",
    "contents_type": "MERCHANDISE",
    "contents_explanation": "compasses",
    "invoice": "#123123",
    "license": "",
    "certificate": "",
    "notes": "",
    "eel_pfc": "NOEEI_30_37_a",
    "aes_itn": "",
    "non_delivery_option": "ABANDON",
    "certify": "true",
    "certify_signer": "Alice Example",
    "disclaimer": "",
    "incoterm": "",
    "metadata": "Order ID #123123",
}
ORDER = {
    "order_number": "#1068",
    "order_status": "PAID",
    "to_address": BUYER,
    "placed_at": "2016-09-23T01:28:12Z",
    "line_items": [
        {
            "title": "Demo magazine",
            "quantity": "1",
            "total_price": "12.10",
            "currency": "USD",
            "weight": "0.40",
            "weight_unit": "lb",
        }
    ],
    "shipping_cost": 1.23,
    "shipping_cost_currency": "USD",
    "total_price": 24.93,
    "currency": "USD",
    "weight": "0.40",
    "weight_unit": "lb",
}
MISSING = "0" * 32

Case = Callable[[], None]
cases: list[tuple[str, Case]] = []


def check(name: str) -> Callable[[Case], Case]:
    def register(case: Case) -> Case:
        cases.append((name, case))
        return case

    return register


def shipment(**changes: Any) -> Any:
    given = {"address_from": ADDRESS, "address_to": BUYER, "parcels": [PARCEL], "asynchronous": False}
    return shippo.Shipment.create(**{**given, **changes})


def label() -> Any:
    rate = next(entry for entry in shipment().rates if entry["provider"] == "USPS")
    return shippo.Transaction.create(rate=rate["object_id"], asynchronous=False, label_file_type="PDF")


def usps() -> str:
    found = shippo.CarrierAccount.all(carrier="usps")
    return str(found.results[0].object_id)


def refused(kind: type[Exception], call: Callable[..., Any], *given: Any, **named: Any) -> None:
    try:
        call(*given, **named)
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")


def polled(read: Callable[[], Any], *states: str) -> Any:
    for _ in range(1200):
        found = read()
        if found["status"] in states:
            return found
        time.sleep(0.05)
    raise AssertionError(f"still {found['status']}")


def missing(resource: Any) -> None:
    """What is not there raises the client's error for a body that it cannot read."""
    refused(shippo.error.APIError, resource.retrieve, "EXAMPLE_OF_INVALID_ID")
    refused(shippo.error.APIError, resource.retrieve, MISSING)


@check("authentication: a wrong token")
def _authentication() -> None:
    refused(shippo.error.AuthenticationError, shippo.Address.all, api_key="shippo_test_" + MISSING + "00000000")
    refused(shippo.error.AuthenticationError, shippo.Address.all, api_key="oauth.nonsense")


@check("address: created, retrieved, validated and listed")
def _address() -> None:
    made = shippo.Address.create(**ADDRESS)
    assert (made.is_complete, made.phone) == (True, "0015553419393")
    assert dict(shippo.Address.retrieve(made.object_id)) == dict(made)
    assert shippo.Address.validate(made.object_id).validation_results.is_valid is True
    assert len(shippo.Address.all(size=2, page=1).results) == 2
    missing(shippo.Address)
    refused(shippo.error.APIError, shippo.Address.validate, "EXAMPLE_OF_INVALID_ID")


@check("address: refreshed in place")
def _refresh() -> None:
    made = shippo.Address.construct_from(dict(shippo.Address.create(**ADDRESS)), None)
    made["street1"] = "forgotten"
    assert made.refresh().street1 == ADDRESS["street1"]


@check("parcel: created with an empty template, retrieved and listed")
def _parcel() -> None:
    made = shippo.Parcel.create(**PARCEL)
    assert made.template is None and float(made.length) == 5
    assert shippo.Parcel.retrieve(made.object_id).object_id == made.object_id
    assert shippo.Parcel.all(size=1).results[0].object_id == made.object_id
    refused(shippo.error.InvalidRequestError, shippo.Parcel.create, length="5")
    missing(shippo.Parcel)


@check("customs: items by id, empty strings for what is absent")
def _customs() -> None:
    item = shippo.CustomsItem.create(**ITEM)
    assert shippo.CustomsItem.retrieve(item.object_id).quantity == 2
    made = shippo.CustomsDeclaration.create(**DECLARATION, items=[item.object_id])
    assert made.object_state == "VALID" and made["items"] == [item.object_id]
    assert shippo.CustomsDeclaration.retrieve(made.object_id)["items"] == [item.object_id]
    assert shippo.CustomsDeclaration.all().results and shippo.CustomsItem.all().results
    refused(shippo.error.InvalidRequestError, shippo.CustomsDeclaration.create, **DECLARATION)
    refused(shippo.error.InvalidRequestError, shippo.CustomsItem.create)
    missing(shippo.CustomsDeclaration)
    missing(shippo.CustomsItem)


@check("shipment: created, retrieved, listed and rated")
def _shipment() -> None:
    made = shipment(customs_declaration="", extra={"signature_confirmation": True})
    assert made.status == "SUCCESS" and made.extra.signature_confirmation == "STANDARD"
    assert shippo.Shipment.retrieve(made.object_id).object_id == made.object_id
    assert shippo.Shipment.all(size=1).results[0].object_id == made.object_id
    rates = shippo.Shipment.get_rates(made.object_id, asynchronous=False).results
    assert {rate.object_id for rate in rates} == {rate.object_id for rate in made.rates}
    local = shippo.Shipment.get_rates(made.object_id, currency="EUR").results
    assert {rate.currency_local for rate in local} == {"EUR"}
    refused(shippo.error.InvalidRequestError, shippo.Shipment.create, address_from="EXAMPLE_OF_INVALID_ID")
    refused(shippo.error.APIError, shippo.Shipment.get_rates, "EXAMPLE_OF_INVALID_ID", asynchronous=True)
    missing(shippo.Shipment)


@check("rate: retrieved, and listed as only this client still asks")
def _rate() -> None:
    rate = shipment().rates[0]
    assert shippo.Rate.retrieve(rate.object_id).amount == rate.amount
    assert shippo.Rate.all(size=1).results
    missing(shippo.Rate)


@check("transaction: bought, retrieved and listed")
def _transaction() -> None:
    made = label()
    assert made.status == "SUCCESS" and made.tracking_status in ("UNKNOWN", "PRE_TRANSIT")
    with urllib.request.urlopen(made.label_url) as answer:
        assert answer.read(5) == b"%PDF-"
    assert shippo.Transaction.retrieve(made.object_id).tracking_number == made.tracking_number
    assert shippo.Transaction.all(size=1).results[0].object_id == made.object_id
    refused(shippo.error.InvalidRequestError, shippo.Transaction.create)
    missing(shippo.Transaction)


@check("transaction: in one call")
def _instant() -> None:
    given = {"address_from": ADDRESS, "address_to": BUYER, "parcels": [PARCEL]}
    made = shippo.Transaction.create(shipment=given, carrier_account=usps(), servicelevel_token="usps_priority")
    assert made.status == "SUCCESS" and made.rate.servicelevel_token == "usps_priority"


@check("carrier account: created, changed, retrieved and listed")
def _carrier_account() -> None:
    given = {"carrier": "fedex", "account_id": f"compat{time.time_ns()}", "parameters": {"meter": "123456"}}
    made = shippo.CarrierAccount.create(**given, test=True, active=False)
    changed = shippo.CarrierAccount.update(made.object_id, **given, active=True)
    assert changed.active is True
    assert shippo.CarrierAccount.retrieve(made.object_id).active is True
    refused(shippo.error.InvalidRequestError, shippo.CarrierAccount.create, carrier="nobody")
    missing(shippo.CarrierAccount)


@check("order: created, retrieved and listed")
def _order() -> None:
    made = shippo.Order.create(**ORDER)
    assert (made.order_status, made.total_price, made.transactions) == ("PAID", "24.93", [])
    assert shippo.Order.retrieve(made.object_id).order_number == "#1068"
    assert len(shippo.Order.all(size=1, page=1).results) == 1
    refused(shippo.error.InvalidRequestError, shippo.Order.create)
    missing(shippo.Order)


@check("refund: created once, retrieved and listed")
def _refund() -> None:
    made = label()
    refund = shippo.Refund.create(transaction=made.object_id)
    assert refund.status == "QUEUED"
    assert shippo.Refund.retrieve(refund.object_id).transaction == made.object_id
    assert shippo.Refund.all(size=1).results[0].object_id == refund.object_id
    refused(shippo.error.InvalidRequestError, shippo.Refund.create, transaction=made.object_id)
    missing(shippo.Refund)


@check("manifest: by the carrier's name, of what is eligible")
def _manifest() -> None:
    bought = label()
    given = {"provider": "USPS", "shipment_date": dt.datetime.now(dt.UTC).isoformat(), "async": False}
    made = shippo.Manifest.create(address_from=dict(shippo.Address.create(**ADDRESS)), **given)
    assert made.status == "SUCCESS" and bought.object_id in made.transactions
    assert shippo.Manifest.retrieve(made.object_id).documents
    assert shippo.Manifest.all(size=1).results[0].object_id == made.object_id
    refused(shippo.error.InvalidRequestError, shippo.Manifest.create, address_from=MISSING, **given)
    missing(shippo.Manifest)


@check("pickup: confirmed")
def _pickup() -> None:
    def at(hours: float) -> str:
        return (dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)).isoformat()

    given = {
        "carrier_account": usps(),
        "location": {"building_location_type": "Knock on Door", "address": ADDRESS},
        "transactions": [label().object_id],
        "is_test": False,
    }
    made = shippo.Pickup.create(**given, requested_start_time=at(24), requested_end_time=at(30))
    assert made.status == "CONFIRMED"
    refused(shippo.error.InvalidRequestError, shippo.Pickup.create, **given)


@check("track: by number, and registered")
def _track() -> None:
    found = shippo.Track.get_status("shippo", "SHIPPO_DELIVERED")
    assert found.tracking_status.status == "DELIVERED" and found.messages == []
    registered = shippo.Track.create(carrier="shippo", tracking_number="SHIPPO_TRANSIT", metadata="metadata")
    assert registered.tracking_status.status == "TRANSIT"
    refused(shippo.error.InvalidRequestError, shippo.Track.get_status, "EXAMPLE_OF_INVALID_CARRIER", "1Z")
    refused(shippo.error.APIError, shippo.Track.get_status, "shippo", "EXAMPLE_OF_INVALID_NUMBER")
    refused(shippo.error.InvalidRequestError, shippo.Track.create, carrier="EXAMPLE", tracking_number="1")


@check("batch: put together, changed and bought with a body of null")
def _batch() -> None:
    row = {"shipment": {"address_from": ADDRESS, "address_to": BUYER, "parcels": [PARCEL]}}
    made = shippo.Batch.create(
        default_carrier_account=usps(),
        default_servicelevel_token="usps_priority",
        label_filetype="PDF_4x6",
        metadata="compat",
        batch_shipments=[row, row],
    )
    assert made.status == "VALIDATING" and len(made.batch_shipments.results) == 2

    def read() -> Any:
        return shippo.Batch.retrieve(made.object_id, object_results="creation_succeeded", page=1)

    assert len(read().batch_shipments.results) == 2
    assert len(polled(read, "VALID").batch_shipments.results) == 2
    ready = shipment().object_id
    added = shippo.Batch.add(made.object_id, [{"shipment": ready}])
    assert [entry.shipment for entry in added.batch_shipments.results][2:] == [ready]
    polled(read, "VALID")
    left = shippo.Batch.remove(made.object_id, [added.batch_shipments.results[0].object_id])
    assert len(left.batch_shipments.results) == 2
    polled(read, "VALID")
    assert shippo.Batch.purchase(made.object_id).status == "PURCHASING"
    done = polled(lambda: shippo.Batch.retrieve(made.object_id), "PURCHASED")
    assert done.label_url and all(entry["transaction"] for entry in done.batch_shipments.results)


@check("batch: errors")
def _batch_errors() -> None:
    refused(shippo.error.InvalidRequestError, shippo.Batch.create)
    given = {"default_carrier_account": "NOT_VALID", "default_servicelevel_token": "usps_priority"}
    refused(shippo.error.InvalidRequestError, shippo.Batch.create, **given, batch_shipments=[])
    for key in ("INVALID_OBJECT_KEY", MISSING):
        for rows in ([{"shipment": MISSING}], [{"shipment": [PARCEL]}], ["row"], []):
            refused(shippo.error.APIError, shippo.Batch.add, key, rows)
        refused(shippo.error.APIError, shippo.Batch.remove, key, [MISSING])
        refused(shippo.error.APIError, shippo.Batch.purchase, key)
    missing(shippo.Batch)


@check("webhook: subscribed, changed and ended")
def _webhook() -> None:
    given = {"url": "http://127.0.0.1:9/hook", "event": "track_updated", "is_test": True}
    made = shippo.Webhook.create(**given)
    assert made.object_id in {entry.object_id for entry in shippo.Webhook.list_webhooks().results}
    assert shippo.Webhook.update(made.object_id, **given, active=False).active is False
    # A deletion answers without a body, which this client does not mind.
    assert shippo.Webhook.delete(made.object_id) == "Deleted the webhook"
    missing(shippo.Webhook)


def main() -> None:
    shippo.config.api_base = os.environ["PORTSIDE_URL"] + "/"
    shippo.config.api_key = os.environ["PORTSIDE_TOKEN"]
    shippo.config.verify_ssl_certs = False
    for name, case in cases:
        try:
            case()
        except Exception:  # noqa: BLE001 - every failure of a case is reported, whatever it is
            print(json.dumps({"name": name, "error": traceback.format_exc()}), flush=True)
        else:
            print(json.dumps({"name": name, "error": None}), flush=True)


if __name__ == "__main__":
    main()
