"""Reads of refunds."""

from __future__ import annotations

import msgspec

from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.rates.models import Message
from portside.refunds.models import Refund

_SELECT = "SELECT * FROM refunds WHERE account_id = $1 AND mode = $2"


async def get_refund(tx: Tx, scope: Scope, refund_id: Id) -> Refund:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{_SELECT} AND id = $3", scope.account_id, scope.mode, refund_id)
    if row is None:
        raise NotFound
    return refund_of(row)


async def list_refunds(tx: Tx, scope: Scope, page: PageRequest) -> Slice[Refund]:
    """Newest first."""
    return (await fetch_page(tx, _SELECT, (scope.account_id, scope.mode), page)).map(refund_of)


def refund_of(row: Row) -> Refund:
    """A row as the type."""
    fields = {name: row[name] for name in Refund.__struct_fields__}
    fields["messages"] = tuple(msgspec.convert(message, Message) for message in row["messages"])
    return Refund(**fields)
