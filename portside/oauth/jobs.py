"""Upkeep of the OAuth protocol."""

from __future__ import annotations

from portside.db.begin import begin
from portside.jobs.models import Run
from portside.jobs.registry import job
from portside.oauth.actions import forget_old

HOUR = 3600


@job("oauth.forget", lane="polls", every=HOUR)
async def forget(_run: Run) -> None:
    """Forget ways through the connect page that led nowhere, and old codes."""
    async with begin() as tx:
        await forget_old(tx)
