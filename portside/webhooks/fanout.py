"""From events to deliveries: who hears of them, and whose turn that makes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import get_args

from portside.db.tx import Row, Tx
from portside.events.models import EventName
from portside.jobs.models import Job
from portside.jobs.once import enqueue_once
from portside.jobs.queue import enqueue
from portside.kit.ids import Id
from portside.kit.scope import SYSTEM, Scope
from portside.rest.permissions import EVERYTHING
from portside.webhooks.actions import turn_job
from portside.webhooks.models import EventRef, Health, WakeUp
from portside.webhooks.reach import ACTS_IN
from portside.webhooks.rules import EVERY_EVENT, events_of, is_apart, is_paused, permission_for

_ENDPOINT = "w.account_id, w.mode, w.id, w.failing_since, w.last_failure_at, w.paused_until, w.slow_until"
DELIVERY = """account_id, mode, webhook_id, event_id, event_name, object_id, seq,
    state, due_at, keeps_order, queued_at, created_at, event_created_at, event_account_id"""
# Whether a connection's scopes let its app read what an event tells of.
_NEEDED = " ".join(
    f"WHEN '{event}' THEN '{permission_for(event)}'" for event in get_args(EventName) if permission_for(event)
)
_IS_GRANTED = f"string_to_array(c.scopes, ' ') && ARRAY['{EVERYTHING}', '{EVERY_EVENT}', CASE told.name {_NEEDED} END]"
# Who hears of an event: its account's own endpoints and those that apps have subscribed there; those of its apps; those
# of the platform that manages it.
_FAN_OUT = f"""WITH told AS MATERIALIZED (
    SELECT e.id, e.account_id, e.mode, e.name, e.object_id, e.seq, e.created_at
    FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS given (account_id, mode, id)
    CROSS JOIN LATERAL (
        SELECT * FROM events WHERE account_id = given.account_id AND mode = given.mode AND id = given.id LIMIT 1
    ) AS e
), heard AS (
    SELECT w.account_id, w.mode, w.id, w.event, NULL::uuid AS event_account_id, told.id AS event_id FROM told
    JOIN webhooks AS w ON w.account_id = told.account_id AND w.mode = told.mode AND w.reach <> 'app' AND w.active
    WHERE w.app_id IS NULL OR EXISTS (
        SELECT FROM connections AS c JOIN accounts AS own ON own.id = told.account_id
        WHERE c.app_id = w.app_id AND {ACTS_IN.format(account="own")} AND c.mode = told.mode
            AND c.ended_at IS NULL AND {_IS_GRANTED} AND app_may_act(c.app_id, c.mode))
    UNION ALL
    SELECT w.account_id, w.mode, w.id, w.event, told.account_id, told.id FROM told
    JOIN connections AS c ON c.account_id = told.account_id AND c.mode = told.mode AND c.ended_at IS NULL
        AND c.created_at <= told.created_at AND {_IS_GRANTED} AND app_may_act(c.app_id, c.mode)
    JOIN webhooks AS w ON w.app_id = c.app_id AND w.mode = told.mode AND w.reach = 'app' AND w.active
    UNION ALL
    SELECT w.account_id, w.mode, w.id, w.event, told.account_id, told.id FROM told
    JOIN accounts AS managed ON managed.id = told.account_id
    JOIN webhooks AS w ON w.account_id = managed.parent_id AND w.mode = told.mode AND w.reach = 'managed' AND w.active
), made AS (
    INSERT INTO webhook_deliveries ({DELIVERY})
    SELECT heard.account_id, heard.mode, heard.id, told.id, told.name, told.object_id, told.seq, 'pending', now(), true,
        now(), now(), told.created_at, heard.event_account_id
    FROM heard JOIN told ON told.id = heard.event_id
    WHERE heard.event = told.name OR (heard.event = 'all' AND told.name = ANY($4::text[]))
    ON CONFLICT DO NOTHING RETURNING account_id, mode, webhook_id
)
SELECT DISTINCT {_ENDPOINT}, now() AS moment, (SELECT count(*) FROM made) AS made FROM made
JOIN webhooks w ON w.account_id = made.account_id AND w.mode = made.mode AND w.id = made.webhook_id"""
# Endpoints by their keys.
_ENDPOINTS = f"""SELECT {_ENDPOINT} FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS given (account_id, mode, id)
JOIN webhooks w ON w.account_id = given.account_id AND w.mode = given.mode AND w.id = given.id"""


# unscoped: each reference carries its scope; only webhooks of the event's mode match, of its account, of the platform
# that manages this, or of apps that it is connected to.
async def fan_out(tx: Tx, events: Sequence[EventRef]) -> int:
    """Write a delivery for every active subscription that wants each event, and queue the endpoints' turns.

    Gives how many deliveries are new; an event that was fanned out before makes none. They are due by the clock of the
    database: another host may take the turn, whose own clock differs from ours.
    """
    rows = await tx.fetch(
        _FAN_OUT,
        [ref.scope.account_id for ref in events],
        [ref.scope.mode for ref in events],
        [ref.event_id for ref in events],
        events_of("all"),
    )
    if not rows:
        return 0
    await _queue_turns(tx, rows, rows[0]["moment"])
    made: int = rows[0]["made"]
    return made


async def _queue_turns(tx: Tx, endpoints: Sequence[Row], moment: dt.datetime) -> None:
    """A turn for each endpoint that is not paused: a dead one's new deliveries cost no job at all."""
    ready = [row for row in endpoints if not is_paused(_health(row), moment)]
    paused = [(row["account_id"], row["mode"], row["id"]) for row in endpoints if is_paused(_health(row), moment)]
    if paused:
        # A turn that ends a pause changes the row: either it waits for us and then sees what we wrote, or we see here
        # that it has ended. Locked only in this case, for the rows of busy endpoints are better left alone.
        locked = await tx.fetch(f"{_ENDPOINTS} ORDER BY w.id FOR SHARE OF w", *zip(*paused, strict=True))
        ready += [row for row in locked if not is_paused(_health(row), moment)]
    await enqueue_once(tx, *[_turn_of(row, moment) for row in ready])


# unscoped: each wake-up carries its scope.
async def wake_endpoints(tx: Tx, wakes: Sequence[WakeUp]) -> None:
    """A turn for each endpoint that is still there; of several wake-ups of one, the latest moment counts."""
    latest: dict[Id, WakeUp] = {}
    for wake in sorted(wakes, key=lambda wake: wake.moment):
        latest[wake.webhook_id] = wake
    owners = [(wake.scope.account_id, wake.scope.mode, wake.webhook_id) for wake in latest.values()]
    rows = await tx.fetch(_ENDPOINTS, *zip(*owners, strict=True))
    await enqueue(tx, *[_turn_of(row, latest[row["id"]].moment, told=True) for row in rows])


def _turn_of(row: Row, moment: dt.datetime, *, told: bool = False) -> Job:
    scope = Scope(row["account_id"], row["mode"], "", SYSTEM)
    return turn_job(scope, row["id"], apart=is_apart(_health(row), moment), moment=moment if told else None)


def _health(row: Row) -> Health:
    return Health(**{name: row[name] for name in Health.__struct_fields__})
