"""Reads of pickups."""

from __future__ import annotations

import msgspec

from portside.carriers.contract import PickupBooking
from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.pickups.models import Pickup, Place

_SELECT = "SELECT * FROM pickups WHERE account_id = $1 AND mode = $2"


async def get_pickup(tx: Tx, scope: Scope, pickup_id: Id, *, lock: bool = False) -> Pickup:
    """`lock` holds the row until the transaction ends. Raises NotFound."""
    sql = f"{_SELECT} AND id = $3" + (" FOR NO KEY UPDATE" if lock else "")
    row = await tx.fetchrow(sql, scope.account_id, scope.mode, pickup_id)
    if row is None:
        raise NotFound
    return pickup_of(row)


async def list_pickups(tx: Tx, scope: Scope, page: PageRequest) -> Slice[Pickup]:
    """Newest first."""
    return (await fetch_page(tx, _SELECT, (scope.account_id, scope.mode), page)).map(pickup_of)


def pickup_of(row: Row) -> Pickup:
    """A row as the type."""
    fields = {name: row[name] for name in Pickup.__struct_fields__}
    fields["details"] = msgspec.convert(row["details"], Place)
    fields["booking"] = None if row["booking"] is None else msgspec.convert(row["booking"], PickupBooking)
    fields["label_ids"], fields["messages"] = tuple(row["label_ids"]), tuple(row["messages"])
    return Pickup(**fields)
