"""Reads of alerts, of what is watched, and of what there is to look at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from portside.accounts.queries import get_settings
from portside.alerts.models import Alert, AlertFilter, Entry, Settings, State, Subject, Watch
from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Mode, Scope
from portside.labels.models import Label
from portside.labels.queries import find_labels, get_purchase, labels_of_order
from portside.tracking.queries import find_track, get_track

_SELECT = "SELECT * FROM alerts WHERE account_id = $1 AND mode = $2"
_STATES: dict[State, str] = {
    "open": "resolved_at IS NULL AND (snoozed_until IS NULL OR snoozed_until <= now())",
    "snoozed": "resolved_at IS NULL AND snoozed_until > now()",
    "resolved": "resolved_at IS NOT NULL",
}


async def get_alert(tx: Tx, scope: Scope, alert_id: Id, *, lock: bool = False) -> Alert:
    """`lock` holds the row until the transaction ends. Raises NotFound."""
    sql = f"{_SELECT} AND id = $3" + (" FOR NO KEY UPDATE" if lock else "")
    row = await tx.fetchrow(sql, scope.account_id, scope.mode, alert_id)
    if row is None:
        raise NotFound
    return alert_of(row)


async def list_alerts(tx: Tx, scope: Scope, page: PageRequest, wanted: AlertFilter) -> Slice[Alert]:
    """Newest first."""
    sql = f"{_SELECT} AND {_STATES[wanted.state]}"
    params: list[Any] = [scope.account_id, scope.mode]
    for column, value in (("kind", wanted.kind), ("assigned_to", wanted.assigned_to)):
        if value is not None:
            params.append(value)
            sql += f" AND {column} = ${len(params)}"
    if wanted.number is not None:
        params += [wanted.number, list(wanted.order_ids)]
        sql += f" AND (tracking_number = ${len(params) - 1} OR order_id = ANY(${len(params)}::uuid[]))"
    return (await fetch_page(tx, sql, params, page)).map(alert_of)


async def list_alerts_of_order(tx: Tx, scope: Scope, order_id: Id) -> list[Alert]:
    """Those that are not resolved, newest first; at most 20."""
    rows = await tx.fetch(
        f"{_SELECT} AND order_id = $3 AND resolved_at IS NULL ORDER BY id DESC LIMIT 20",
        scope.account_id,
        scope.mode,
        order_id,
    )
    return [alert_of(row) for row in rows]


async def list_alerts_of_subject(tx: Tx, scope: Scope, subject_id: Id) -> list[Alert]:
    """All that were ever raised of a label or track, oldest first."""
    rows = await tx.fetch(f"{_SELECT} AND subject_id = $3 ORDER BY id", scope.account_id, scope.mode, subject_id)
    return [alert_of(row) for row in rows]


async def count_alerts(tx: Tx, scope: Scope, state: State, most: int) -> int:
    """How many are in a state; counting ends at `most`."""
    count: int = await tx.fetchval(
        "SELECT count(*) FROM (SELECT FROM alerts WHERE account_id = $1 AND mode = $2 "
        f"AND {_STATES[state]} LIMIT $3) AS counted",
        scope.account_id,
        scope.mode,
        most,
    )
    return count


async def list_entries(tx: Tx, scope: Scope, alert_id: Id) -> list[Entry]:
    """What was done about an alert, oldest first; the latest 200."""
    rows = await tx.fetch(
        "SELECT id, what, actor, text, created_at FROM (SELECT * FROM alert_entries WHERE account_id = $1 "
        "AND mode = $2 AND alert_id = $3 ORDER BY id DESC LIMIT 200) AS latest ORDER BY id",
        scope.account_id,
        scope.mode,
        alert_id,
    )
    return [Entry(**{name: row[name] for name in Entry.__struct_fields__}) for row in rows]


async def get_alert_settings(tx: Tx, scope: Scope) -> Settings:
    """What the account has chosen, in both modes; without a choice, as Portside comes."""
    return msgspec.convert((await get_settings(tx, scope)).get("alerts", {}), Settings)


async def get_subject(tx: Tx, scope: Scope, watch: Watch) -> Subject:
    """What is watched, as it stands now."""
    label = None
    if watch.label_id is not None:
        label = (await find_labels(tx, scope, [watch.label_id])).get(watch.label_id)
    if label is None:
        track = await get_track(tx, scope, watch.track_id) if watch.track_id is not None else None
        return Subject(label=None, track=track, purchase=None)
    track = None
    if label.tracking_number:
        track = await find_track(tx, scope, label.carrier, label.tracking_number)
    return Subject(
        label=label,
        track=track,
        purchase=await get_purchase(tx, scope, label.purchase_id),
        is_replaced=await _is_replaced(tx, scope, label),
    )


async def _is_replaced(tx: Tx, scope: Scope, label: Label) -> bool:
    """Somebody tried again for the same order, well or badly."""
    if label.status != "ERROR" or label.order_id is None:
        return False
    others = await labels_of_order(tx, scope, label.order_id)
    return any(other.id > label.id and other.purchase_id != label.purchase_id for other in others)


async def list_made_up_for(tx: Tx, scope: Scope, label_id: Id) -> list[Id]:
    """Other labels of the order of a label, whose failure to be bought is an open alert."""
    rows = await tx.fetch(
        "SELECT a.subject_id FROM labels l JOIN alerts a ON a.account_id = l.account_id AND a.mode = l.mode "
        "AND a.order_id = l.order_id WHERE l.account_id = $1 AND l.mode = $2 AND l.id = $3 AND a.subject_id <> l.id "
        "AND a.kind = 'not_bought' AND a.resolved_at IS NULL LIMIT 20",
        scope.account_id,
        scope.mode,
        label_id,
    )
    return [Id(row["subject_id"]) for row in rows]


# unscoped: time passes for all accounts alike; each watch names its own.
async def list_due(tx: Tx, moment: dt.datetime, limit: int) -> list[Watch]:
    """Watches of which the time has made something by then, longest due first."""
    rows = await tx.fetch(
        "SELECT * FROM alert_watches WHERE due_at <= $1 ORDER BY due_at, subject_id LIMIT $2", moment, limit
    )
    return [_watch(row) for row in rows]


async def list_due_of_account(tx: Tx, scope: Scope, moment: dt.datetime, limit: int) -> list[Watch]:
    """The same for one account."""
    rows = await tx.fetch(
        "SELECT * FROM alert_watches WHERE account_id = $1 AND mode = $2 AND due_at <= $3 "
        "ORDER BY due_at, subject_id LIMIT $4",
        scope.account_id,
        scope.mode,
        moment,
        limit,
    )
    return [_watch(row) for row in rows]


# unscoped: purchases wait for people in all accounts alike; no event tells of it.
async def list_untold_flags(tx: Tx, limit: int) -> list[tuple[Id, Mode, Id]]:
    """(account, mode, label) of purchases that wait for a person and of which no alert tells, or told."""
    rows = await tx.fetch(
        "SELECT l.account_id, l.mode, l.id FROM purchases p JOIN labels l ON l.account_id = p.account_id "
        "AND l.mode = p.mode AND l.purchase_id = p.id AND l.piece = 1 WHERE p.flagged_at IS NOT NULL "
        "AND NOT EXISTS (SELECT FROM alerts a WHERE a.account_id = l.account_id AND a.mode = l.mode "
        # It may wait once more after somebody has settled it.
        "AND a.subject_id = l.id AND CASE a.kind WHEN 'purchase_waits' THEN a.cause::timestamptz = p.flagged_at END) "
        "ORDER BY p.id LIMIT $1",
        limit,
    )
    return [(Id(row["account_id"]), row["mode"], Id(row["id"])) for row in rows]


async def find_tracks_labels(tx: Tx, scope: Scope, track_ids: Collection[Id]) -> dict[Id, Id | None]:
    """The label that each of the tracks belongs to, if we made it."""
    rows: Sequence[Row] = await tx.fetch(
        "SELECT id, label_id FROM tracks WHERE account_id = $1 AND mode = $2 AND id = ANY($3::uuid[])",
        scope.account_id,
        scope.mode,
        list(track_ids),
    )
    return {Id(row["id"]): row["label_id"] for row in rows}


def alert_of(row: Row) -> Alert:
    """A row as the type."""
    return msgspec.convert({name: row[name] for name in Alert.__struct_fields__}, Alert)


def _watch(row: Row) -> Watch:
    return Watch(**{name: row[name] for name in Watch.__struct_fields__})
