"""One of everything in an account, made over HTTP, for tests that go through all operations."""

from __future__ import annotations

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
_LAST = re.compile(r"^(/.+)/\{(\w+)\}$")


def all_operations() -> list[Operation]:
    return operations(API)


async def stocked(client: httpx.AsyncClient) -> dict[str, str]:
    """Make one of everything; gives ids by the names that bodies and paths use for them: `order`, `order_id`."""
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
    shipment = await make("/shipments", SHIPMENT)
    rates = shipment["rates"]
    made["shipment"] = shipment["object_id"]
    made["rate"], made["carrier_account"] = rates[-1]["object_id"], rates[-1]["carrier_account"]
    made["servicelevel_token"] = rates[-1]["servicelevel"]["token"]
    label = await make("/transactions", {"rate": rates[0]["object_id"], "async": False})
    made["transaction"] = label["object_id"]
    return made | await _listed(client)


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
