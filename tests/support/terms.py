"""paula's platform with a merchant that it manages, and what it settles for merchants."""

from __future__ import annotations

from typing import Any

import httpx

from tests.support.labelling import SHIPMENT

MANAGED = {"email": "hippo@example.com", "first_name": "Mr", "last_name": "Hippo", "company_name": "Hippo Hats"}


def settings_path(account_id: str) -> str:
    return f"/partner/accounts/{account_id}/settings"


async def settled(platform: httpx.AsyncClient, account_id: str, **settings: Any) -> dict[str, Any]:
    """The settings of an account after a PUT."""
    answer = await platform.put(settings_path(account_id), json=settings)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def put(platform: httpx.AsyncClient, path: str, body: Any) -> dict[str, Any]:
    answer = await platform.put(path, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def shipped(api: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """A rated shipment."""
    answer = await api.post("/shipments", json={**SHIPMENT, "async": False, **changes})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def prices(shipment: dict[str, Any]) -> dict[str, str]:
    """The amounts of a shipment's rates by service."""
    return {rate["servicelevel"]["token"]: rate["amount"] for rate in shipment["rates"]}


def rate_of(shipment: dict[str, Any], service: str) -> str:
    return str(next(rate["object_id"] for rate in shipment["rates"] if rate["servicelevel"]["token"] == service))


async def bought(api: httpx.AsyncClient, rate: str, **changes: Any) -> dict[str, Any]:
    answer = await api.post("/transactions", json={"rate": rate, "async": False, **changes})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def ledger(platform: httpx.AsyncClient, **wanted: str) -> list[dict[str, Any]]:
    """The lines of the platform's ledger, oldest first."""
    answer = await platform.get("/partner/ledger", params={"results": "100", **wanted})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"][::-1])
