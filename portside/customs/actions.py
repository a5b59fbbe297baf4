"""Writing customs items and declarations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from portside.addresses.actions import address_part
from portside.addresses.queries import find_addresses
from portside.customs.models import DeclarationDraft, ItemDraft, StoredDeclaration, StoredItem
from portside.customs.queries import find_items
from portside.db.sql import Part, insert_all
from portside.db.tx import Tx
from portside.errors import FieldErrors
from portside.kit.clock import now

# A replay of a batch whose commit was not confirmed brings the same ids again.
_INSERT_ITEMS = (
    "INSERT INTO customs_items (account_id, mode, id, details, created_at, updated_at) "
    "SELECT a, m, i, d, t, t FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::jsonb[], $5::timestamptz[]) "
    "AS given (a, m, i, d, t) ON CONFLICT DO NOTHING"
)
_INSERT_DECLARATION = (
    "INSERT INTO customs_declarations (account_id, mode, id, item_ids, importer_id, details, created_at, updated_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $7)"
)


async def create_items(tx: Tx, drafts: Sequence[ItemDraft]) -> list[StoredItem]:
    """Write items; gives them as stored, in the same order."""
    moment = now()
    await insert_all(tx, item_part(drafts, moment))
    return [StoredItem(item=draft.item, created_at=moment, updated_at=moment) for draft in drafts]


def item_part(drafts: Sequence[ItemDraft], moment: dt.datetime) -> Part:
    """The same as a part of a joined statement."""
    rows = [(d.scope.account_id, d.scope.mode, d.item.id, d.item, moment) for d in drafts]
    return Part(_INSERT_ITEMS, tuple(zip(*rows, strict=True)))


async def create_declaration(tx: Tx, draft: DeclarationDraft) -> StoredDeclaration:
    """Write a declaration with what is new of it. Raises FieldErrors for a reference to what does not exist."""
    await _check_references(tx, draft)
    moment = now()
    importers = [draft.new_importer] if draft.new_importer else []
    await insert_all(tx, item_part(draft.new_items, moment), address_part(importers, moment))
    declaration = draft.declaration
    await tx.execute(
        _INSERT_DECLARATION,
        draft.scope.account_id,
        draft.scope.mode,
        declaration.id,
        list(declaration.item_ids),
        declaration.importer_id,
        declaration.details,
        moment,
    )
    return StoredDeclaration(declaration=declaration, created_at=moment, updated_at=moment)


async def _check_references(tx: Tx, draft: DeclarationDraft) -> None:
    new = {made.item.id for made in draft.new_items}
    known = [item_id for item_id in draft.declaration.item_ids if item_id not in new]
    errors: dict[str, list[str]] = {}
    if known:
        found = await find_items(tx, draft.scope, known)
        missing = [item_id for item_id in known if item_id not in found]
        if missing:
            errors["items"] = [f"CustomsItem with supplied object_id {item_id} not found." for item_id in missing]
    importer_id = draft.declaration.importer_id
    if importer_id and draft.new_importer is None and not await find_addresses(tx, draft.scope, [importer_id]):
        errors["address_importer"] = ["Address with supplied object_id not found."]
    if errors:
        raise FieldErrors({draft.field: [errors]} if draft.field else errors)
