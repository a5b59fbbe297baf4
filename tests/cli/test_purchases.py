"""The operator settles a purchase that nobody knows the outcome of."""

from __future__ import annotations

import json

import asyncpg
import httpx

from tests.cli.test_commands import failing
from tests.races.test_one_label import rated_shipment
from tests.support.patience import PATIENCE
from tests.support.process import Installation

EMAIL = "alice@race.example"


async def test_purchases_that_wait_are_listed_and_released(shared: Installation) -> None:
    shared.command("create-account", "--email", EMAIL, "--password", "a long enough secret")
    token = shared.command("create-token", "--email", EMAIL, "--mode", "test")
    server = shared.serve("--no-worker")
    headers = {"Authorization": f"ShippoToken {token}", "Accept": "application/json"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=PATIENCE) as client:
        rate = (await rated_shipment(client))["rates"][0]["object_id"]
        label = (await client.post("/transactions", json={"rate": rate, "async": True})).json()
        assert shared.command("purchases") == ""
        connection = await asyncpg.connect(shared.environ["DATABASE_URL"])
        await connection.execute("UPDATE purchases SET flagged_at = now(), flag_reason = 'Look it up.'")
        await connection.close()
        listed = json.loads(shared.command("purchases"))
        assert (listed["email"], listed["label_id"], listed["state"]) == (EMAIL, label["object_id"], "reserved")
        assert shared.command("purchases", "--release", listed["id"]) == f"{listed['id']} is released."
        assert shared.command("purchases") == ""
        assert (await client.get(f"/transactions/{label['object_id']}")).json()["status"] == "ERROR"
        again = (await client.post("/transactions", json={"rate": rate, "async": False})).json()
        assert again["status"] == "SUCCESS"
    for wrong in (listed["id"], "nonsense"):
        assert "waits for a person" in failing(shared, "purchases", "--release", wrong)
