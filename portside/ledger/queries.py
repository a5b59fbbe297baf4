"""Reads of a platform's ledger: the scope is always the platform's, never the merchant's."""

from __future__ import annotations

from typing import Any

from portside.db.keyset import created_within, fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.ledger.models import Line, LineFilter, Total

_SELECT = (
    "SELECT *, (SELECT coalesce(nullif(company_name, ''), email) FROM accounts "
    "WHERE accounts.id = ledger_lines.account_id) AS account_name FROM ledger_lines"
)


async def list_lines(tx: Tx, scope: Scope, page: PageRequest, wanted: LineFilter) -> Slice[Line]:
    """The lines of the platform's ledger in this mode, newest first."""
    where, values = _where(scope, wanted)
    return (await fetch_page(tx, f"{_SELECT} WHERE {where}", values, page)).map(line_of)


async def sum_lines(tx: Tx, scope: Scope, wanted: LineFilter) -> list[Total]:
    """What the lines come to, by currency."""
    where, values = _where(scope, wanted)
    rows = await tx.fetch(
        "SELECT currency, count(*)::int AS lines, sum(cost) AS cost, sum(charged) AS charged FROM ledger_lines "
        f"WHERE {where} GROUP BY currency ORDER BY currency",
        *values,
    )
    return [Total(**dict(row)) for row in rows]


async def get_line(tx: Tx, scope: Scope, line_id: Id) -> Line:
    """Raises NotFound."""
    row = await tx.fetchrow(
        f"{_SELECT} WHERE partner_id = $1 AND mode = $2 AND id = $3", scope.account_id, scope.mode, line_id
    )
    if row is None:
        raise NotFound
    return line_of(row)


async def find_purchase_line(tx: Tx, scope: Scope, account_id: Id, label_id: Id) -> Line | None:
    """The purchase of that account's label, if it is in the platform's ledger."""
    row = await tx.fetchrow(
        f"{_SELECT} WHERE account_id = $1 AND mode = $2 AND label_id = $3 AND kind = 'purchase' AND partner_id = $4",
        account_id,
        scope.mode,
        label_id,
        scope.account_id,
    )
    return None if row is None else line_of(row)


def _where(scope: Scope, wanted: LineFilter) -> tuple[str, list[Any]]:
    conditions, values = ["partner_id = $1", "mode = $2"], [scope.account_id, scope.mode]
    given: list[tuple[str, Any]] = [
        ("account_id =", wanted.account_id),
        ("kind =", wanted.kind),
        ("tracking_number =", wanted.tracking_number),
    ]
    for condition, value in [*given, *created_within(wanted)]:
        if value is not None:
            values.append(value)
            conditions.append(f"{condition} ${len(values)}")
    return " AND ".join(conditions), values


def line_of(row: Row) -> Line:
    """A row with `account_name` as the type."""
    return Line(**{name: row[name] for name in Line.__struct_fields__})
