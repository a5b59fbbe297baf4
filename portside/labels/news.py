"""Carriers' news: asked for after a push or by a poll, merged into tracks, copied to labels."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from itertools import groupby

import structlog

from portside.accounts.queries import get_scope
from portside.carriers.contract import TrackSnapshot
from portside.carriers.errors import CarrierError
from portside.db.begin import begin, reading
from portside.kit.clock import now
from portside.labels import actions
from portside.tracking import actions as tracking
from portside.tracking import queries as tracks
from portside.tracking.flows import ask
from portside.tracking.models import TrackKey

_log = structlog.get_logger(__name__)

# One poll takes this many numbers, asks this many carriers at once, and may take this long.
_POLL_SIZE = 200
_POLL_WIDTH = 8
_POLL_PATIENCE = dt.timedelta(minutes=10)


async def take_push(carrier: str, event_id: str) -> None:
    """Ask for the news that a push announced. Raises CarrierError to be retried."""
    async with reading() as tx:
        number = await tracks.find_push(tx, carrier, event_id)
    if number is None:
        return
    await take_news(carrier, number)
    async with begin() as tx:
        await tracking.mark_push_taken(tx, carrier, event_id)


async def take_news(carrier: str, tracking_number: str) -> None:
    """Ask the carrier about a number and tell everybody who follows it. Raises CarrierError.

    Test and live are asked apart: a sandbox may know another parcel by the same number.
    """
    async with reading() as tx:
        followers = await tracks.list_followers(tx, carrier, tracking_number)
    for _, keys in groupby(sorted(followers, key=lambda key: key.mode), key=lambda key: key.mode):
        await _ask_and_apply(carrier, tracking_number, list(keys))


async def apply_news(keys: Sequence[TrackKey], snapshot: TrackSnapshot) -> None:
    """Merge a carrier's news into tracks and copy it to their labels, each track in a transaction of its own.

    Handed down to `tracking.flows`, so that a look-up which finds news tells the label too.
    """
    for key in keys:
        async with begin() as tx:
            scope = await get_scope(tx, key.account_id, key.mode)
            change = await tracking.apply_snapshot(tx, scope, key.id, snapshot)
            track = change.track if change is not None else None
            if track is not None and track.label_id is not None and track.status is not None:
                await actions.note_tracking(tx, scope, track.label_id, track.status, track.details.eta)


async def poll(moment: dt.datetime | None = None) -> int:
    """Ask the carriers about the tracks that are due; gives how many. A carrier that fails is asked again later."""
    async with begin() as tx:
        due = await tracks.list_due(tx, moment or now(), _POLL_SIZE)
        # Should this process die, they are due again when its time is over.
        await tracking.postpone_polls(tx, [key for key, _, _ in due], now() + _POLL_PATIENCE)
    slots = asyncio.Semaphore(_POLL_WIDTH)
    by_number: dict[tuple[str, str, str], list[TrackKey]] = {}
    for key, carrier, number in due:
        by_number.setdefault((carrier, number, key.mode), []).append(key)

    async def one(carrier: str, number: str, keys: list[TrackKey]) -> None:
        async with slots:
            try:
                await _ask_and_apply(carrier, number, keys)
            except CarrierError as failure:
                _log.info("poll_failed", carrier=carrier, kind=failure.kind, text=failure.text)
                await _note_asked(keys)

    await asyncio.gather(*(one(carrier, number, keys) for (carrier, number, _), keys in by_number.items()))
    return len(due)


async def _ask_and_apply(carrier: str, number: str, keys: list[TrackKey]) -> None:
    async with reading() as tx:
        scope = await get_scope(tx, keys[0].account_id, keys[0].mode)
    snapshot = await ask(scope, carrier, number)
    if snapshot is None:
        await _note_asked(keys)
    else:
        await apply_news(keys, snapshot)


async def _note_asked(keys: Sequence[TrackKey]) -> None:
    for key in keys:
        async with begin() as tx:
            await tracking.note_asked(tx, await get_scope(tx, key.account_id, key.mode), key.id)
