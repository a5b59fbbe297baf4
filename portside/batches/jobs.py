"""Jobs of batches: a portion of work, and batches that were forgotten."""

from __future__ import annotations

import datetime as dt

from portside.accounts.queries import get_scope
from portside.batches import actions, flows, queries
from portside.db.begin import begin, reading
from portside.jobs.models import Retry, Run
from portside.jobs.registry import job
from portside.kit.clock import now
from portside.kit.ids import Id

# A batch whose worker died again and again is taken up by the sweep.
_RETRY = Retry(delays=(1, 5, 30, 120))
_FORGOTTEN_AFTER = dt.timedelta(minutes=2)
_OPEN_AGAIN_AFTER = dt.timedelta(hours=1)
_AT_ONCE = 200


@job(actions.WORK, lane="bulk", retry=_RETRY)
async def work(run: Run) -> None:
    """One portion of a batch; payload: account, mode, batch. What is left goes to the end of the queue."""
    async with reading() as tx:
        scope = await get_scope(tx, Id(run.payload["account"]), run.payload["mode"])
    batch_id = Id(run.payload["batch"])
    if await flows.work(scope, batch_id):
        async with begin() as tx:
            await actions.queue_work(tx, scope, batch_id)


@job("batches.sweep", lane="polls", every=60)
async def sweep(_run: Run) -> None:
    """Find batches that no job works on any more, and rows of bought batches whose outcome is open."""
    moment = now()
    async with begin() as tx:
        for account_id, mode, batch_id in await queries.list_forgotten(
            tx, moment - _FORGOTTEN_AFTER, moment - _OPEN_AGAIN_AFTER, _AT_ONCE
        ):
            await actions.queue_work(tx, await get_scope(tx, account_id, mode), batch_id)
