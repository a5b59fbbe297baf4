"""Reads of the event log. A page costs a bounded look, however long the log and however rare what is looked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec

from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.event_log.models import Endpoint, Happened, LogFilter, LogPage, Told
from portside.events.models import EventRef, StoredEvent
from portside.events.queries import get_event
from portside.kit.ids import Id, first_id, made_at
from portside.kit.paging import PageRequest
from portside.kit.scope import Scope
from portside.webhooks.reach import may_hear
from portside.webhooks.rules import tells_of_webhooks

# So many events, or deliveries, are looked at for one page.
LOOK = 10_000
# Clocks of hosts differ.
_SLACK = dt.timedelta(days=1)

# Who looks at one endpoint reads its own deliveries, who looks for what failed reads those; both have an index in this
# order. Everybody else reads the events.
_EVENTS = (
    "SELECT id, account_id, created_at, name, object_id, NULL AS state FROM events WHERE account_id = $1 AND mode = $2"
)
_DELIVERIES = (
    "SELECT event_id AS id, coalesce(event_account_id, account_id) AS account_id, event_created_at AS created_at, "
    "event_name AS name, object_id, state FROM webhook_deliveries WHERE account_id = $1 AND mode = $2"
)
# Where the account's webhooks send is nothing for the apps that act in it.
_OF_WEBHOOKS = "name IN ('webhook_disabled', 'webhook_failing', 'webhook_recovered')"

# An index of deliveries begins with the webhook, so its next one is one step away. Webhooks that are deleted have
# deliveries, too, until retention takes them.
_ENDPOINTS = """WITH RECURSIVE known AS (
    (SELECT webhook_id FROM webhook_deliveries WHERE account_id = $1 AND mode = $2 ORDER BY webhook_id LIMIT 1)
    UNION ALL
    SELECT (SELECT webhook_id FROM webhook_deliveries WHERE account_id = $1 AND mode = $2
        AND webhook_id > known.webhook_id ORDER BY webhook_id LIMIT 1)
    FROM known WHERE known.webhook_id IS NOT NULL
)
SELECT every.id, webhooks.url, coalesce(webhooks.active, false) AS active, (
    SELECT name FROM apps WHERE apps.id = webhooks.app_id
) AS app_name FROM (
    SELECT webhook_id AS id FROM known WHERE webhook_id IS NOT NULL
    UNION SELECT id FROM webhooks WHERE account_id = $1 AND mode = $2
) AS every LEFT JOIN webhooks ON account_id = $1 AND mode = $2 AND webhooks.id = every.id
WHERE $3::text IS NULL OR (replace(webhooks.app_id::text, '-', '') = $3 AND webhooks.reach <> 'app')
ORDER BY webhooks.id IS NULL, every.id DESC"""

# An endpoint of many accounts hears of other accounts' events.
_FOREIGN = """SELECT webhook_id, event_account_id, event_created_at FROM webhook_deliveries
WHERE account_id = $1 AND mode = $2 AND webhook_id = ANY($3::uuid[]) AND event_id = $4
    AND event_account_id IS NOT NULL"""

_TOLD = """SELECT delivery.event_id, delivery.webhook_id, delivery.state, delivery.due_at, delivery.finished_at,
    coalesce(last.number, 0) AS attempts, last.status, last.error, last.created_at AS attempted_at
FROM unnest($3::uuid[], $4::timestamptz[]) AS event (id, created_at) CROSS JOIN unnest($5::uuid[]) AS webhook (id)
JOIN webhook_deliveries AS delivery ON delivery.account_id = $1 AND delivery.mode = $2
    AND delivery.webhook_id = webhook.id AND delivery.event_id = event.id
    AND delivery.event_created_at = event.created_at
