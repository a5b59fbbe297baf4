"""A rate limit is one for all processes: two servers together allow as many requests as one would."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import httpx

from tests.support.database import fresh_database
from tests.support.patience import PATIENCE
from tests.support.process import Installation

EMAIL = "alice@limits.example"
LIMIT = 50
PARCEL = {"length": 1, "width": 1, "height": 1, "distance_unit": "in", "weight": 1, "mass_unit": "lb"}


async def test_two_servers_share_one_limit(tmp_path: Path, worker_name: str) -> None:
    dsn = await fresh_database(f"limits_{worker_name}")
    installation = Installation(dsn, tmp_path, PORTSIDE_RATE_LIMIT_TEST="shippo")
    try:
        installation.command("create-account", "--email", EMAIL, "--password", "a long enough secret")
        token = installation.command("create-token", "--email", EMAIL, "--mode", "test")
        headers = {"Authorization": f"ShippoToken {token}"}
        servers = [installation.serve(), installation.serve()]
        clients = [httpx.AsyncClient(base_url=server.url, headers=headers, timeout=PATIENCE) for server in servers]
        # More than two minutes allow, since a minute may end meanwhile; at once, lest several do.
        asked = [clients[n % 2].post("/parcels", json=PARCEL) for n in range(2 * LIMIT + 30)]
        answers = await asyncio.gather(*asked)
        for client in clients:
            await client.aclose()
    finally:
        installation.stop()
    minutes: dict[str, Counter[int]] = {}
    for answer in answers:
        minutes.setdefault(answer.headers["x-ratelimit-reset"], Counter())[answer.status_code] += 1
    assert all(counted[201] <= LIMIT for counted in minutes.values())
    assert any(counted[201] == LIMIT and counted[429] > 0 for counted in minutes.values())
    assert all(counted.keys() <= {201, 429} for counted in minutes.values())
