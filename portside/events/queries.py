"""Reading events: one for a job that reacts to it, news for those who follow along."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

import msgspec

from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.events.models import Bulletin, EventRef, News, StoredEvent
from portside.kit.ids import Id, made_at

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
    moments = [made_at(ref.event) for ref in events]
    # The bounds let the planner skip the months that cannot hold them; an event dated by hand needs all months.
    bounds = min(moments) - _SLACK, max(moments) + _SLACK
    rows = await tx.fetch(f"{_BY_REFERENCE} AND created_at BETWEEN $4 AND $5", *asked, *bounds)
    if len(rows) < len({ref.event for ref in events}):
        rows = await tx.fetch(_BY_REFERENCE, *asked)
    return [_stored(row) for row in rows]


# The window is read along the index of xids and cut there, so that a burst, or statistics that are not true yet, cost
# a bounded look. `is_late`: committed rows that an open transaction still holds back.
_NEWS = """WITH seen AS MATERIALIZED (
    SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon
), fresh AS MATERIALIZED (
    SELECT account_id, mode, name, object_id, seq, position FROM events
    WHERE xid >= $1::text::xid8 AND xid < (SELECT horizon FROM seen) ORDER BY xid LIMIT $3 + 1
)
SELECT seen.horizon::text, (SELECT count(*) FROM fresh) AS count, own.*, coalesce((
    SELECT true FROM events WHERE xid >= (SELECT horizon FROM seen) ORDER BY xid LIMIT 1
), false) AS is_late
FROM seen LEFT JOIN (SELECT * FROM fresh WHERE account_id = ANY($2::uuid[])) AS own ON true ORDER BY own.position"""


# unscoped: the follower names the accounts whose news it may pass on.
async def news_since(tx: Tx, horizon: int, accounts: Collection[Id], limit: int = 2000) -> Bulletin:
    """What has happened since a horizon that an earlier bulletin gave, in order, whatever order transactions commit in
    (law 14). Looks at `limit` events at most; after more, or a horizon of another database, it `is_cut`.

    A transaction that stays open, in whatever database of the server, holds all followers up.
    """
    rows = await tx.fetch(_NEWS, str(horizon), list(accounts), limit)
    reached = int(rows[0]["horizon"])
    return Bulletin(
        horizon=reached,
        news=[News(**{name: row[name] for name in News.__struct_fields__}) for row in rows if row["name"] is not None],
        is_cut=rows[0]["count"] > limit or horizon > reached,
        is_late=rows[0]["is_late"],
    )


# unscoped: it tells where the log ends, and nothing of anybody.
async def news_horizon(tx: Tx) -> int:
    """Where to start following from now on."""
    return int(await tx.fetchval("SELECT pg_snapshot_xmin(pg_current_snapshot())::text"))


def _stored(row: Row) -> StoredEvent:
    return msgspec.convert(dict(row), StoredEvent)
