"""Reads of purchases and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from portside.db.keyset import created_within, fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id, as_id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.labels.models import Buyer, FlaggedPurchase, Label, PurchaseDraft, Reservation, StoredPurchase
from portside.labels.wire import LabelFilter
from portside.rates.models import Message
from portside.tracking.models import TrackingStatus
from portside.tracking.rules import number_patterns

_PURCHASE = "SELECT * FROM purchases WHERE account_id = $1 AND mode = $2"
COLUMNS = (
    "labels.*, (SELECT p.created_by FROM purchases p WHERE p.account_id = labels.account_id AND p.mode = labels.mode "
    "AND p.id = labels.purchase_id) AS created_by"
)
_LABEL = f"SELECT {COLUMNS} FROM labels WHERE account_id = $1 AND mode = $2"


async def get_label(tx: Tx, scope: Scope, label_id: Id) -> Label:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{_LABEL} AND id = $3", scope.account_id, scope.mode, label_id)
    if row is None:
        raise NotFound
    return label_of(row)


async def find_labels(tx: Tx, scope: Scope, label_ids: Sequence[Id]) -> dict[Id, Label]:
    """Those of the ids that exist, by id."""
    rows = await tx.fetch(f"{_LABEL} AND id = ANY($3::uuid[])", scope.account_id, scope.mode, list(label_ids))
    return {label.id: label for label in map(label_of, rows)}


async def list_labels(tx: Tx, scope: Scope, page: PageRequest, wanted: LabelFilter) -> Slice[Label]:
    """Newest first, those that fit every filter given."""
    ids = {"rate_id": wanted.rate, "order_id": wanted.order}
    if any(text and as_id(text) is None for text in ids.values()):
        return Slice(rows=[], has_next=False, has_previous=False)
    conditions: list[tuple[str, Any]] = [(f"{column} =", as_id(text)) for column, text in ids.items() if text]
    given = {
        "status": wanted.object_status,
        "tracking_status": wanted.tracking_status,
        "tracking_number": "".join(wanted.tracking_number.split()),
        "metadata <> '' AND metadata": wanted.metadata,
    }
    conditions += [(f"{column} =", value) for column, value in given.items() if value]
    sql = _LABEL
    params: list[Any] = [scope.account_id, scope.mode]
    for condition, value in [*conditions, *created_within(wanted)]:
        params.append(value)
        sql += f" AND {condition} ${len(params)}"
    if text := wanted.q.strip():
        params += [*number_patterns(text), text]
        last = len(params)
        sql += f" AND (tracking_number LIKE ${last - 2} OR tracking_number LIKE ${last - 1}"
        sql += f" OR (metadata <> '' AND metadata = ${last}))"
    return (await fetch_page(tx, sql, params, page)).map(label_of)


async def search_labels(
    tx: Tx,
    scope: Scope,
    page: PageRequest,
    tracking: Sequence[TrackingStatus] = (),
    *,
    number: str | None = None,
    order_ids: Sequence[Id] = (),
) -> Slice[Label]:
    """Newest first: of bought parcels in one of the tracking statuses, or of all labels; with `number`, those with
    that tracking number or of one of the orders."""
    sql = _LABEL
    params: list[Any] = [scope.account_id, scope.mode]
    if tracking:
        params.append(list(tracking))
        sql += f" AND status = 'SUCCESS' AND coalesce(tracking_status, 'UNKNOWN') = ANY(${len(params)}::text[])"
    if number is not None:
        params += [number, list(order_ids)]
        sql += f" AND (tracking_number = ${len(params) - 1} OR order_id = ANY(${len(params)}::uuid[]))"
    return (await fetch_page(tx, sql, params, page)).map(label_of)


async def labels_of_order(tx: Tx, scope: Scope, order_id: Id) -> list[Label]:
    """The labels bought, or being bought, for an order, newest first; at most 200."""
    rows = await tx.fetch(
        f"{_LABEL} AND order_id = $3 ORDER BY id DESC LIMIT 200", scope.account_id, scope.mode, order_id
    )
    return [label_of(row) for row in rows]


async def labels_of_purchase(tx: Tx, scope: Scope, purchase_id: Id) -> tuple[Label, ...]:
    """The labels of a purchase, the master first."""
    rows = await tx.fetch(f"{_LABEL} AND purchase_id = $3 ORDER BY piece", scope.account_id, scope.mode, purchase_id)
    return tuple(label_of(row) for row in rows)


async def labels_of_purchases(tx: Tx, scope: Scope, purchase_ids: Sequence[Id]) -> dict[Id, tuple[Label, ...]]:
    """The labels of each of the purchases, the master first."""
    rows = await tx.fetch(
        f"{_LABEL} AND purchase_id = ANY($3::uuid[]) ORDER BY purchase_id, piece",
        scope.account_id,
        scope.mode,
        list(purchase_ids),
    )
    labels: dict[Id, tuple[Label, ...]] = dict.fromkeys(purchase_ids, ())
    for label in map(label_of, rows):
        labels[label.purchase_id] += (label,)
    return labels


async def find_reservations(tx: Tx, scope: Scope, purchase_ids: Sequence[Id]) -> dict[Id, Reservation]:
    """Those of the purchases that exist, with their labels, by id."""
    rows = await tx.fetch(f"{_PURCHASE} AND id = ANY($3::uuid[])", scope.account_id, scope.mode, list(purchase_ids))
    purchases = [purchase_of(row) for row in rows]
    labels = await labels_of_purchases(tx, scope, [purchase.id for purchase in purchases])
    return {each.id: Reservation(purchase=each, labels=labels[each.id], is_new=False) for each in purchases}


async def get_purchase(tx: Tx, scope: Scope, purchase_id: Id) -> StoredPurchase:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{_PURCHASE} AND id = $3", scope.account_id, scope.mode, purchase_id)
    if row is None:
        raise NotFound
    return purchase_of(row)


async def lock_purchase(tx: Tx, scope: Scope, purchase_id: Id) -> StoredPurchase:
    """Hold a purchase until the transaction ends: its labels change one after the other. Raises NotFound."""
    row = await tx.fetchrow(f"{_PURCHASE} AND id = $3 FOR NO KEY UPDATE", scope.account_id, scope.mode, purchase_id)
    if row is None:
        raise NotFound
    return purchase_of(row)


async def find_purchase_of_rate(tx: Tx, scope: Scope, rate_id: Id) -> StoredPurchase | None:
    """The purchase that holds a rate now; one that was rejected, voided or refunded does not."""
    row = await tx.fetchrow(
        f"{_PURCHASE} AND rate_id = $3 AND state NOT IN ('rejected', 'voided', 'refunded')",
        scope.account_id,
        scope.mode,
        rate_id,
    )
    return None if row is None else purchase_of(row)


async def get_reservation(tx: Tx, scope: Scope, purchase_id: Id, *, is_new: bool = False) -> Reservation:
    """A purchase with its labels. Raises NotFound."""
    return Reservation(
        purchase=await get_purchase(tx, scope, purchase_id),
        labels=await labels_of_purchase(tx, scope, purchase_id),
        is_new=is_new,
    )


async def find_rival(tx: Tx, scope: Scope, draft: PurchaseDraft) -> StoredPurchase | None:
    """The purchase that stands where the draft would: it has its id, or holds its rate."""
    row = await tx.fetchrow(f"{_PURCHASE} AND id = $3", scope.account_id, scope.mode, draft.id)
    if row is not None:
        return purchase_of(row)
    return await find_purchase_of_rate(tx, scope, draft.rate_id) if draft.rate_id else None


# unscoped: the operator settles what waits for a person in all accounts.
async def list_flagged(tx: Tx, limit: int, purchase_id: Id | None = None) -> list[FlaggedPurchase]:
    """Purchases that wait for a person, oldest first, or that one: the carrier cannot be asked what became of them."""
    rows = await tx.fetch(
        "SELECT p.*, a.email, l.id AS label_id, l.carrier FROM purchases p JOIN accounts a ON a.id = p.account_id "
        "JOIN labels l ON l.account_id = p.account_id AND l.mode = p.mode AND l.purchase_id = p.id AND l.piece = 1 "
        "WHERE p.flagged_at IS NOT NULL AND ($2::uuid IS NULL OR p.id = $2) ORDER BY p.id LIMIT $1",
        limit,
        purchase_id,
    )
    return [FlaggedPurchase(**{name: row[name] for name in FlaggedPurchase.__struct_fields__}) for row in rows]


def purchase_of(row: Row) -> StoredPurchase:
    return StoredPurchase(**{name: row[name] for name in StoredPurchase.__struct_fields__})


def label_of(row: Row) -> Label:
    fields = {name: row[name] for name in Label.__struct_fields__}
    fields["messages"] = tuple(msgspec.convert(message, Message) for message in row["messages"])
    fields["created_by"] = msgspec.convert(row["created_by"], Buyer)
    return Label(**fields)
