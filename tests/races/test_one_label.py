"""Law 4 with two of everything: however many ask at once, through whichever process, a rate is bought once."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import httpx

from tests.orders.data import order_body
from tests.support.patience import PATIENCE
from tests.support.process import Installation

EMAIL = "alice@race.example"
PARCEL = {"length": "10", "width": "8", "height": "4", "distance_unit": "in", "weight": "1", "mass_unit": "lb"}
ADDRESS = {"name": "Alice", "street1": "1 Demo Wharf", "city": "San Francisco", "state": "CA", "zip": "94111"}


async def rated_shipment(client: httpx.AsyncClient) -> dict[str, Any]:
    body = {
        "address_from": {**ADDRESS, "country": "US"},
        "address_to": order_body()["to_address"],
        "parcels": [PARCEL],
        "async": False,
    }
    answer = await client.post("/shipments", json=body)
    assert answer.status_code == 201, answer.text
    shipment: dict[str, Any] = answer.json()
    assert shipment["rates"], shipment["messages"]
    return shipment


async def carrier_purchases(installation: Installation) -> list[asyncpg.Record]:
    """What the simulated carriers' own log says of purchases."""
    connection = await asyncpg.connect(installation.environ["DATABASE_URL"])
    calls = await connection.fetch("SELECT * FROM sim_calls WHERE operation = 'buy'")
    await connection.close()
    return list(calls)


async def test_a_hundred_purchases_of_one_rate_through_two_servers_make_one_label(installation: Installation) -> None:
    installation.command("create-account", "--email", EMAIL, "--password", "a long enough secret")
    token = installation.command("create-token", "--email", EMAIL, "--mode", "test")
    servers = [installation.serve(), installation.serve()]
    headers = {"Authorization": f"ShippoToken {token}", "Accept": "application/json"}
    limits = httpx.Limits(max_connections=60)
    clients = [
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=PATIENCE, limits=limits) for server in servers
    ]
    order = (await clients[0].post("/orders", json=order_body())).json()
    rate = (await rated_shipment(clients[0]))["rates"][0]["object_id"]
    body = {"rate": rate, "order": order["object_id"], "async": False}
    answers = await asyncio.gather(*(clients[n % 2].post("/transactions", json=body) for n in range(100)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["object_id"] for answer in answers}) == 1
    labels = (await clients[1].get(f"/transactions?rate={rate}")).json()["results"]
    assert [label["status"] for label in labels] == ["SUCCESS"]
    assert len(await carrier_purchases(installation)) == 1
    shipped = (await clients[0].get(f"/orders/{order['object_id']}")).json()
    assert shipped["order_status"] == "SHIPPED" and len(shipped["transactions"]) == 1
    for client in clients:
        await client.aclose()
