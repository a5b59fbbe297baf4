"""Reads of orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import msgspec

from portside.apps.identity import AppMark
from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.folding import fold, like_pattern
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.orders.models import LabelSummary, Order, OrderDetails, OrderStatus
from portside.orders.wire import OrderFilter

# Decoded straight into its type: a page of orders costs half of what it would through plain dictionaries.
_decode_details = msgspec.json.Decoder(OrderDetails).decode

_COLUMNS = (
    "id, order_number, order_status, shop_app, app_id, placed_at, details::text AS details, event_seq, "
    "created_at, updated_at, CASE WHEN app_id IS NOT NULL THEN ("
    "SELECT jsonb_build_object('client_id', client_id, 'name', name) FROM apps WHERE apps.id = o.app_id) END AS app, "
    "(SELECT jsonb_agg(l.summary ORDER BY l.created_at, l.label_id) FROM order_labels l "
    "WHERE l.account_id = o.account_id AND l.mode = o.mode AND l.order_id = o.id) AS labels"
)
_HAS_LABEL = (
    "id IN (SELECT order_id FROM order_labels l WHERE l.account_id = $1 AND l.mode = $2 "
    "AND l.summary ->> 'tracking_number' ="
)
_OF_APP = "app_id = (SELECT id FROM apps WHERE client_id ="
_SELECT = f"SELECT {_COLUMNS} FROM orders o WHERE account_id = $1 AND mode = $2"


async def get_order(tx: Tx, scope: Scope, order_id: Id) -> Order:
    """Raises NotFound."""
    order = await find_order(tx, scope, order_id)
    if order is None:
        raise NotFound
    return order


async def find_acting_app(tx: Tx, scope: Scope) -> AppMark | None:
    """The partner's app that acts in this scope, if it is one."""
    if scope.actor.kind != "app":
        return None
    row = await tx.fetchrow("SELECT client_id, name FROM apps WHERE id = $1", scope.actor.id)
    return None if row is None else AppMark(**dict(row))


async def find_order(tx: Tx, scope: Scope, order_id: Id) -> Order | None:
    row = await tx.fetchrow(f"{_SELECT} AND id = $3", scope.account_id, scope.mode, order_id)
    return None if row is None else _order(row)


async def get_order_to_change(tx: Tx, scope: Scope, order_id: Id) -> Order:
    """The order, locked until the transaction ends. Raises NotFound."""
    await tx.execute(
        "SELECT FROM orders WHERE account_id = $1 AND mode = $2 AND id = $3 FOR UPDATE",
        scope.account_id,
        scope.mode,
        order_id,
    )
    return await get_order(tx, scope, order_id)


async def find_orders(tx: Tx, scope: Scope, ids: Sequence[Id]) -> dict[Id, Order]:
    """Those of the ids that exist, by id."""
    rows = await tx.fetch(f"{_SELECT} AND id = ANY($3::uuid[])", scope.account_id, scope.mode, list(ids))
    return {order.id: order for order in map(_order, rows)}


async def find_imported(tx: Tx, scope: Scope, numbers: Sequence[str]) -> dict[str, Id]:
    """Those of the order numbers that came by a file somebody imported, with the oldest order of each."""
    rows = await tx.fetch(
        "SELECT DISTINCT ON (order_number) order_number, id FROM orders WHERE account_id = $1 AND mode = $2 "
        "AND shop_app = 'CSV_Import' AND order_number = ANY($3::text[]) ORDER BY order_number, id",
        scope.account_id,
        scope.mode,
        list(numbers),
    )
    return {row["order_number"]: Id(row["id"]) for row in rows}


async def list_orders(
    tx: Tx, scope: Scope, page: PageRequest, wanted: OrderFilter, words: Sequence[str] = ()
) -> Slice[Order]:
    """Newest first, those that fit every filter given and say every one of the words."""
    sql, params = _SELECT, [scope.account_id, scope.mode]
    for condition, value in [*_conditions(wanted), *(("search LIKE", like_pattern(word)) for word in words)]:
        params.append(value)
        sql += f" AND {condition} ${len(params)}" + (")" if condition in (_HAS_LABEL, _OF_APP) else "")
    if wanted.order_status:
        sql += f" AND {_one_of(wanted.order_status)}"
    return (await fetch_page(tx, sql, params, page)).map(_order)


async def count_orders(tx: Tx, scope: Scope, statuses: Sequence[OrderStatus], most: int) -> int:
    """How many have one of the statuses; counting ends at `most`."""
    count: int = await tx.fetchval(
        "SELECT count(*) FROM (SELECT FROM orders WHERE account_id = $1 AND mode = $2 "
        f"AND {_one_of(statuses)} LIMIT $3) AS counted",
        scope.account_id,
        scope.mode,
        most,
    )
    return count


def _one_of(statuses: Sequence[OrderStatus]) -> str:
    """Written out, because only then does PostgreSQL see that a partial index has all it needs."""
    known = [f"'{status}'" for status in statuses if status in get_args(OrderStatus)]
    return f"order_status IN ({', '.join(known)})"


def _conditions(wanted: OrderFilter) -> list[tuple[str, Any]]:
    conditions: list[tuple[str, Any]] = []
    if wanted.shop_app:
        conditions.append(("shop_app =", wanted.shop_app))
    if wanted.app:
        conditions.append((_OF_APP, wanted.app))
    if wanted.start_date:
        conditions.append(("placed_at >=", wanted.start_date))
    if wanted.end_date:
        conditions.append(("placed_at <=", wanted.end_date))
    if wanted.updated_since:
        conditions.append(("updated_at >=", wanted.updated_since))
    if wanted.order_number:
        conditions.append(("order_number =", wanted.order_number))
    if wanted.tracking_number:
        conditions.append((_HAS_LABEL, wanted.tracking_number))
    conditions += [("search LIKE", like_pattern(word)) for word in fold(wanted.q or "").split()]
    return conditions


def _order(row: Row) -> Order:
    return Order(
        id=Id(row["id"]),
        order_number=row["order_number"],
        order_status=row["order_status"],
        shop_app=row["shop_app"],
        app_id=row["app_id"],
        app=None if row["app"] is None else AppMark(**row["app"]),
        placed_at=row["placed_at"],
        details=_decode_details(row["details"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        event_seq=row["event_seq"],
        labels=tuple(msgspec.convert(label, LabelSummary) for label in row["labels"] or ()),
    )
