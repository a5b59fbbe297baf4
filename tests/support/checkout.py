"""A shop's checkout: service groups of the simulated carriers, and a cart."""

from __future__ import annotations

from typing import Any

import httpx

SENDER = {
    "name": "Alice",
    "street1": "1 Demo Wharf",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94111",
    "country": "US",
}
BUYER = {
    "name": "Carla Example",
    "street1": "2 Sample Street",
    "city": "Chicago",
    "state": "IL",
    "zip": "60611",
    "country": "US",
}
PARCEL = {"length": "10", "width": "8", "height": "4", "distance_unit": "in", "weight": "3", "mass_unit": "lb"}
LINE: dict[str, Any] = {
    "title": "Demo mug",
    "quantity": 2,
    "total_price": "24.00",
    "currency": "USD",
    "weight": "2",
    "weight_unit": "lb",
}
CART: dict[str, Any] = {"address_from": SENDER, "address_to": BUYER, "line_items": [LINE], "parcel": PARCEL}


async def account_ids(api: httpx.AsyncClient) -> dict[str, str]:
    """The client's carrier accounts by carrier."""
    listed = (await api.get("/carrier_accounts?results=100")).json()["results"]
    return {row["carrier"]: row["object_id"] for row in listed}


async def levels_of(api: httpx.AsyncClient, *tokens: str) -> list[dict[str, str]]:
    """Service levels of the accounts that everybody has."""
    ids = await account_ids(api)
    return [{"account_object_id": ids[token.split("_")[0]], "service_level_token": token} for token in tokens]


async def group_of(api: httpx.AsyncClient, *tokens: str, **changes: Any) -> dict[str, Any]:
    """The body of a new group: live rates, or 9.90 when there are none."""
    group = {
        "name": "Standard",
        "description": "In a few days",
        "type": "LIVE_RATE",
        "flat_rate": "9.90",
        "flat_rate_currency": "USD",
        "service_levels": await levels_of(api, *tokens),
    }
    return group | changes


async def made_group(api: httpx.AsyncClient, *tokens: str, **changes: Any) -> dict[str, Any]:
    """Such a group, made; of USPS Priority Mail unless other services are named."""
    answer = await api.post("/service-groups", json=await group_of(api, *(tokens or ("usps_priority",)), **changes))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())
