"""One of everything that an account can own, made through the API; for tests that try other people's ids."""

from __future__ import annotations

from typing import Any

import httpx

from portside.jobs.drain import drain
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


async def make_objects(api: httpx.AsyncClient) -> dict[str, str]:
    """The ids of one of each object of the caller's account, by the name that routes give them in their paths."""
    found: dict[str, str] = {}

    async def make(name: str, path: str, body: Any) -> dict[str, Any]:
        made = await post(api, path, body)
        found[name] = made["object_id"]
        return made

    await make("address_id", "/addresses", SENDER)
    await make("parcel_id", "/parcels", PARCEL)
    await make("item_id", "/customs/items", CUSTOMS_ITEM)
    await make("declaration_id", "/customs/declarations", DECLARATION)
    accounts = (await api.get("/carrier_accounts?carrier=usps")).json()["results"]
    found["carrier_account_id"] = accounts[0]["object_id"]
    await make("order_id", "/orders", order_body())
    shipment = await make("shipment_id", "/shipments", shipment_body())
    usps = [rate for rate in shipment["rates"] if rate["provider"] == "USPS"]
    found["rate_id"] = usps[0]["object_id"]
    label = await make("transaction_id", "/transactions", {"rate": found["rate_id"], "async": False})
    assert label["status"] == "SUCCESS", label
    found["tracking_number"] = label["tracking_number"]
    found["label_url"] = label["label_url"]
    hook = {"url": "http://127.0.0.1:9/hook", "event": "order_created", "is_test": True}
    await make("webhook_id", "/webhooks", hook)
    await post(api, "/orders", order_body())
    await drain(lanes=["fast"])
    deliveries = (await api.get(f"/webhooks/{found['webhook_id']}/deliveries")).json()
    found["event_id"] = deliveries["results"][0]["object_id"] if deliveries["results"] else "0" * 32
    return found
