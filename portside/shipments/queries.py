"""Reads of shipments. Those older than Shippo keeps them are not found."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portside.addresses.queries import find_addresses
from portside.carrier_accounts.models import CarrierAccount
from portside.customs.queries import find_declarations, find_items
from portside.db.keyset import created_within, fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.orders.queries import find_order
from portside.parcels.queries import find_parcels
from portside.rates.models import Message
from portside.shipments.models import References, ShipmentDetails, StoredShipment, Wanted
from portside.shipments.rules import RETRIEVABLE
from portside.shipments.wire import ShipmentFilter

_SELECT = (
    "SELECT id, status, details, carrier_account_ids, order_id, shipment_date, metadata, messages, created_at, "
    "updated_at FROM shipments WHERE account_id = $1 AND mode = $2 AND created_at > $3"
)


async def get_shipment(tx: Tx, scope: Scope, shipment_id: Id) -> StoredShipment:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{_SELECT} AND id = $4", scope.account_id, scope.mode, now() - RETRIEVABLE, shipment_id)
    if row is None:
        raise NotFound
    return _stored(row)


async def list_shipments(tx: Tx, scope: Scope, page: PageRequest, wanted: ShipmentFilter) -> Slice[StoredShipment]:
    """Newest first, within the window."""
    sql, params = _SELECT, [scope.account_id, scope.mode, now() - RETRIEVABLE]
    for condition, value in created_within(wanted):
        params.append(value)
        sql += f" AND {condition} ${len(params)}"
    return (await fetch_page(tx, sql, params, page)).map(_stored)


async def find_shipments(tx: Tx, scope: Scope, ids: Sequence[Id]) -> dict[Id, StoredShipment]:
    """Those of the ids that exist, by id."""
    rows = await tx.fetch(
        f"{_SELECT} AND id = ANY($4::uuid[])", scope.account_id, scope.mode, now() - RETRIEVABLE, list(ids)
    )
    return {shipment.id: shipment for shipment in map(_stored, rows)}


async def find_references(tx: Tx, scope: Scope, wanted: Wanted, accounts: Sequence[CarrierAccount]) -> References:
    """What exists of what a request names by id."""
    addresses = await find_addresses(tx, scope, wanted.addresses) if wanted.addresses else {}
    parcels = await find_parcels(tx, scope, wanted.parcels) if wanted.parcels else {}
    declarations = await find_declarations(tx, scope, [wanted.declaration]) if wanted.declaration else {}
    items = await find_items(tx, scope, wanted.items) if wanted.items else {}
    return References(
        addresses=addresses,
        parcels=parcels,
        declaration=next(iter(declarations.values()), None),
        item_ids=frozenset(items),
        has_order=wanted.order is not None and await find_order(tx, scope, wanted.order) is not None,
        account_ids=frozenset(account.id for account in accounts),
    )


def _stored(row: Row) -> StoredShipment:
    return StoredShipment(
        id=Id(row["id"]),
        status=row["status"],
        details=msgspec.convert(row["details"], ShipmentDetails),
        carrier_account_ids=tuple(Id(account_id) for account_id in row["carrier_account_ids"]),
        order_id=row["order_id"],
        shipment_date=row["shipment_date"],
        metadata=row["metadata"],
        messages=tuple(msgspec.convert(message, Message) for message in row["messages"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
