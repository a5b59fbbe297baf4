"""Bodies as clients write them by hand, and the calls that several tests of the wire make."""

from __future__ import annotations

import time
from typing import Any

import httpx

Json = dict[str, Any]
JSON = {"Accept": "application/json"}
MISSING = "0" * 32
ADDRESS = {
    "name": "Alice Example",
    "street1": "215 Clayton St.",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94117",
    "country": "US",
    "phone": "+1 555 341 9393",
    "email": "alice@example.com",
}
BUYER = {**ADDRESS, "name": "Carla Buyer", "street1": "965 Mission St", "zip": "94103"}
PARCEL = {"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}
SHIPMENT = {"address_from": ADDRESS, "address_to": BUYER, "parcels": [PARCEL], "async": False}
ITEM = {
    "description": "Brass compass",
    "quantity": 2,
    "net_weight": "1",
    "mass_unit": "lb",
    "value_amount": "20",
    "value_currency": "USD",
    "origin_country": "US",
}
ORDER = {
    "order_number": "#1068",
    "to_address": BUYER,
    "placed_at": "2016-09-23T01:28:12Z",
    "line_items": [{"title": "Demo magazine", "quantity": 1, "total_price": "12.10", "currency": "USD"}],
    "weight": "0.40",
    "weight_unit": "lb",
}
DECLARATION = {
    "contents_type": "MERCHANDISE",
    "non_delivery_option": "RETURN",
    "certify": True,
    "certify_signer": "Alice Example",
    "items": [ITEM],
}


def asked(http: httpx.Client, method: str, path: str, body: Any = None, status: int = 0) -> Any:
    """The JSON of an answer; `status` as told, else the one that every success has."""
    answer = http.request(method, path, json=body, headers=JSON) if body is not None else http.request(method, path)
    expected = status or (201 if method == "POST" else 200)
    assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json()


def usps_of(http: httpx.Client) -> str:
    return str(asked(http, "GET", "/carrier_accounts?carrier=usps")["results"][0]["object_id"])


def valid_batch(http: httpx.Client) -> str:
    """The id of a batch of one row that can be bought."""
    given = {
        "default_carrier_account": usps_of(http),
        "default_servicelevel_token": "usps_priority",
        "batch_shipments": [{"shipment": SHIPMENT}],
    }
    batch = asked(http, "POST", "/batches", given)
    for _ in range(1200):
        batch = asked(http, "GET", f"/batches/{batch['object_id']}")
        if batch["status"] != "VALIDATING":
            break
        time.sleep(0.05)
    assert batch["status"] == "VALID", batch
    return str(batch["object_id"])
