"""Jobs of alerts: looking at what an event tells of, at what the time makes of parcels, and at purchases that wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from portside.accounts.queries import get_scope
from portside.alerts import actions, queries
from portside.alerts.models import Watch
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.events.models import EventRef, StoredEvent
from portside.events.queries import get_events
from portside.jobs.models import Run
from portside.jobs.registry import job
from portside.kit.clock import from_wire, now
from portside.kit.ids import Id
from portside.kit.scope import Mode, Scope
from portside.kit.services import services

TEN_MINUTES = 600
SIX_HOURS = 6 * 3600
# So many alerts are removed in one transaction.
AT_ONCE = 1000
# One run looks at so many watches, in portions; what is left waits for the next run.
PORTION = 100
MOST_PORTIONS = 50


@job("alerts.look", lane="fast", batch=100)
async def look(runs: list[Run]) -> None:
    """Look at the labels and tracks that events tell of."""
    async with reading() as tx:
        events = await get_events(tx, [msgspec.convert(run.payload, EventRef) for run in runs])
    for account_id, mode, name, object_id in dict.fromkeys(_told(event) for event in events):
        async with begin() as tx:
            scope = await get_scope(tx, account_id, mode)
            made_up_for = await (_look_at_track if name == "track_updated" else _look_at_label)(tx, scope, object_id)
        for label_id in made_up_for:
            # In transactions of their own: two labels that make up for each other would wait for each other.
            async with begin() as tx:
                await actions.look(tx, scope, label_id=label_id)


def _told(event: StoredEvent) -> tuple[Id, Mode, str, Id]:
    name = "track_updated" if event.name == "track_updated" else "transaction"
    return event.account_id, event.mode, name, event.object_id


async def _look_at_track(tx: Tx, scope: Scope, track_id: Id) -> list[Id]:
    """At its label, if it is one of ours."""
    found = await queries.find_tracks_labels(tx, scope, [track_id])
    if track_id in found:
        await actions.look(tx, scope, label_id=found[track_id], track_id=track_id)
    return []


async def _look_at_label(tx: Tx, scope: Scope, label_id: Id) -> list[Id]:
    """Gives the failed purchases that it may make up for."""
    await actions.look(tx, scope, label_id=label_id)
    return await queries.list_made_up_for(tx, scope, label_id)


@job("alerts.sweep", lane="polls", every=TEN_MINUTES)
async def sweep(_run: Run) -> None:
    """What the time alone makes an alert, and purchases that wait for a person."""
    moment = now()
    for _ in range(MOST_PORTIONS):
        async with reading() as tx:
            due = await queries.list_due(tx, moment, PORTION)
        await _look_again(due, moment)
        if len(due) < PORTION:
            break
    async with reading() as tx:
        flagged = await queries.list_untold_flags(tx, PORTION)
    for account_id, mode, label_id in flagged:
        async with begin() as tx:
            await actions.look(tx, await get_scope(tx, account_id, mode), label_id=label_id)


@job("alerts.forget", lane="polls", every=SIX_HOURS)
async def forget(_run: Run) -> None:
    """Remove what was resolved long ago."""
    oldest = now() - dt.timedelta(days=services().settings.alert_retention_days)
    for _ in range(MOST_PORTIONS):
        async with begin() as tx:
            count = await actions.forget_alerts(tx, oldest, AT_ONCE)
        if count < AT_ONCE:
            break


@job("alerts.time_passed", lane="polls")
async def time_passed(run: Run) -> None:
    """An account has set its simulated carriers' clocks forward."""
    moment = from_wire(run.payload["moment"])
    if moment is None:
        return
    async with reading() as tx:
        scope = await get_scope(tx, run.payload["account"], run.payload["mode"])
    for _ in range(MOST_PORTIONS):
        async with reading() as tx:
            due = await queries.list_due_of_account(tx, scope, moment, PORTION)
        await _look_again(due, moment)
        if len(due) < PORTION:
            break


async def _look_again(watches: Sequence[Watch], moment: dt.datetime) -> None:
    for watch in watches:
        async with begin() as tx:
            scope = await get_scope(tx, watch.account_id, watch.mode)
            await actions.look(tx, scope, label_id=watch.label_id, track_id=watch.track_id, clock=moment)
