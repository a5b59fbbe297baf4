"""A merchant whose parcels get into trouble."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx

from portside.alerts.models import Alert, AlertFilter, State
from portside.alerts.queries import list_alerts
from portside.db.begin import reading
from portside.jobs.drain import drain
from portside.kit.clock import now
from portside.kit.paging import PageRequest
from tests.orders.data import order_body
from tests.support.cast import Person
from tests.support.objects import post, shipment_body


async def ship(api: httpx.AsyncClient, story: str = "", **changes: Any) -> dict[str, Any]:
    """A label whose parcel lives that story."""
    shipment = await post(api, "/shipments", shipment_body(metadata=story))
    rate = next(rate["object_id"] for rate in shipment["rates"] if rate["provider"] == "USPS")
    label = await post(api, "/transactions", {"rate": rate, "async": False, **changes})
    await drain()
    return label


async def ship_order(api: httpx.AsyncClient, story: str = "") -> dict[str, Any]:
    """The same for an order of its own."""
    order = await post(api, "/orders", order_body(order_number="#2041"))
    return await ship(api, story, order=order["object_id"])


async def pass_days(api: httpx.AsyncClient, days: float) -> None:
    """Let days pass at the simulated carriers, and everybody hear of it."""
    await post(api, "/simulator/advance", {"days": days})
    await drain()
    await drain(until=now() + dt.timedelta(seconds=10), lanes=["polls"])


async def follow(api: httpx.AsyncClient, label: dict[str, Any], scans: int) -> None:
    """From scan to scan of one parcel."""
    for _ in range(scans):
        step = {"to_next_scan": True, "tracking_number": label["tracking_number"]}
        await post(api, "/simulator/advance", step)
        await drain()


async def alerts_of(person: Person, state: State = "open") -> list[Alert]:
    async with reading() as tx:
        return (await list_alerts(tx, person.scope, PageRequest(size=50), AlertFilter(state=state))).rows


async def kinds_of(person: Person, state: State = "open") -> set[str]:
    return {alert.kind for alert in await alerts_of(person, state)}
