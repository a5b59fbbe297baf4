"""Jobs of files of orders: a portion of one, those that were forgotten, those that nobody needs any more."""

from __future__ import annotations

import datetime as dt

from portside.accounts.queries import get_scope
from portside.db.begin import begin, reading
from portside.jobs.models import Retry, Run
from portside.jobs.registry import job
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.services import services
from portside.order_imports import actions, flows, queries

# An import whose worker died again and again is taken up by the sweep.
_RETRY = Retry(delays=(1, 5, 30, 120))
_FORGOTTEN_AFTER = dt.timedelta(minutes=5)
_CONFIRMED_WITHIN = dt.timedelta(days=7)


@job(actions.WORK, lane="bulk", retry=_RETRY)
async def work(run: Run) -> None:
    """One portion of an import; payload: account, mode, import. What is left goes to the end of the queue."""
    async with reading() as tx:
        scope = await get_scope(tx, Id(run.payload["account"]), run.payload["mode"])
    import_id = Id(run.payload["import"])
    if await flows.import_portion(scope, import_id):
        async with begin() as tx:
            await actions.queue_work(tx, scope, import_id)


@job("order_imports.sweep", lane="polls", every=60)
async def sweep(_run: Run) -> None:
    """Find imports that no job works on any more, and forget old ones."""
    moment = now()
    async with begin() as tx:
        for account_id, mode, import_id in await queries.list_forgotten(tx, moment - _FORGOTTEN_AFTER):
            await actions.queue_work(tx, await get_scope(tx, account_id, mode), import_id)
        kept = dt.timedelta(days=services().settings.retention_days)
        await actions.forget_files(tx, moment - _CONFIRMED_WITHIN, moment - kept)
