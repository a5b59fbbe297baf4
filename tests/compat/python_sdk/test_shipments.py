"""Shipments and their rates through the SDK."""

from __future__ import annotations

import re
import time
import urllib.parse

import shippo
from shippo.models import components, operations

from tests.compat.python_sdk.bodies import (
    UNKNOWN,
    buyer,
    buyer_abroad,
    declaration,
    moment,
    parcel,
    refused,
    sender,
    shipment_request,
)


def test_a_shipment_is_made_of_what_exists_already(sdk: shippo.Shippo) -> None:
    here = sdk.addresses.create(request=sender()).object_id
    there = sdk.addresses.create(request=buyer()).object_id
    box = sdk.parcels.create(request=parcel()).object_id
    made = sdk.shipments.create(
        request=shipment_request(address_from=here, address_to=there, parcels=[box], metadata="compat")
    )
    assert made.status == components.ShipmentStatus.SUCCESS and made.metadata == "compat"
    assert (made.address_from.object_id, made.address_to.object_id) == (here, there)
    assert made.address_return is not None and made.address_return.object_id == here
    assert [entry.object_id for entry in made.parcels] == [box]


def test_rates_are_offered_and_compared(rated: components.Shipment) -> None:
    tokens = {rate.servicelevel.token for rate in rated.rates}
    assert {"usps_priority", "usps_ground_advantage", "ups_ground", "ups_next_day_air_saver"} <= tokens
    assert {rate.provider for rate in rated.rates} == {"USPS", "UPS"}
    assert all(rate.shipment == rated.object_id for rate in rated.rates)
    assert all(re.fullmatch(r"\d+\.\d\d", rate.amount) for rate in rated.rates)
    cheapest = [rate for rate in rated.rates if components.Attributes.CHEAPEST in rate.attributes]
    assert [float(rate.amount) for rate in cheapest] == [min(float(rate.amount) for rate in rated.rates)]
    attributes = {attribute for rate in rated.rates for attribute in rate.attributes}
    assert attributes == set(components.Attributes)


def test_only_the_accounts_asked_for_offer_rates(sdk: shippo.Shippo, usps: str) -> None:
    made = sdk.shipments.create(request=shipment_request(carrier_accounts=[usps]))
    assert {rate.carrier_account for rate in made.rates} == {usps}


def test_several_parcels_stay_several(sdk: shippo.Shippo) -> None:
    made = sdk.shipments.create(request=shipment_request(parcels=[parcel(), parcel(weight="3")]))
    assert [float(entry.weight) for entry in made.parcels] == [2.0, 3.0]


def test_abroad_with_customs_and_extras(sdk: shippo.Shippo) -> None:
    declared = sdk.customs_declarations.create(request=declaration()).object_id
    extra = components.ShipmentExtra(
        insurance=components.Insurance(amount="200", currency="USD", content="compasses"),
        signature_confirmation=components.SignatureConfirmation.STANDARD,
        reference_1="r1",
    )
    made = sdk.shipments.create(
        request=shipment_request(address_to=buyer_abroad(), customs_declaration=declared, extra=extra)
    )
    assert made.customs_declaration is not None and made.customs_declaration.object_id == declared
    assert made.extra is not None and made.extra.insurance is not None
    assert (float(made.extra.insurance.amount or 0), made.extra.reference_1) == (200.0, "r1")
    assert made.extra.signature_confirmation == components.SignatureConfirmation.STANDARD
    inline = sdk.shipments.create(
        request=shipment_request(address_to=buyer_abroad(), customs_declaration=declaration())
    )
    assert inline.customs_declaration is not None and inline.customs_declaration.object_id


def test_a_return_is_a_shipment(sdk: shippo.Shippo) -> None:
    made = sdk.shipments.create(request=shipment_request(extra=components.ShipmentExtra(is_return=True)))
    assert made.extra is not None and made.extra.is_return is True


def test_an_asynchronous_shipment_is_polled(sdk: shippo.Shippo) -> None:
    shipment = sdk.shipments.create(request=shipment_request(async_=True))
    for _ in range(1200):
        if shipment.status == components.ShipmentStatus.SUCCESS:
            break
        time.sleep(0.05)
        shipment = sdk.shipments.get(shipment_id=shipment.object_id)
    assert shipment.status == components.ShipmentStatus.SUCCESS and shipment.rates


def test_a_shipment_is_retrieved_and_listed(sdk: shippo.Shippo) -> None:
    made = sdk.shipments.create(request=shipment_request())
    found = sdk.shipments.get(shipment_id=made.object_id)
    assert {rate.object_id for rate in found.rates} == {rate.object_id for rate in made.rates}
    assert sdk.shipments.list(request=operations.ListShipmentsRequest()).results[0] == found


def test_the_page_token_leads_on(sdk: shippo.Shippo) -> None:
    for _ in range(3):
        sdk.shipments.create(request=shipment_request())
    first = sdk.shipments.list(request=operations.ListShipmentsRequest(page=1, results=2))
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(first.next).query)["page_token"][0]
    second = sdk.shipments.list(request=operations.ListShipmentsRequest(page_token=token, page=2, results=2))
    ids = [entry.object_id for entry in first.results + second.results]
    assert len(first.results) == 2 and len(set(ids)) == len(ids) > 2


def test_shipments_are_found_by_date(sdk: shippo.Shippo, rated: components.Shipment) -> None:
    def listed(**given: str) -> list[components.Shipment]:
        return list(sdk.shipments.list(request=operations.ListShipmentsRequest(results=100, **given)).results)

    assert listed(object_created_gt=moment(days=1)) == [] == listed(object_created_lt=moment(days=-1))
    window = listed(object_created_gte=moment(days=-1), object_created_lte=moment(days=1))
    assert rated.object_id in {entry.object_id for entry in window}


def test_rates_are_retrieved_and_listed(sdk: shippo.Shippo, rated: components.Shipment) -> None:
    first = rated.rates[0]
    assert sdk.rates.get(rate_id=first.object_id).amount == first.amount
    listed = sdk.rates.list_shipment_rates(shipment_id=rated.object_id, results=100).results
    assert {rate.object_id for rate in listed} == {rate.object_id for rate in rated.rates}


def test_rates_in_another_currency(sdk: shippo.Shippo, rated: components.Shipment) -> None:
    def ask(code: str) -> components.RatePaginatedList:
        request = operations.ListShipmentRatesByCurrencyCodeRequest(shipment_id=rated.object_id, currency_code=code)
        return sdk.rates.list_shipment_rates_by_currency_code(request=request)

    euros = ask("EUR").results
    assert euros and {rate.currency_local for rate in euros} == {"EUR"}
    with refused(400):
        ask("XXQ")


def test_errors(sdk: shippo.Shippo) -> None:
    with refused(400, "parcels"):
        sdk.shipments.create(request=shipment_request(parcels=[]))
    with refused(400, "address_from", "not found"):
        sdk.shipments.create(request=shipment_request(address_from=UNKNOWN))
    with refused(400, "address_to", "country"):
        sdk.shipments.create(request=shipment_request(address_to=buyer(country="nowhere")))
    with refused(404):
        sdk.shipments.get(shipment_id=UNKNOWN)
    with refused(404):
        sdk.rates.get(rate_id=UNKNOWN)
    with refused(404):
        sdk.rates.list_shipment_rates(shipment_id=UNKNOWN)
