"""Reads of customs items and declarations."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portside.customs.models import Declaration, DeclarationDetails, Item, StoredDeclaration, StoredItem
from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope

_ITEMS = "SELECT id, details, created_at, updated_at FROM customs_items WHERE account_id = $1 AND mode = $2"
_DECLARATIONS = (
    "SELECT id, item_ids, importer_id, details, created_at, updated_at FROM customs_declarations "
    "WHERE account_id = $1 AND mode = $2"
)


async def get_item(tx: Tx, scope: Scope, item_id: Id) -> StoredItem:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{_ITEMS} AND id = $3", scope.account_id, scope.mode, item_id)
    if row is None:
        raise NotFound
    return _item(row)


async def find_items(tx: Tx, scope: Scope, ids: Sequence[Id]) -> dict[str, StoredItem]:
    """Those of the ids that exist, by id."""
    rows = await tx.fetch(f"{_ITEMS} AND id = ANY($3::uuid[])", scope.account_id, scope.mode, list(ids))
    return {row["id"]: _item(row) for row in rows}


async def list_items(tx: Tx, scope: Scope, page: PageRequest) -> Slice[StoredItem]:
    """Newest first."""
    return (await fetch_page(tx, _ITEMS, (scope.account_id, scope.mode), page)).map(_item)


async def list_items_of(tx: Tx, scope: Scope, declaration: Declaration) -> list[Item]:
    """The items of a declaration, in its order."""
    found = await find_items(tx, scope, declaration.item_ids)
    return [found[item_id].item for item_id in declaration.item_ids]


async def get_declaration(tx: Tx, scope: Scope, declaration_id: Id) -> StoredDeclaration:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{_DECLARATIONS} AND id = $3", scope.account_id, scope.mode, declaration_id)
    if row is None:
        raise NotFound
    return _declaration(row)


async def find_declarations(tx: Tx, scope: Scope, ids: Sequence[Id]) -> dict[str, StoredDeclaration]:
    """Those of the ids that exist, by id."""
    rows = await tx.fetch(f"{_DECLARATIONS} AND id = ANY($3::uuid[])", scope.account_id, scope.mode, list(ids))
    return {row["id"]: _declaration(row) for row in rows}


async def list_declarations(tx: Tx, scope: Scope, page: PageRequest) -> Slice[StoredDeclaration]:
    """Newest first."""
    return (await fetch_page(tx, _DECLARATIONS, (scope.account_id, scope.mode), page)).map(_declaration)


def _item(row: Row) -> StoredItem:
    return StoredItem(
        item=msgspec.convert(row["details"], Item),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _declaration(row: Row) -> StoredDeclaration:
    declaration = Declaration(
        id=row["id"],
        item_ids=tuple(row["item_ids"]),
        importer_id=row["importer_id"],
        details=msgspec.convert(row["details"], DeclarationDetails),
    )
    return StoredDeclaration(declaration=declaration, created_at=row["created_at"], updated_at=row["updated_at"])
