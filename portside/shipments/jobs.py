"""Rating in the background, and shipments whose rating was forgotten."""

from __future__ import annotations

from portside.accounts.queries import get_scope
from portside.db.begin import begin, reading
from portside.jobs.models import Retry, Run
from portside.jobs.registry import job
from portside.kit.ids import Id
from portside.shipments import actions, flows


@job(actions.RATE, lane="fast", retry=Retry(delays=(1, 5, 30)))
async def rate(run: Run) -> None:
    """Rate one shipment; payload: account, mode, shipment."""
    async with reading() as tx:
        scope = await get_scope(tx, Id(run.payload["account"]), run.payload["mode"])
    await flows.rate(scope, Id(run.payload["shipment"]))


@job("shipments.requeue_forgotten", lane="polls", every=60)
async def requeue_forgotten(_run: Run) -> None:
    """A process died between a shipment and its rates: have it rated by another."""
    async with begin() as tx:
        await actions.requeue_forgotten(tx)
