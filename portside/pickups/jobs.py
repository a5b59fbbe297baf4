"""Jobs of pickups: asking carriers, and finding pickups that nobody asks for any more."""

from __future__ import annotations

import datetime as dt

from portside.accounts.queries import get_scope
from portside.db.begin import begin, reading
from portside.jobs.models import Run
from portside.jobs.registry import job
from portside.pickups import actions, flows

# A pickup that has been due for so long has lost its job.
_OVERDUE = dt.timedelta(minutes=15)


@job("pickups.carry_out", lane="fast")
async def carry_out(run: Run) -> None:
    """Ask the carrier to come, or not to."""
    async with reading() as tx:
        scope = await get_scope(tx, run.payload["account"], run.payload["mode"])
    await flows.carry_out(scope, run.payload["pickup"])


@job("pickups.sweep", lane="bulk", every=600)
async def sweep(_run: Run) -> None:
    """Queue pickups again whose jobs were lost."""
    async with begin() as tx:
        await actions.requeue_forgotten(tx, _OVERDUE)
