"""Reads of parcels."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.parcels.models import Parcel, StoredParcel

_SELECT = "SELECT id, details, created_at, updated_at FROM parcels WHERE account_id = $1 AND mode = $2"


async def get_parcel(tx: Tx, scope: Scope, parcel_id: Id) -> StoredParcel:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{_SELECT} AND id = $3", scope.account_id, scope.mode, parcel_id)
    if row is None:
        raise NotFound
    return _stored(row)


async def find_parcels(tx: Tx, scope: Scope, ids: Sequence[Id]) -> dict[str, StoredParcel]:
    """Those of the ids that exist, by id."""
    rows = await tx.fetch(f"{_SELECT} AND id = ANY($3::uuid[])", scope.account_id, scope.mode, list(ids))
    return {row["id"]: _stored(row) for row in rows}


async def list_parcels(tx: Tx, scope: Scope, page: PageRequest) -> Slice[StoredParcel]:
    """Newest first."""
    return (await fetch_page(tx, _SELECT, (scope.account_id, scope.mode), page)).map(_stored)


def _stored(row: Row) -> StoredParcel:
    return StoredParcel(
        parcel=msgspec.convert(row["details"], Parcel),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
