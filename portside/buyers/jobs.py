"""Jobs of messages to buyers."""

from __future__ import annotations

import msgspec

from portside.buyers import flows
from portside.events.models import EventRef
from portside.jobs.models import Run
from portside.jobs.registry import job


@job("buyers.tell", lane="fast")
async def tell(run: Run) -> None:
    """Tell the buyer what an event means for the parcel."""
    await flows.tell(msgspec.convert(run.payload, EventRef))
