"""Upkeep of what the transport remembers."""

from __future__ import annotations

import datetime as dt

from portside.accounts.actions import end_expired_sessions, forget_old_counts
from portside.db.begin import begin
from portside.jobs.models import Run
from portside.jobs.registry import job
from portside.kit.clock import now
from portside.rest.idempotency import forget_old_keys

HOUR = 3600


@job("rest.forget", lane="polls", every=HOUR)
async def forget(_run: Run) -> None:
    """Forget idempotency keys and counted windows that are a day old, and sessions that have ended."""
    async with begin() as tx:
        await end_expired_sessions(tx)
        await forget_old_keys(tx)
        await forget_old_counts(tx, now() - dt.timedelta(days=1))
