"""Jobs of notifications: telling of events, sending, forgetting."""

from __future__ import annotations

import datetime as dt

import msgspec

from portside.accounts.queries import get_scope
from portside.db.begin import begin, reading
from portside.events.models import EventRef
from portside.jobs.models import Retry, Run
from portside.jobs.registry import job
from portside.kit.clock import now
from portside.kit.services import services
from portside.notifications import actions, flows

# A server that is down, or wants us to wait (greylisting), is tried for a day and a half.
_MAIL_RETRY = Retry(delays=(60, 300, 900, 3600, 7200, 21600, 43200, 43200))
# Somebody waits for a code, so the first tries come soon.
_PATIENT_RETRY = Retry(delays=(5, 20, 60, 300, 900, 3600, 7200, 21600, 43200))
HOUR = 3600
SIX_HOURS = 6 * 3600


@job("notifications.tell_owners", lane="fast")
async def tell_owners(run: Run) -> None:
    """Write to the owners of an event's account."""
    await flows.tell_owners(msgspec.convert(run.payload, EventRef))


@job("notifications.send_mail", lane="slow", retry=_MAIL_RETRY)
async def send_mail(run: Run) -> None:
    """Hand one message to the server."""
    async with reading() as tx:
        scope = await get_scope(tx, run.payload["account"], run.payload["mode"])
    await flows.send_mail(scope, run.payload["message"])


@job("notifications.send_system_mail", lane="fast", retry=_PATIENT_RETRY)
async def send_system_mail(run: Run) -> None:
    """Hand a code or a link to the server: somebody waits for it."""
    await flows.send_system_mail(run.payload["mail"])


@job("notifications.forget_system_mails", lane="polls", every=HOUR)
async def forget_system_mails(_run: Run) -> None:
    """Remove codes and links that are of no use any more."""
    async with begin() as tx:
        await actions.forget_system_mails(tx)


@job("notifications.forget", lane="polls", every=SIX_HOURS)
async def forget(_run: Run) -> None:
    """Remove what is older than everything else that is kept of events."""
    async with begin() as tx:
        await actions.forget_messages(tx, now() - dt.timedelta(days=services().settings.retention_days))
