"""Reading events: one for a job that reacts to it, many by position for those who follow along, a page for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.events.models import EventRef, StoredEvent
from portside.kit.clock import UTC
from portside.kit.ids import Id
from portside.kit.scope import Scope

_COLUMNS = ", ".join(StoredEvent.__struct_fields__)
# `created_at` and the id are taken a moment apart; a day is generous.
_SLACK = dt.timedelta(days=1)
_BY_REFERENCE = (
    f"SELECT {_COLUMNS} FROM events WHERE (account_id, mode, id) IN "
    "(SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[]))"
)


async def get_event(tx: Tx, event: EventRef) -> StoredEvent:
    """The event of a reaction's payload. Raises NotFound: it is gone with its month, by retention."""
    found = await get_events(tx, [event])
    if not found:
        raise NotFound
    return found[0]


# unscoped: a batch of reactions mixes accounts; each reference names the account and mode of its event.
async def get_events(tx: Tx, events: Sequence[EventRef]) -> list[StoredEvent]:
    """The events of several reactions, in no order; what retention has removed is missing."""
    if not events:
        return []
    asked = [ref.account for ref in events], [ref.mode for ref in events], [ref.event for ref in events]
    moments = [_made_at(ref.event) for ref in events]
    # The bounds let the planner skip the months that cannot hold them; an event dated by hand needs all months.
    bounds = min(moments) - _SLACK, max(moments) + _SLACK
    rows = await tx.fetch(f"{_BY_REFERENCE} AND created_at BETWEEN $4 AND $5", *asked, *bounds)
    if len(rows) < len({ref.event for ref in events}):
        rows = await tx.fetch(_BY_REFERENCE, *asked)
    return [_stored(row) for row in rows]


# unscoped: followers of all accounts read the one log.
async def events_since(tx: Tx, position: int, limit: int = 500) -> list[StoredEvent]:
    """The events after `position`, in order, up to the first that an open transaction might still precede (law 14):
    who goes on from the last position it was given misses none. A transaction that stays open, in whatever database of
    the server, holds all followers up."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM events WHERE position > $1 AND xid < pg_snapshot_xmin(pg_current_snapshot()) "
        "ORDER BY position LIMIT $2",
        position,
        limit,
    )
    return [_stored(row) for row in rows]


# unscoped: it tells how long the log is, and nothing of anybody.
async def last_position(tx: Tx) -> int:
    """Where to start following from now on: the last position that `events_since` would give, 0 if none."""
    position: int | None = await tx.fetchval(
        "SELECT position FROM events WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY position DESC LIMIT 1"
    )
    return position or 0


async def list_events(tx: Tx, scope: Scope, *, before: Id | None = None, limit: int = 25) -> list[StoredEvent]:
    """An account's events, newest first; `before` is the id to go on from."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM events WHERE account_id = $1 AND mode = $2 AND ($3::uuid IS NULL OR id < $3) "
        "ORDER BY id DESC LIMIT $4",
        scope.account_id,
        scope.mode,
        before,
        limit,
    )
    return [_stored(row) for row in rows]


def _made_at(event_id: Id) -> dt.datetime:
    """When a UUIDv7 was made: its first 48 bits are milliseconds (RFC 9562 §5.7)."""
    return dt.datetime.fromtimestamp(int(event_id[:12], 16) / 1000, UTC)


def _stored(row: Row) -> StoredEvent:
    return msgspec.convert(dict(row), StoredEvent)
