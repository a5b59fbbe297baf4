"""What `extra` asks for reaches the carrier, the price and the label; told with the simulated carriers."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import httpx
import pypdfium2
import pytest

from tests.support.cast import Person
from tests.support.labelling import with_carrier_accounts
from tests.support.objects import SENDER, post, shipment_body

BUYER = SENDER | {
    "name": "Carla Example",
    "street1": "2 Sample Street",
    "city": "Chicago",
    "state": "IL",
    "zip": "60611",
}


@pytest.fixture(autouse=True)
async def accounts(alice: Person) -> None:
    await with_carrier_accounts(alice)


async def ship(api: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    return await post(api, "/shipments", shipment_body(address_to=BUYER, **changes))


def prices(shipment: dict[str, Any]) -> dict[str, Decimal]:
    return {rate["servicelevel"]["token"]: Decimal(rate["amount"]) for rate in shipment["rates"]}


async def label_text(api: httpx.AsyncClient, shipment: dict[str, Any], service: str) -> str:
    """What stands on the label that is bought for a service."""
    rate = next(rate for rate in shipment["rates"] if rate["servicelevel"]["token"] == service)
    label = await post(api, "/transactions", {"rate": rate["object_id"], "async": False})
    assert label["status"] == "SUCCESS", label["messages"]
    file = await api.get(label["label_url"])
    page = pypdfium2.PdfDocument(io.BytesIO(file.content))[0]
    return str(page.get_textpage().get_text_range())


async def test_insurance_is_in_the_price_and_said(api: httpx.AsyncClient) -> None:
    plain = await ship(api)
    assert {rate["included_insurance_price"] for rate in plain["rates"]} == {None}
    insured = await ship(api, extra={"insurance": {"amount": "250", "currency": "USD", "content": "compass"}})
    assert prices(insured).keys() == prices(plain).keys()
    for rate in insured["rates"]:
        included = Decimal(rate["included_insurance_price"])
        assert included > 0
        assert Decimal(rate["amount"]) == prices(plain)[rate["servicelevel"]["token"]] + included
    assert "INSURED" in await label_text(api, insured, "usps_priority")


async def test_a_parcel_may_have_an_insurance_of_its_own(api: httpx.AsyncClient) -> None:
    extra = {"insurance": {"amount": "250", "currency": "USD", "content": "compass"}}
    whole = await ship(api, extra=extra)
    parcel = {**shipment_body()["parcels"][0], "extra": extra}
    assert prices(await ship(api, parcels=[parcel])) == prices(whole)


@pytest.mark.parametrize("kind", ["STANDARD", "ADULT"])
async def test_a_signature_costs_and_is_on_the_label(api: httpx.AsyncClient, kind: str) -> None:
    plain, signed = await ship(api), await ship(api, extra={"signature_confirmation": kind})
    for service in ("usps_priority", "usps_ground_advantage", "ups_ground"):
        assert prices(signed)[service] > prices(plain)[service]
    assert f"{kind} SIGNATURE REQUIRED" in await label_text(api, signed, "ups_ground")


async def test_cash_on_delivery_is_collected_by_ups_alone(api: httpx.AsyncClient) -> None:
    plain = await ship(api)
    asked = await ship(api, extra={"COD": {"amount": "40.50", "currency": "USD", "payment_method": "CASH"}})
    assert asked["extra"]["COD"]["payment_method"] == "CASH"
    for rate in asked["rates"]:
        dearer = Decimal(rate["amount"]) > prices(plain)[rate["servicelevel"]["token"]]
        assert dearer == (rate["provider"] == "UPS")
        assert ("does not offer COD" in rate["servicelevel"]["terms"]) == (rate["provider"] == "USPS")
    assert "COLLECT 40.50 USD" in await label_text(api, asked, "ups_ground")
    assert "COLLECT" not in await label_text(api, asked, "usps_priority")


@pytest.mark.parametrize(
    "goods",
    [{"contains": True}, {"lithium_batteries": {"contains": True}}, {"biological_material": {"contains": "true"}}],
)
async def test_dangerous_goods_are_limited_to_ground_advantage(api: httpx.AsyncClient, goods: dict[str, Any]) -> None:
    shipment = await ship(api, extra={"dangerous_goods": goods})
    assert set(prices(shipment)) == {"usps_ground_advantage"}
    assert [(message["source"], message["text"]) for message in shipment["messages"]] == [
        ("UPS", "UPS takes no dangerous goods.")
    ]
    assert "DANGEROUS GOODS" in await label_text(api, shipment, "usps_ground_advantage")
    harmless = await ship(api, extra={"dangerous_goods": {"contains": False}})
    assert prices(harmless) == prices(await ship(api)) and harmless["messages"] == []


async def test_references_are_on_the_label_the_long_ones_first(api: httpx.AsyncClient) -> None:
    short = await ship(api, extra={"reference_1": "Order 1068", "reference_2": "Shelf 4"})
    text = await label_text(api, short, "usps_priority")
    assert "REF 1: Order 1068" in text and "REF 2: Shelf 4" in text
    long = await ship(
        api,
        extra={"reference_1": "Order 1068", "customer_reference": {"value": "CR-7"}, "po_number": {"value": "PO-8"}},
    )
    text = await label_text(api, long, "ups_ground")
    assert "REF 1: CR-7" in text and "REF 2: PO-8" in text and "Order 1068" not in text
    own = {**shipment_body()["parcels"][0], "extra": {"reference_1": "Box A"}}
    assert "REF 1: Box A" in await label_text(
        api, await ship(api, parcels=[own], extra={"reference_1": "x"}), "ups_ground"
    )


async def test_what_is_not_insured_is_refused_with_a_reason(api: httpx.AsyncClient) -> None:
    shipment = await ship(api, extra={"insurance": {"amount": "99999", "currency": "USD", "content": "gold"}})
    assert shipment["rates"] == []
    assert all("insures at most" in message["text"] for message in shipment["messages"]) and shipment["messages"]
