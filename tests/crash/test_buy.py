"""Pull the plug at every step of a purchase: it ends with exactly one label or a refusal, and the carrier sold once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import Any

import asyncpg
import httpx
import pytest

from tests.crash.aftermath import time_passes
from tests.races.test_one_label import rated_shipment
from tests.support.dying_buyer import STEPS
from tests.support.patience import PATIENCE
from tests.support.process import Installation

EMAIL, PLATFORM = "alice@crash.example", "paula@crash.example"


async def carrier_books(installation: Installation) -> tuple[int, int]:
    """How often the simulated carrier was asked to sell, and how many labels it sold."""
    connection = await asyncpg.connect(installation.environ["DATABASE_URL"])
    asked = await connection.fetchval("SELECT count(*) FROM sim_calls WHERE operation = 'buy'")
    sold = await connection.fetchval("SELECT count(*) FROM sim_purchases")
    await connection.close()
    return asked, sold


async def manage(installation: Installation) -> None:
    """Make the account one that a platform manages, so that its purchases go into a ledger."""
    installation.command("create-account", "--email", PLATFORM, "--password", "a long enough secret")
    connection = await asyncpg.connect(installation.environ["DATABASE_URL"])
    await connection.execute(
        "UPDATE accounts SET parent_id = (SELECT id FROM accounts WHERE email = $1) WHERE email = $2", PLATFORM, EMAIL
    )
    await connection.close()


async def ledger(installation: Installation) -> list[str]:
    """The labels in the platform's ledger."""
    connection = await asyncpg.connect(installation.environ["DATABASE_URL"])
    rows = await connection.fetch("SELECT label_id FROM ledger_lines WHERE kind = 'purchase'")
    await connection.close()
    return [row["label_id"].hex for row in rows]


async def settled(client: httpx.AsyncClient, rate: str) -> list[dict[str, Any]]:
    """The labels of a rate once none is open any more."""
    deadline = time.monotonic() + PATIENCE
    while True:
        labels: list[dict[str, Any]] = (await client.get(f"/transactions?rate={rate}")).json()["results"]
        if labels and all(label["status"] not in ("QUEUED", "WAITING") for label in labels):
            return labels
        assert time.monotonic() < deadline, labels
        time.sleep(0.2)


@pytest.mark.parametrize("step", sorted(STEPS))
async def test_a_purchase_survives_the_plug(installation: Installation, step: str) -> None:
    installation.command("create-account", "--email", EMAIL, "--password", "a long enough secret")
    token = installation.command("create-token", "--email", EMAIL, "--mode", "test")
    await manage(installation)
    headers = {"Authorization": f"ShippoToken {token}", "Accept": "application/json"}
    first = installation.serve("--no-worker")
    async with httpx.AsyncClient(base_url=first.url, headers=headers, timeout=PATIENCE) as client:
        rate = (await rated_shipment(client))["rates"][0]["object_id"]
    first.end()
    command = [sys.executable, "-m", "tests.support.dying_buyer", step, EMAIL, rate]
    died = subprocess.run(command, env=installation.environ, capture_output=True, timeout=PATIENCE, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    connection = await asyncpg.connect(installation.environ["DATABASE_URL"])
    await time_passes(connection)
    await connection.close()
    second = installation.serve()
    async with httpx.AsyncClient(base_url=second.url, headers=headers, timeout=PATIENCE) as client:
        labels = await settled(client, rate)
        asked, sold = await carrier_books(installation)
        again = (await client.post("/transactions", json={"rate": rate, "async": False})).json()
        bought = await settled(client, rate)
    states = [label["status"] for label in labels]
    if sold:
        assert (states, asked, sold) == (["SUCCESS"], 1, 1)
        assert again["object_id"] == labels[0]["object_id"]
    else:
        # What was never sent may be bought anew.
        assert (states, asked) == (["ERROR"], 0)
        assert {label["object_id"]: label["status"] for label in bought}[again["object_id"]] == "SUCCESS"
    assert await carrier_books(installation) == (1, 1)
    assert await ledger(installation) == [label["object_id"] for label in bought if label["status"] == "SUCCESS"]
