"""The queue's own upkeep."""

from __future__ import annotations

from portside.db.begin import begin
from portside.jobs import claims, wake
from portside.jobs.models import Run
from portside.jobs.registry import job


@job("jobs.mend", lane="polls", every=300)
async def mend(_run: Run) -> None:
    """Un-park jobs whose predecessor was deleted by hand."""
    async with begin() as tx:
        lanes = await claims.mend(tx)
    for lane in lanes:
        wake.note(lane)
