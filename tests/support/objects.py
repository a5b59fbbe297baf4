"""One of everything that an account can own, made through the API, and a good body for every operation."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import httpx

from portside.jobs.drain import drain
from portside.kit.clock import now, to_wire
from portside.main import API
from portside.rest.endpoint import Operation
from portside.rest.openapi import operations
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
    "description": "Mug",
    "quantity": 2,
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
BOX = {"name": "Box", "length": "6", "width": "4", "height": "2", "distance_unit": "in"}
HOOK = {"url": "http://127.0.0.1:9/hook", "event": "order_created"}
SERVICE = "usps_priority"
RULE: dict[str, Any] = {
    "percent": "5",
    "fixed": {"amount": "0.50", "currency": "USD"},
    "minimum": {"amount": "4", "currency": "USD"},
    "carriers": {},
    "services": {},
}
TERMS: dict[str, Any] = {
    "price_rule": RULE,
    "allowed_carriers": ["usps"],
    "allowed_services": [SERVICE],
    "label_format": "PDF_4x6",
    "notifications": {"email": ["DELIVERED"], "sms": []},
    "branding": {"name": "Mugs", "color": "#1a2b3c", "tracking_page": "branded"},
}
MERCHANT = {"email": "merchant@example.com", "first_name": "Mia", "last_name": "Example", "company_name": "Mia's Mugs"}
_LAST = re.compile(r"^(/.+)/\{(\w+)\}$")


def all_operations() -> list[Operation]:
    return operations(API)


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
        usps = _usps(shipment)
        self.ids |= {"rate_id": usps[0]["object_id"], "other_rate_id": usps[1]["object_id"]}
        made = await self.make("transaction_id", "/transactions", {"rate": usps[0]["object_id"], "async": False})
        assert made["status"] == "SUCCESS", made
        return made


def _usps(shipment: dict[str, Any]) -> list[dict[str, Any]]:
    return [rate for rate in shipment["rates"] if rate["provider"] == "USPS"]


async def make_objects(api: httpx.AsyncClient) -> dict[str, str]:
    """The ids of one of each object of the caller's account, by the name that routes give them in their paths."""
    maker = Maker(api)
    await _what_ships(maker)
    await _what_labels_lead_to(maker)
    await _what_a_receiver_gets(maker)
    return maker.ids


async def stocked(api: httpx.AsyncClient, *, ships: bool = True) -> dict[str, str]:
    """As `make_objects`, by HTTP alone, for the bodies below: with an account to manage, and with what is not used up,
    a rate to buy and labels `to_refund`, `to_manifest` and `to_pick_up`.

    Without `ships` nothing is bought, as in live mode, where the simulated carriers sell nothing.
    """
    maker = Maker(api)
    await _what_ships(maker)
    await maker.make("webhook_id", "/webhooks", {**HOOK, "active": False})
    await maker.make("account_id", "/shippo-accounts", MERCHANT)
    maker.ids |= {"shippo_account_id": maker.ids["account_id"], "plan_name": "gold", "tier_name": "silver"}
    if ships:
        await _what_labels_lead_to(maker)
        for purpose in ("to_refund", "to_manifest", "to_pick_up"):
            label = await maker.label()
            maker.ids |= {purpose: label["object_id"], "tracking_number": label["tracking_number"]}
        shipment = await maker.make("shipment_id", "/shipments", shipment_body())
        maker.ids["rate_id"] = _usps(shipment)[0]["object_id"]
    return {**maker.ids, **{name: id_ for name, id_ in (await _listed(api)).items() if name not in maker.ids}}


async def _what_ships(maker: Maker) -> None:
    await maker.make("address_id", "/addresses", SENDER)
    await maker.make("parcel_id", "/parcels", PARCEL)
    await maker.make("item_id", "/customs/items", CUSTOMS_ITEM)
    await maker.make("declaration_id", "/customs/declarations", DECLARATION)
    accounts = (await maker.api.get("/carrier_accounts?carrier=usps")).json()["results"]
    maker.ids["carrier_account_id"] = accounts[0]["object_id"]
    await maker.make("order_id", "/orders", order_body())
    await maker.make("template_id", "/user-parcel-templates", BOX)
    await maker.make("group_id", "/service-groups", service_group_body(maker.ids["carrier_account_id"]))


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


async def _what_a_receiver_gets(maker: Maker) -> None:
    await maker.make("webhook_id", "/webhooks", {**HOOK, "is_test": True})
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
        "default_servicelevel_token": SERVICE,
        "batch_shipments": [{"shipment": shipment, **row}],
    }


def service_group_body(account: str) -> dict[str, Any]:
    return {
        "name": "Standard",
        "description": "A few days",
        "type": "LIVE_RATE",
        "flat_rate": "5",
        "flat_rate_currency": "USD",
        "service_levels": [{"account_object_id": account, "service_level_token": SERVICE}],
    }


