"""Labels as rows: writing new ones, changing them, and telling of it: the orders' copies and the events, together.

`order_labels.summary` is a copy that is kept here (through `orders.actions.note_label`): written whenever a label
changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from portside.db.tx import Tx
from portside.events import outbox
from portside.events.models import Event
from portside.kit.clock import now
from portside.kit.scope import Scope
from portside.labels import queries, rules, wire
from portside.labels.models import Label, LabelChange
from portside.orders import actions as orders

_NEW = (
    "id",
    "purchase_id",
    "rate_id",
    "parcel_id",
    "order_id",
    "piece",
    "status",
    "carrier",
    "label_file_type",
    "metadata",
)
_INSERT = (
    f"INSERT INTO labels (account_id, mode, created_at, updated_at, {', '.join(_NEW)}) "
    "SELECT $1, $2, $3, $3, given.* FROM unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[], $9::int[], "
    "$10::text[], $11::text[], $12::text[], $13::text[]) AS given"
)
_CHANGED = (
    "tracking_number",
    "tracking_status",
    "tracking_url",
    "eta",
    "file_key",
    "invoice_key",
    "qr_code_key",
    "label_file_type",
)
_CHANGE = (
    "UPDATE labels SET status = c.status, event_seq = event_seq + c.events, updated_at = $3, "
    f"{', '.join(f'{name} = coalesce(c.{name}, labels.{name})' for name in _CHANGED)}, "
    "messages = coalesce(c.messages::jsonb, labels.messages) "
    "FROM unnest($4::uuid[], $5::text[], $6::int[], $7::text[], $8::text[], $9::text[], $10::text[], "
    "$11::timestamptz[], $12::text[], $13::text[], $14::text[], $15::text[]) "
    f"AS c (id, status, events, messages, {', '.join(_CHANGED)}) "
    f"WHERE labels.account_id = $1 AND labels.mode = $2 AND labels.id = c.id RETURNING {queries.COLUMNS}"
)


async def insert_labels(tx: Tx, scope: Scope, labels: Sequence[Mapping[str, Any]]) -> None:
    """Write new labels, each given by the values of its columns."""
    if labels:
        columns = [[label[name] for label in labels] for name in _NEW]
        await tx.execute(_INSERT, scope.account_id, scope.mode, now(), *columns)


async def change_labels(tx: Tx, scope: Scope, changes: Sequence[LabelChange]) -> list[Label]:
    """Change labels and tell of it; gives them as they are then, in the same order.

    Their purchases are held by the caller; orders are locked in the order of their ids.
    """
    if not changes:
        return []
    rows = await tx.fetch(
        _CHANGE,
        scope.account_id,
        scope.mode,
        now(),
        [change.label.id for change in changes],
        [change.status for change in changes],
        [len(change.names) for change in changes],
        # As text: an array of JSON arrays would be taken for one of two dimensions.
        [None if change.messages is None else msgspec.json.encode(change.messages).decode() for change in changes],
        *[[getattr(change, name) for change in changes] for name in _CHANGED],
    )
    changed = {label.id: label for label in map(queries.label_of, rows)}
    labels = [changed[change.label.id] for change in changes]
    for label in sorted(labels, key=lambda label: label.order_id or ""):
        if label.order_id is not None:
            await orders.note_label(tx, scope, label.order_id, rules.summary(label))
    told = [event for change, label in zip(changes, labels, strict=True) for event in _events(scope, change, label)]
    await outbox.record(tx, *told)
    return labels


def _events(scope: Scope, change: LabelChange, label: Label) -> list[Event]:
    first = label.event_seq - len(change.names) + 1
    return [
        Event(
            scope=scope,
            name=name,
            object_id=label.id,
            seq=first + place,
            payload=wire.transaction_body(name, label, scope),
        )
        for place, name in enumerate(change.names)
    ]
