"""Jobs of messages to buyers."""

from __future__ import annotations

import datetime as dt

import msgspec

from portside.accounts.queries import get_scope
from portside.buyers import actions, flows
from portside.db.begin import begin, reading
from portside.events.models import EventRef
from portside.jobs.models import Run
from portside.jobs.registry import job
from portside.kit.clock import now
from portside.kit.services import services

SIX_HOURS = 6 * 3600
# So many rows are removed in one transaction, and so many times in one run; what is left waits for the next one.
AT_ONCE = 1000
MOST_PORTIONS = 50


@job("buyers.tell", lane="fast")
async def tell(run: Run) -> None:
    """Tell the buyer what an event means for the parcel."""
    await flows.tell(msgspec.convert(run.payload, EventRef))


@job("buyers.tell_late", lane="fast")
async def tell_late(run: Run) -> None:
    """Tell the buyer of a parcel that has not come on the day it was expected."""
    async with reading() as tx:
        scope = await get_scope(tx, run.payload["account"], run.payload["mode"])
    await flows.tell_late(scope, run.payload["label"])


@job("buyers.forget", lane="polls", every=SIX_HOURS)
async def forget(_run: Run) -> None:
    """Remove what buyers were told long ago."""
    oldest = now() - dt.timedelta(days=services().settings.buyer_message_retention_days)
    for _ in range(MOST_PORTIONS):
        async with begin() as tx:
            count = await actions.forget_buyer_messages(tx, oldest, AT_ONCE)
        if count < AT_ONCE:
            break
