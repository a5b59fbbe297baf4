"""Jobs of labels: carrying purchases on, undoing stray ones, taking carriers' news."""

from __future__ import annotations

import contextlib
import datetime as dt

from portside.accounts.queries import get_scope
from portside.db.begin import begin, reading
from portside.jobs.models import Postponed, Retry, Run
from portside.jobs.registry import job
from portside.kit.clock import now
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels import actions, errands, news
from portside.tracking import actions as tracking

# A stray label costs money until it is voided, and carriers take voids for days.
_VOID_RETRY = Retry(delays=(5, 30, 120, 600, 1800, 7200, 21600, 43200, 86400))


@job("labels.buy", lane="fast")
async def buy(run: Run) -> None:
    """Carry a purchase on from wherever it stands."""
    await errands.resume(await _scope(run), run.payload["purchase"])


@job("labels.void", lane="fast", retry=_VOID_RETRY)
async def void(run: Run) -> None:
    """Undo at the carrier what nobody wants any more."""
    await errands.void_at_carrier(await _scope(run), run.payload["purchase"], run.payload["carrier_reference"])


@job("labels.void_late_sale", lane="fast", retry=_VOID_RETRY)
async def void_late_sale(run: Run) -> None:
    """Ask once more about a purchase that was released on a person's word."""
    await errands.void_late_sale(await _scope(run), run.payload["purchase"])


@job("labels.take_push", lane="fast")
async def take_push(run: Run) -> None:
    """Ask for the news that a carrier's push announced."""
    await news.take_push(run.payload["carrier"], run.payload["event"])


@job("labels.poll_tracks", lane="polls", every=30)
async def poll_tracks(_run: Run) -> None:
    """Ask the carriers about the tracks that are due."""
    await news.poll()


@job("labels.look_again", lane="bulk", retry=Retry(delays=()))
async def look_again(run: Run) -> None:
    """Try once more to carry on a purchase that seems forgotten."""
    with contextlib.suppress(Postponed):
        await errands.resume(await _scope(run), run.payload["purchase"])


@job("labels.sweep", lane="bulk", every=600)
async def sweep(_run: Run) -> None:
    """Find purchases that no job carries on any more, and drop carriers' pushes that have served their time."""
    oldest = now() - dt.timedelta(days=services().settings.retention_days)
    async with begin() as tx:
        await actions.requeue_forgotten(tx)
        await tracking.forget_pushes(tx, oldest)


async def _scope(run: Run) -> Scope:
    async with reading() as tx:
        return await get_scope(tx, run.payload["account"], run.payload["mode"])
