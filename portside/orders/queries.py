"""Reads of orders."""

from __future__ import annotations

from typing import Any

import msgspec

from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.orders.models import LabelSummary, Order, OrderDetails
from portside.orders.wire import OrderFilter

_COLUMNS = (
    "id, order_number, order_status, shop_app, app_id, placed_at, details, event_seq, created_at, updated_at, "
    "(SELECT jsonb_agg(l.summary ORDER BY l.created_at, l.label_id) FROM order_labels l "
    "WHERE l.account_id = o.account_id AND l.mode = o.mode AND l.order_id = o.id) AS labels"
)
_SELECT = f"SELECT {_COLUMNS} FROM orders o WHERE account_id = $1 AND mode = $2"


async def get_order(tx: Tx, scope: Scope, order_id: Id) -> Order:
    """Raises NotFound."""
    order = await find_order(tx, scope, order_id)
    if order is None:
        raise NotFound
    return order


async def find_order(tx: Tx, scope: Scope, order_id: Id) -> Order | None:
    row = await tx.fetchrow(f"{_SELECT} AND id = $3", scope.account_id, scope.mode, order_id)
    return None if row is None else _order(row)


async def list_orders(tx: Tx, scope: Scope, page: PageRequest, wanted: OrderFilter) -> Slice[Order]:
    """Newest first, those that fit every filter given."""
    sql, params = _SELECT, [scope.account_id, scope.mode]
    for condition, value in _conditions(wanted):
        params.append(value)
        sql += f" AND {condition} ${len(params)}" + ("::text[])" if condition.endswith("(") else "")
    return (await fetch_page(tx, sql, params, page)).map(_order)


def _conditions(wanted: OrderFilter) -> list[tuple[str, Any]]:
    conditions: list[tuple[str, Any]] = []
    if wanted.order_status:
        conditions.append(("order_status = ANY(", list(wanted.order_status)))
    if wanted.shop_app:
        conditions.append(("shop_app =", wanted.shop_app))
    if wanted.start_date:
        conditions.append(("placed_at >=", wanted.start_date))
    if wanted.end_date:
        conditions.append(("placed_at <=", wanted.end_date))
    return conditions


def _order(row: Row) -> Order:
    return Order(
        id=Id(row["id"]),
        order_number=row["order_number"],
        order_status=row["order_status"],
        shop_app=row["shop_app"],
        app_id=row["app_id"],
        placed_at=row["placed_at"],
        details=msgspec.convert(row["details"], OrderDetails),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        event_seq=row["event_seq"],
        labels=tuple(msgspec.convert(label, LabelSummary) for label in row["labels"] or ()),
    )
