"""Running due jobs here and now, one after the other: for tests and the command line."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence

from portside.db.begin import begin, reading
from portside.jobs import claims
from portside.jobs.leases import Leases
from portside.jobs.models import LANES, Lane
from portside.jobs.running import group, run_group
from portside.jobs.worker import worker_name
from portside.kit.tripwire import assert_no_transaction

_LEASE_SECONDS = 30.0


async def drain(*, lanes: Sequence[Lane] | None = None, until: dt.datetime | None = None, limit: int = 10_000) -> int:
    """Run jobs until none is due, or `limit` have run; gives how many ran (a retry counts again).

    With `until`, whatever is due by then runs now, as if it were that time already: delayed jobs, retries, and also
    jobs that another worker's lease holds until before then. Periodic jobs are not queued by it.
    """
    assert_no_transaction("drain")
    leases = Leases(_LEASE_SECONDS)
    renewing = asyncio.create_task(leases.renew_forever())
    ran, idle, name = 0, False, worker_name()
    try:
        while not idle and ran < limit:
            idle = True
            for lane in lanes or LANES:
                count, parked = await _drain_some(leases, lane, name, until, limit - ran)
                ran += count
                idle = idle and not count and not parked
                if ran >= limit:
                    break
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
    return ran


async def _drain_some(leases: Leases, lane: Lane, name: str, until: dt.datetime | None, limit: int) -> tuple[int, int]:
    async with reading() as tx:
        found = await claims.claim(tx, lane, name, leases.seconds, limit, moment=until)
    for lease in found.leases:
        leases.hold(lease)
    for some in group(found.leases):
        await run_group(some, leases.settle)
        await leases.write_outcomes()
    parked = 0
    if found.blocked:
        async with begin() as tx:
            parked = await claims.park(tx, lane, moment=until)
    return len(found.leases), parked
