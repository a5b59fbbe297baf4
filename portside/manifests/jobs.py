"""Jobs of manifests: asking carriers, and finding manifests that nobody asks for any more."""

from __future__ import annotations

import datetime as dt

from portside.accounts.queries import get_scope
from portside.db.begin import begin, reading
from portside.jobs.models import Run
from portside.jobs.registry import job
from portside.manifests import actions, flows

# A manifest that has been due for so long has lost its job.
_OVERDUE = dt.timedelta(minutes=30)


@job("manifests.carry_out", lane="fast")
async def carry_out(run: Run) -> None:
    """Ask the carrier for a manifest's forms."""
    async with reading() as tx:
        scope = await get_scope(tx, run.payload["account"], run.payload["mode"])
    await flows.carry_out(scope, run.payload["manifest"])


@job("manifests.sweep", lane="bulk", every=600)
async def sweep(_run: Run) -> None:
    """Queue manifests again whose jobs were lost."""
    async with begin() as tx:
        await actions.requeue_forgotten(tx, _OVERDUE)
