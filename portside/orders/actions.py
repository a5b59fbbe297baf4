"""Changes to orders: rows, events and jobs together."""

from __future__ import annotations

from collections.abc import Sequence

from portside.addresses.actions import address_part
from portside.addresses.models import AddressDraft
from portside.db.sql import Part, insert_all
from portside.db.tx import Tx
from portside.errors import Conflict, NotFound
from portside.events import outbox
from portside.events.models import Event, envelope
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.orders import queries, rules, wire
from portside.orders.models import LabelSummary, Order, OrderDraft

_INSERT = (
    "INSERT INTO orders (account_id, mode, id, order_number, order_status, shop_app, app_id, placed_at, "
    "to_address_id, from_address_id, details, search, created_at, updated_at) "
    "SELECT a, m, i, n, s, h, p, t, ta, fa, d, q, c, c FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], "
    "$5::text[], $6::text[], $7::uuid[], $8::timestamptz[], $9::uuid[], $10::uuid[], $11::jsonb[], "
    "$12::text[], $13::timestamptz[]) AS given (a, m, i, n, s, h, p, t, ta, fa, d, q, c) ON CONFLICT DO NOTHING"
)


async def create_orders(tx: Tx, drafts: Sequence[OrderDraft]) -> None:
    """Write orders, their addresses, events and jobs as one statement; a replay with the same drafts adds nothing."""
    if not drafts:
        return
    moment = drafts[0].order.created_at
    addresses = [
        AddressDraft(scope=draft.scope, address=address) for draft in drafts for address in draft.new_addresses
    ]
    await insert_all(
        tx, address_part(addresses, moment), _order_part(drafts), *outbox.event_parts([_created(d) for d in drafts])
    )


def _order_part(drafts: Sequence[OrderDraft]) -> Part:
    return Part(_INSERT, tuple(zip(*map(_row, drafts), strict=True)))


def _row(draft: OrderDraft) -> tuple[object, ...]:
    order = draft.order
    sender = order.details.from_address
    return (
        draft.scope.account_id,
        draft.scope.mode,
        order.id,
        order.order_number,
        order.order_status,
        order.shop_app,
        order.app_id,
        order.placed_at,
        order.details.to_address.id,
        sender.id if sender else None,
        order.details,
        rules.search_text(order),
        order.created_at,
    )


def _created(draft: OrderDraft) -> Event:
    return Event(
        id=draft.event_id,
        created_at=draft.order.created_at,
        scope=draft.scope,
        name="order_created",
        object_id=draft.order.id,
        seq=1,
        payload=envelope("order_created", test=draft.scope.is_test, data=draft.body),
    )


async def replace_order(tx: Tx, scope: Scope, draft: OrderDraft) -> None:
    """Make an order, which this transaction has locked, what the draft says. Raises Conflict where a label was bought
    for what would change."""
    current = await queries.get_order(tx, scope, draft.order.id)
    order = draft.order
    settled = rules.is_shipped(current.labels)
    if settled and (
        order.order_status != current.order_status
        or rules.shipping_facts(order.details) != rules.shipping_facts(current.details)
    ):
        raise Conflict("This order has a label. Refund it before changing status, addresses or goods.")
    addresses = [AddressDraft(scope=scope, address=address) for address in draft.new_addresses]
    await insert_all(tx, address_part(addresses, now()))
    sender = order.details.from_address
    await tx.execute(
        "UPDATE orders SET order_number = $4, order_status = $5, placed_at = $6, to_address_id = $7, "
        "from_address_id = $8, details = $9, search = $10, event_seq = $11, updated_at = $12, "
        "status_before_shipping = CASE WHEN $13 THEN status_before_shipping END "
        "WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        order.id,
        order.order_number,
        order.order_status,
        order.placed_at,
        order.details.to_address.id,
        sender.id if sender else None,
        order.details,
        rules.search_text(order),
        order.event_seq,
        now(),
        settled,
    )
    await _record_update(tx, scope, order.id)


async def note_label(tx: Tx, scope: Scope, order_id: Id, label: LabelSummary) -> Order:
    """Keep what the order knows of one of its labels, and the status that follows. Raises NotFound."""
    row = await tx.fetchrow(
        "SELECT order_status, status_before_shipping FROM orders "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 FOR UPDATE",
        scope.account_id,
        scope.mode,
        order_id,
    )
    if row is None:
        raise NotFound
    await tx.execute(
        "INSERT INTO order_labels (account_id, mode, order_id, label_id, summary, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6) "
        "ON CONFLICT (account_id, mode, order_id, label_id) DO UPDATE SET summary = excluded.summary",
        scope.account_id,
        scope.mode,
        order_id,
        label.label_id,
        label,
        now(),
    )
    order = await queries.get_order(tx, scope, order_id)
    status, before = rules.status_after(row["order_status"], row["status_before_shipping"], order.labels)
    await tx.execute(
        "UPDATE orders SET order_status = $4, status_before_shipping = $5, event_seq = event_seq + 1, "
        "updated_at = $6 WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        order_id,
        status,
        before,
        now(),
    )
    return await _record_update(tx, scope, order_id)


async def _record_update(tx: Tx, scope: Scope, order_id: Id) -> Order:
    """Record `order_updated` for an order that this transaction has changed and therefore holds."""
    order = await queries.get_order(tx, scope, order_id)
    await outbox.record(
        tx,
        Event(
            scope=scope,
            name="order_updated",
            object_id=order_id,
            seq=order.event_seq,
            payload=envelope("order_updated", test=scope.is_test, data=wire.order_json(order, scope)),
        ),
    )
    return order
