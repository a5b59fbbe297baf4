"""Upkeep of the append-only tables: next months' partitions made ahead, those past retention dropped."""

from __future__ import annotations

import structlog

from portside.db.begin import begin
from portside.db.partitions import drop_partitions, make_partitions
from portside.jobs.models import Run
from portside.jobs.registry import job
from portside.kit.clock import now
from portside.kit.services import services

log = structlog.get_logger(__name__)

SIX_HOURS = 6 * 3600


@job("events.keep_partitions", lane="polls", every=SIX_HOURS)
async def keep_partitions(_run: Run) -> None:
    """Make and drop monthly partitions; a table that is being read for long is left to the next attempt."""
    today = now().date()
    async with begin() as tx:
        # Whoever waits for a lock on the parent makes all its writers wait behind it.
        await tx.execute("SET LOCAL lock_timeout = '2s'")
        await make_partitions(tx, today)
        dropped = await drop_partitions(tx, today, services().settings.retention_days)
    if dropped:
        log.info("partitions_dropped", partitions=dropped)
