"""One of everything that an account can own, made through the API; for tests that try other people's ids."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx

from portside.jobs.drain import drain
from portside.kit.clock import now, to_wire
from tests.orders.data import order_body

SENDER = {
    "name": "Alice",
    "street1": "1 Demo Wharf",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94111",
    "country": "US",
    "phone": "15550100100",
    "email": "alice@example.com",
}
RECIPIENT = order_body()["to_address"]
PARCEL = {"length": "10", "width": "8", "height": "4", "distance_unit": "in", "weight": "1", "mass_unit": "lb"}
CUSTOMS_ITEM = {
    "description": "Brass compass",
    "quantity": 1,
    "net_weight": "1",
    "mass_unit": "lb",
    "value_amount": "20",
    "value_currency": "USD",
    "origin_country": "US",
}
DECLARATION = {
    "certify": True,
    "certify_signer": "Alice",
    "contents_type": "MERCHANDISE",
    "non_delivery_option": "RETURN",
    "items": [CUSTOMS_ITEM],
}


def shipment_body(**changes: Any) -> dict[str, Any]:
    return {"address_from": SENDER, "address_to": RECIPIENT, "parcels": [PARCEL], "async": False, **changes}


async def post(api: httpx.AsyncClient, path: str, body: Any) -> dict[str, Any]:
    answer = await api.post(path, json=body)
    assert answer.status_code in (200, 201), f"{path}: {answer.status_code} {answer.text}"
    found: dict[str, Any] = answer.json()
    return found


def tomorrow(hour: int) -> str:
    """A moment of tomorrow, as the wire writes it."""
    day = (now() + dt.timedelta(days=1)).replace(hour=hour, minute=0, second=0)
    return to_wire(day)


class Maker:
    """Makes objects and keeps their ids by the name that routes give them in their paths."""

    def __init__(self, api: httpx.AsyncClient) -> None:
        self.api = api
        self.ids: dict[str, str] = {}

    async def make(self, name: str, path: str, body: Any) -> dict[str, Any]:
        made = await post(self.api, path, body)
        self.ids[name] = made["object_id"]
        return made

    async def label(self) -> dict[str, Any]:
        """A USPS label of a shipment of its own."""
        shipment = await self.make("shipment_id", "/shipments", shipment_body())
        usps = [rate for rate in shipment["rates"] if rate["provider"] == "USPS"]
        self.ids |= {"rate_id": usps[0]["object_id"], "other_rate_id": usps[1]["object_id"]}
        made = await self.make("transaction_id", "/transactions", {"rate": usps[0]["object_id"], "async": False})
        assert made["status"] == "SUCCESS", made
        return made


async def make_objects(api: httpx.AsyncClient) -> dict[str, str]:
    """The ids of one of each object of the caller's account, by the name that routes give them in their paths."""
    maker = Maker(api)
    await maker.make("address_id", "/addresses", SENDER)
    await maker.make("parcel_id", "/parcels", PARCEL)
    await maker.make("item_id", "/customs/items", CUSTOMS_ITEM)
    await maker.make("declaration_id", "/customs/declarations", DECLARATION)
    accounts = (await api.get("/carrier_accounts?carrier=usps")).json()["results"]
    maker.ids["carrier_account_id"] = accounts[0]["object_id"]
    await maker.make("order_id", "/orders", order_body())
    await _what_labels_lead_to(maker)
    await _what_a_checkout_needs(maker)
    await _what_a_receiver_gets(maker)
    return maker.ids


async def _what_labels_lead_to(maker: Maker) -> None:
    account = maker.ids["carrier_account_id"]
    refunded = await maker.label()
    await maker.make("refund_id", "/refunds", {"transaction": refunded["object_id"], "async": False})
    label = await maker.label()
    maker.ids |= {"tracking_number": label["tracking_number"], "label_url": label["label_url"]}
    form = {"carrier_account": account, "shipment_date": to_wire(now()), "address_from": SENDER, "async": False}
    await maker.make("manifest_id", "/manifests", {**form, "transactions": [label["object_id"]]})
    await maker.make("pickup_id", "/pickups", pickup_body(account, label["object_id"]))
    batch = await maker.make("batch_id", "/batches", batch_body(account))
    maker.ids["batch_shipment_id"] = batch["batch_shipments"]["results"][0]["object_id"]


async def _what_a_checkout_needs(maker: Maker) -> None:
    box = {"name": "Box", "length": "10", "width": "8", "height": "4", "distance_unit": "in"}
    await maker.make("template_id", "/user-parcel-templates", box)
    await maker.make("group_id", "/service-groups", service_group_body(maker.ids["carrier_account_id"]))


async def _what_a_receiver_gets(maker: Maker) -> None:
    hook = {"url": "http://127.0.0.1:9/hook", "event": "order_created", "is_test": True}
    await maker.make("webhook_id", "/webhooks", hook)
    await post(maker.api, "/orders", order_body())
    await drain(lanes=["fast"])
    deliveries = (await maker.api.get(f"/webhooks/{maker.ids['webhook_id']}/deliveries")).json()
    maker.ids["event_id"] = deliveries["results"][0]["object_id"]


def pickup_body(account: str, label: str) -> dict[str, Any]:
    return {
        "carrier_account": account,
        "location": {"address": SENDER, "building_location_type": "Front Door"},
        "transactions": [label],
        "requested_start_time": tomorrow(16),
        "requested_end_time": tomorrow(22),
    }


def batch_body(account: str, **row: Any) -> dict[str, Any]:
    shipment = {name: value for name, value in shipment_body().items() if name != "async"}
    return {
        "default_carrier_account": account,
        "default_servicelevel_token": "usps_priority",
        "batch_shipments": [{"shipment": shipment, **row}],
    }


def service_group_body(account: str) -> dict[str, Any]:
    return {
        "name": "Standard",
        "description": "A few days",
        "type": "LIVE_RATE",
        "flat_rate": "5",
        "flat_rate_currency": "USD",
        "service_levels": [{"account_object_id": account, "service_level_token": "usps_priority"}],
    }
