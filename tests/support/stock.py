"""One of everything in an account, made over HTTP, and a good body for every operation."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import httpx

from portside.main import API
from portside.rest.endpoint import Operation
from portside.rest.openapi import operations
from tests.orders.data import order_body

ADDRESS = {
    "name": "Alice",
    "street1": "1 Demo Wharf",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94111",
    "country": "US",
    "phone": "4155550100",
    "email": "alice@example.com",
}
PARCEL = {"length": "10", "width": "8", "height": "4", "distance_unit": "in", "weight": "1", "mass_unit": "lb"}
ITEM = {
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
    "items": [ITEM],
}
SHIPMENT = {"address_from": ADDRESS, "address_to": {**ADDRESS, "name": "Bob"}, "parcels": [PARCEL], "async": False}
SERVICE = "usps_priority"
SERVICE_OF_BATCH = {"default_servicelevel_token": SERVICE, "label_filetype": "PDF_4x6", "metadata": "a"}
BOX = {"name": "Box", "length": "6", "width": "4", "height": "2", "distance_unit": "in"}
GROUP: dict[str, Any] = {
    "name": "Standard",
    "description": "In days",
    "type": "FLAT_RATE",
    "flat_rate": "5",
    "flat_rate_currency": "USD",
    "service_levels": [],
}
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


async def stocked(client: httpx.AsyncClient, *, ships: bool = True) -> dict[str, str]:
    """Make one of everything, in live mode what needs no carrier.

    Gives ids by the names that bodies and paths use for them: `order`, `order_id`.
    """
    made: dict[str, str] = {}

    async def make(path: str, body: Any) -> Any:
        answer = await client.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json()

    made["address_from"] = made["address"] = (await make("/addresses", ADDRESS))["object_id"]
    made["parcel"] = (await make("/parcels", PARCEL))["object_id"]
    await make("/customs/items", ITEM)
    made["customs_declaration"] = (await make("/customs/declarations", DECLARATION))["object_id"]
    made["order"] = (await make("/orders", order_body()))["object_id"]
    await make("/webhooks", {"url": "http://127.0.0.1:9/hook", "event": "order_created", "active": False})
    made["template"] = (await make("/user-parcel-templates", BOX))["object_id"]
    made["service_group"] = (await make("/service-groups", GROUP))["object_id"]
    made["shippo_account"] = made["account_id"] = (await make("/shippo-accounts", MERCHANT))["object_id"]
    made["plan_name"], made["tier_name"] = "gold", "silver"
    if not ships:
        return made | await _listed(client)
    for purpose in ("rate", "transaction", "refunded", "manifested", "picked_up"):
        shipment = await make("/shipments", SHIPMENT)
        (rate,) = (one for one in shipment["rates"] if one["servicelevel"]["token"] == SERVICE)
        made["shipment"], made["carrier_account"] = shipment["object_id"], rate["carrier_account"]
        made["rate"] = rate["object_id"]
        if purpose != "rate":
            label = await make("/transactions", {"rate": rate["object_id"], "async": False})
            made[purpose], made["tracking_number"] = label["object_id"], label["tracking_number"]
    shipment = await make("/shipments", SHIPMENT)
    made["rate"] = next(one["object_id"] for one in shipment["rates"] if one["servicelevel"]["token"] == SERVICE)
    rows = {"batch_shipments": [{"shipment": shipment["object_id"]}]}
    batch = await make("/batches", {"default_carrier_account": made["carrier_account"], **SERVICE_OF_BATCH, **rows})
    made["batch_id"], made["batch_shipment"] = batch["object_id"], batch["batch_shipments"]["results"][0]["object_id"]
    return made | await _listed(client)


def bodies(stock: dict[str, str]) -> dict[str, Any]:
    """A body that each operation takes, by its method and path."""
    level = {"account_object_id": stock["carrier_account"]}
    group = {**GROUP, "service_levels": [{**level, "service_level_token": SERVICE}]}
    own = {"carrier": "ups", "account_id": "94567e", "parameters": {}, "active": True, "metadata": ""}
    made = {
        "POST /embedded/authz": {"scope": "embedded:carriers"},
        "POST /addresses": ADDRESS,
        "POST /parcels": PARCEL,
        "POST /customs/items": ITEM,
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
        "PUT /service-groups": {**group, "object_id": stock["service_group"], "is_active": True},
        "POST /shipments": SHIPMENT,
        "POST /tracks": {"carrier": "shippo", "tracking_number": "SHIPPO_TRANSIT", "metadata": "a"},
        "POST /transactions": {"rate": stock["rate"], "async": False, "metadata": "a", "label_file_type": "PDF_4x6"},
    }
    return made | _later_bodies(stock)


def _later_bodies(stock: dict[str, str]) -> dict[str, Any]:
    account = stock["carrier_account"]
    hook = {"url": "http://127.0.0.1:9/hook", "event": "order_updated", "active": True}
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    return {
        "POST /live-rates": {
            "address_from": ADDRESS,
            "address_to": ADDRESS,
            "line_items": [{"title": "Mug", "quantity": 1, "total_price": "5", "currency": "USD"}],
            "parcel": PARCEL,
        },
        "PUT /live-rates/settings/parcel-template": {"object_id": stock["template"]},
        "POST /batches": {
            "default_carrier_account": account,
            **SERVICE_OF_BATCH,
            "batch_shipments": [{"shipment": stock["shipment"], "metadata": "a"}],
        },
        "POST /batches/{batch_id}/add_shipments": [{"shipment": stock["shipment"], "metadata": "a"}],
        "POST /batches/{batch_id}/remove_shipments": [stock["batch_shipment"]],
        "POST /refunds": {"transaction": stock["refunded"], "async": False},
        "POST /manifests": {
            "carrier_account": account,
            "shipment_date": dt.datetime.now(dt.UTC).isoformat(),
            "address_from": ADDRESS,
            "transactions": [stock["manifested"]],
            "async": False,
        },
        "POST /pickups": {
            "carrier_account": account,
            "location": {"address": ADDRESS, "building_location_type": "Knock on Door"},
            "transactions": [stock["picked_up"]],
            "requested_start_time": tomorrow.isoformat(),
            "requested_end_time": (tomorrow + dt.timedelta(hours=3)).isoformat(),
            "metadata": "a",
        },
        "POST /simulator/clock": {"speed": 2},
        "POST /simulator/advance": {"hours": 1},
        "POST /simulator/stories": {"tracking_number": stock["tracking_number"], "story": "attempt_failed"},
        "POST /webhooks": hook,
        "PUT /webhooks/{webhook_id}": hook,
        "POST /webhooks/{webhook_id}/rotate-secret": {"grace_hours": 1},
        "POST /webhooks/{webhook_id}/test": {"event": "order_updated", "forged": False},
        "POST /webhooks/{webhook_id}/recover": {"since": dt.datetime.now(dt.UTC).isoformat()},
        "POST /shippo-accounts": MERCHANT,
        "PUT /shippo-accounts/{shippo_account_id}": MERCHANT,
        "PUT /partner/accounts/{account_id}/settings": TERMS,
        "PATCH /partner/accounts/{account_id}/settings": TERMS,
        "PUT /partner/plans/{plan_name}": RULE,
        "PUT /partner/discount-tiers/{tier_name}": {"percent": "5", "carriers": {"ups": "7"}},
        "POST /partner/ledger": {
            "account": stock["shippo_account"],
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
