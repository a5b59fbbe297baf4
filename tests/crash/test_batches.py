"""Pull the plug of the process that works on a batch, again and again: it still ends with exactly one label per row."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx

from tests.batches.data import batch_body
from tests.crash.aftermath import time_passes
from tests.support.patience import PATIENCE
from tests.support.process import Installation, Serving

EMAIL = "alice@crash.example"
ROWS = 60


class Books:
    """What the database says of the batch, and the simulated carrier's own books."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self.connection = connection

    async def count(self, sql: str) -> int:
        found: int = await self.connection.fetchval(f"SELECT count(*) FROM {sql}")
        return found

    async def until(self, sql: str, enough: Callable[[int], bool], seconds: float = PATIENCE) -> int:
        """Wait until so many rows are there; gives how many."""
        deadline = time.monotonic() + seconds
        while not enough(found := await self.count(sql)):
            assert time.monotonic() < deadline, f"{sql}: {found}"
            await asyncio.sleep(0.005)
        return found


async def retrieve(server: Serving, token: str, path: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=server.url, headers={"Authorization": f"ShippoToken {token}"}) as client:
        found: dict[str, Any] = (await client.get(path, timeout=PATIENCE)).raise_for_status().json()
        return found


async def post(server: Serving, token: str, path: str, body: Any = None) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=server.url, headers={"Authorization": f"ShippoToken {token}"}) as client:
        found: dict[str, Any] = (await client.post(path, json=body, timeout=PATIENCE)).raise_for_status().json()
        return found


async def work_until(installation: Installation, books: Books, sql: str, mark: int) -> None:
    """Work until there are so many rows, and pull the plug."""
    worker = installation.work()
    await books.until(sql, lambda found: found >= mark)
    worker.kill()
    await time_passes(books.connection)


async def test_a_batch_survives_the_plug(installation: Installation) -> None:
    chance = random.Random(7)
    installation.command("create-account", "--email", EMAIL, "--password", "a long enough secret")
    token = installation.command("create-token", "--email", EMAIL, "--mode", "test")
    server = installation.serve("--no-worker")
    connection = await asyncpg.connect(installation.environ["DATABASE_URL"])
    books = Books(connection)
    accounts = (await retrieve(server, token, "/carrier_accounts"))["results"]
    usps = next(account["object_id"] for account in accounts if account["carrier"] == "usps")
    batch = (await post(server, token, "/batches", batch_body(usps, ROWS)))["object_id"]

    await work_until(installation, books, "shipments", 1)
    await work_until(installation, books, "sim_calls WHERE operation = 'rates'", chance.randint(1, ROWS))
    worker = installation.work()
    await books.until("batches WHERE status = 'VALID'", bool)
    assert await books.count("shipments") == ROWS
    await post(server, token, f"/batches/{batch}/purchase")
    await books.until("sim_calls WHERE operation = 'buy'", bool)
    worker.kill()
    await time_passes(connection)

    for place in ("sim_calls WHERE operation = 'buy'", "sim_purchases", "labels WHERE status = 'SUCCESS'"):
        await work_until(installation, books, place, await books.count(place) + chance.randint(1, 8))
    installation.work()
    await books.until("batches WHERE status = 'PURCHASED'", bool)

    found = await retrieve(server, token, f"/batches/{batch}?results=100")
    assert found["object_results"]["purchase_succeeded"] == ROWS, found["object_results"]
    labels = {row["transaction"] for row in found["batch_shipments"]["results"]}
    assert len(labels) == ROWS and len(found["label_url"]) == 1
    assert await books.count("sim_purchases WHERE voided_at IS NULL") == ROWS
    assert await books.count("labels WHERE status = 'SUCCESS'") == ROWS
    told = await connection.fetch("SELECT name, count(*) AS times FROM events GROUP BY name")
    assert {row["name"]: row["times"] for row in told if row["name"].startswith("batch")} == {
        "batch_created": 1,
        "batch_purchased": 1,
    }
    per_label = await connection.fetchval(
        "SELECT max(times) FROM (SELECT count(*) AS times FROM events e JOIN labels l ON l.id = e.object_id "
        "WHERE e.name = 'transaction_created' AND l.status = 'SUCCESS' GROUP BY l.id) AS counted"
    )
    assert per_label == 1
    await connection.close()