LEFT JOIN LATERAL (
    SELECT number, status, error, created_at FROM webhook_attempts
    WHERE account_id = $1 AND mode = $2 AND webhook_id = delivery.webhook_id AND event_id = delivery.event_id
        AND created_at >= delivery.created_at
    ORDER BY number DESC LIMIT 1
) AS last ON true"""


async def list_endpoints(tx: Tx, scope: Scope) -> list[Endpoint]:
    """All that ever got a delivery which is still in the log, and all that may get one; deleted ones last.

    An app that acts in the account sees its own.
    """
    app_id = scope.actor.id if scope.actor.kind == "app" else None
    rows = await tx.fetch(_ENDPOINTS, scope.account_id, scope.mode, app_id)
    return [msgspec.convert(dict(row), Endpoint) for row in rows]


async def list_log(
    tx: Tx, scope: Scope, page: PageRequest, wanted: LogFilter, endpoints: Sequence[Endpoint]
) -> LogPage:
    """A page of events, with their deliveries to `endpoints` (of all, so that none is missing). Its number counts for
    nothing: pages go on from an id."""
    asked = _Question(scope, page, wanted, endpoints)
    rows = await tx.fetch(*asked.rows())
    found, is_full = rows[: page.size], len(rows) > page.size
    reached: Id | None = found[-1]["id"] if is_full else await tx.fetchval(*asked.horizon())
    if page.before:
        found.reverse()
    happened = await _with_told(tx, scope, found, endpoints)
    if page.before:
        return LogPage(rows=happened, older=happened[-1].id if happened else page.before, newer=reached)
    newer = happened[0].id if happened else page.after
    is_cut = reached is not None and not is_full
    return LogPage(rows=happened, older=reached, newer=newer if page.after else None, is_cut=is_cut)


async def get_happened(tx: Tx, scope: Scope, event_id: Id) -> tuple[Happened, StoredEvent]:
    """An event with its deliveries, and as it was written; also of another account's, if a webhook of the caller's for
    many accounts heard of it and still may. Raises NotFound."""
    endpoints = await list_endpoints(tx, scope)
    account_id = await _account_of(tx, scope, event_id, endpoints)
    stored = await get_event(tx, EventRef(event=event_id, account=account_id, mode=scope.mode))
    if scope.actor.kind == "app" and tells_of_webhooks(stored.name):
        raise NotFound
    shown = {name: getattr(stored, name) for name in Happened.__struct_fields__ if name != "told"}
    event = Happened(told=[], **shown)
    told = await list_told(tx, scope, [event], endpoints)
    return msgspec.structs.replace(event, told=told), stored


async def _account_of(tx: Tx, scope: Scope, event_id: Id, endpoints: Sequence[Endpoint]) -> Id:
    ids = [endpoint.id for endpoint in endpoints]
    for row in await tx.fetch(_FOREIGN, scope.account_id, scope.mode, ids, event_id):
        account_id: Id = row["event_account_id"]
        if await may_hear(tx, scope, row["webhook_id"], account_id, row["event_created_at"]):
            return account_id
    return scope.account_id


async def list_told(tx: Tx, scope: Scope, events: Sequence[Happened], endpoints: Sequence[Endpoint]) -> list[Told]:
    """The deliveries of some events to some endpoints."""
    known = {endpoint.id: endpoint for endpoint in endpoints}
    ids, moments = [event.id for event in events], [event.created_at for event in events]
    rows = await tx.fetch(_TOLD, scope.account_id, scope.mode, ids, moments, list(known))
    order = {endpoint.id: place for place, endpoint in enumerate(endpoints)}
    told = [_told(row, known[row["webhook_id"]]) for row in rows]
    return sorted(told, key=lambda one: order[one.endpoint.id])


async def _with_told(tx: Tx, scope: Scope, rows: Sequence[Row], endpoints: Sequence[Endpoint]) -> list[Happened]:
    events = [Happened(told=[], **dict(row)) for row in rows]
    told: dict[Id, list[Told]] = {}
    for one in await list_told(tx, scope, events, endpoints):
        told.setdefault(one.event_id, []).append(one)
    return [msgspec.structs.replace(event, told=told.get(event.id, [])) for event in events]


def _told(row: Row, endpoint: Endpoint) -> Told:
    shown = {name: row[name] for name in Told.__struct_fields__ if name != "endpoint"}
    return Told(endpoint=endpoint, **shown)


class _Question:
    """What is looked at for a page, and what of it fits, as SQL with its parameters."""

    def __init__(self, scope: Scope, page: PageRequest, wanted: LogFilter, endpoints: Sequence[Endpoint]) -> None:
        self._params: list[Any] = [scope.account_id, scope.mode]
        self._order = "ASC" if page.before else "DESC"
        self._most = page.size + 1
        by_delivery = wanted.webhook_id is not None or wanted.state == "failed"
        self._looked = self._source(scope, page, wanted, endpoints, by_delivery=by_delivery)
        self._bounds = len(self._params)
        self._fits = self._conditions(wanted, endpoints, by_delivery=by_delivery)
        # One event may have failed at several endpoints. If nothing can be passed over, nothing more is looked at.
        self._look = LOOK if self._fits or by_delivery else self._most

    def rows(self) -> tuple[Any, ...]:
        """The events of the page and one more."""
        fits = f"WHERE {' AND '.join(self._fits)}" if self._fits else ""
        sql = (
            "SELECT event.id, event.account_id, event.name, event.object_id, event.seq, event.created_at FROM ("
            f"SELECT DISTINCT id, account_id, created_at FROM ({self._looked} LIMIT {self._look}) AS looked {fits} "
            f"ORDER BY id {self._order} LIMIT {self._most}) AS page "
            "JOIN events AS event ON event.account_id = page.account_id AND event.mode = $2 AND event.id = page.id "
            f"AND event.created_at = page.created_at ORDER BY event.id {self._order}"
        )
        return (sql, *self._params)

    def horizon(self) -> tuple[Any, ...]:
        """The last that was looked at; none if the look came to the end of the log."""
        sql = f"SELECT id FROM ({self._looked} OFFSET {self._look - 1} LIMIT 1) AS looked"
        return (sql, *self._params[: self._bounds])

    def _source(
        self, scope: Scope, page: PageRequest, wanted: LogFilter, endpoints: Sequence[Endpoint], *, by_delivery: bool
    ) -> str:
        id_, moment = ("event_id", "event_created_at") if by_delivery else ("id", "created_at")
        bounds = [_DELIVERIES if by_delivery else _EVENTS]
        if scope.actor.kind == "app":
            ids = self._bound([endpoint.id for endpoint in endpoints]) if by_delivery else ""
            bounds.append(f"webhook_id = ANY({ids}::uuid[])" if by_delivery else f"NOT {_OF_WEBHOOKS}")
        if wanted.state == "failed":
            bounds.append("state = 'failed'")
        # Nothing is told of an object before it is made.
        first = first_id(made_at(wanted.object_id) - _SLACK) if wanted.object_id is not None else None
        for comparison, value in (
            (f"{id_} >=", first),
            ("webhook_id =", wanted.webhook_id),
            (f"{moment} >=", wanted.since),
            (f"{moment} <=", wanted.until),
            (f"{id_} <", page.after),
            (f"{id_} >", page.before if page.after is None else None),
        ):
            if value is not None:
                bounds.append(f"{comparison} {self._bound(value)}")
        return f"SELECT * FROM ({' AND '.join(bounds)}) AS source ORDER BY id {self._order}"

    def _conditions(self, wanted: LogFilter, endpoints: Sequence[Endpoint], *, by_delivery: bool) -> list[str]:
        facts = {"name": wanted.name, "object_id": wanted.object_id, "state": wanted.state if by_delivery else None}
        found = [f"{name} = {self._bound(value)}" for name, value in facts.items() if value is not None]
        if wanted.state is not None and not by_delivery:
            ids = self._bound([endpoint.id for endpoint in endpoints])
            found.append(_HAS_DELIVERY.format(ids=ids, state=self._bound(wanted.state)))
        return found

    def _bound(self, value: Any) -> str:
        self._params.append(value)
        return f"${len(self._params)}"


_HAS_DELIVERY = """EXISTS (SELECT FROM unnest({ids}::uuid[]) AS webhook (id) JOIN webhook_deliveries AS delivery
    ON delivery.account_id = $1 AND delivery.mode = $2 AND delivery.webhook_id = webhook.id
    AND delivery.event_id = looked.id AND delivery.event_created_at = looked.created_at AND delivery.state = {state})"""
