"""What follows a kill, without waiting for clocks: under load, deadlines short enough to be sat out would be missed by
work that is merely slow."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

from tests.support.patience import PATIENCE

_AT_WORK = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' "
    "AND pid <> pg_backend_pid()"
)


async def time_passes(connection: asyncpg.Connection[Any]) -> None:
    """What PostgreSQL was still doing for the killed process is over, its leases have run out, and carriers may be
    asked what became of its purchases."""
    async with asyncio.timeout(PATIENCE):
        while await connection.fetchval(_AT_WORK):
            await asyncio.sleep(0.01)
    await connection.execute("UPDATE purchases SET settle_after = now() WHERE settle_after > now()")
    await connection.execute("UPDATE jobs SET run_at = now() WHERE run_at < 'infinity'")