def bodies(stock: dict[str, str]) -> dict[str, Any]:
    """A body that each operation takes, by its method and path."""
    group = service_group_body(stock["carrier_account_id"])
    own = {"carrier": "ups", "account_id": "94567e", "parameters": {}, "active": True, "metadata": ""}
    made = {
        "POST /embedded/authz": {"scope": "embedded:carriers"},
        "POST /addresses": SENDER,
        "POST /parcels": PARCEL,
        "POST /customs/items": CUSTOMS_ITEM,
        "POST /customs/declarations": DECLARATION,
        "POST /carrier_accounts": own,
        "PUT /carrier_accounts/{carrier_account_id}": {"metadata": "a", "active": True},
        "POST /carrier_accounts/register/new": {"carrier": "correos"},
        "POST /orders": order_body(),
        "PUT /orders/{order_id}": order_body(),
        "PATCH /orders/{order_id}": {"notes": "Ring twice"},
        "POST /orders/bulk": [order_body(), order_body()],
        "POST /user-parcel-templates": BOX,
        "PUT /user-parcel-templates/{template_id}": BOX,
        "POST /service-groups": group,
        "PUT /service-groups": {**group, "object_id": stock["group_id"], "is_active": True},
        "POST /shipments": shipment_body(),
        "POST /tracks": {"carrier": "shippo", "tracking_number": "SHIPPO_TRANSIT", "metadata": "a"},
        "POST /transactions": {"rate": stock["rate_id"], "async": False, "metadata": "a", "label_file_type": "PDF_4x6"},
    }
    return made | _later_bodies(stock)


def _later_bodies(stock: dict[str, str]) -> dict[str, Any]:
    account = stock["carrier_account_id"]
    hook = {**HOOK, "event": "order_updated", "active": True}
    return {
        "POST /live-rates": {
            "address_from": SENDER,
            "address_to": SENDER,
            "line_items": [{"title": "Mug", "quantity": 1, "total_price": "5", "currency": "USD"}],
            "parcel": PARCEL,
        },
        "PUT /live-rates/settings/parcel-template": {"object_id": stock["template_id"]},
        "POST /batches": {
            "default_carrier_account": account,
            "default_servicelevel_token": SERVICE,
            "label_filetype": "PDF_4x6",
            "metadata": "a",
            "batch_shipments": [{"shipment": stock["shipment_id"], "metadata": "a"}],
        },
        "POST /batches/{batch_id}/add_shipments": [{"shipment": stock["shipment_id"], "metadata": "a"}],
        "POST /batches/{batch_id}/remove_shipments": [stock["batch_shipment_id"]],
        "POST /refunds": {"transaction": stock["to_refund"], "async": False},
        "POST /manifests": {
            "carrier_account": account,
            "shipment_date": to_wire(now()),
            "address_from": SENDER,
            "transactions": [stock["to_manifest"]],
            "async": False,
        },
        "POST /pickups": {**pickup_body(account, stock["to_pick_up"]), "metadata": "a"},
        "POST /simulator/clock": {"speed": 2},
        "POST /simulator/advance": {"hours": 1},
        "POST /simulator/stories": {"tracking_number": stock["tracking_number"], "story": "attempt_failed"},
        "POST /webhooks": hook,
        "PUT /webhooks/{webhook_id}": hook,
        "POST /webhooks/{webhook_id}/rotate-secret": {"grace_hours": 1},
        "POST /webhooks/{webhook_id}/test": {"event": "order_updated", "forged": False},
        "POST /webhooks/{webhook_id}/recover": {"since": to_wire(now())},
        "POST /webhooks/{webhook_id}/resend": {"since": to_wire(now()), "event": "track_updated", "state": "all"},
        "POST /shippo-accounts": MERCHANT,
        "PUT /shippo-accounts/{shippo_account_id}": MERCHANT,
        "PUT /partner/accounts/{account_id}/settings": TERMS,
        "PATCH /partner/accounts/{account_id}/settings": TERMS,
        "PUT /partner/plans/{plan_name}": RULE,
        "PUT /partner/discount-tiers/{tier_name}": {"percent": "5", "carriers": {"ups": "7"}},
        "POST /partner/ledger": {
            "account": stock["shippo_account_id"],
            "currency": "USD",
            "note": "Weighed again",
            "cost": "1.20",
            "charged": "1.50",
        },
    }


async def _listed(client: httpx.AsyncClient) -> dict[str, str]:
    """The newest object of every list, by the name of the id in the path of one."""
    found: dict[str, str] = {}
    reads = {operation.path for operation in all_operations() if operation.method == "GET"}
    for path in sorted(reads):
        match = _LAST.match(path)
        if match and match[1] in reads and "{" not in match[1]:
            body = (await client.get(match[1])).json()
            rows = body["results"] if isinstance(body, dict) else body
            if rows and "object_id" in rows[0]:
                found[match[2]] = rows[0]["object_id"]
    return found
