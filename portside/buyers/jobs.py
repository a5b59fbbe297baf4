"""Jobs of messages to buyers."""

from __future__ import annotations

import msgspec

from portside.accounts.queries import get_scope
from portside.buyers import flows
from portside.db.begin import reading
from portside.events.models import EventRef
from portside.jobs.models import Run
from portside.jobs.registry import job


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
