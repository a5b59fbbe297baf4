"""Reads of rates. Those older than Shippo keeps them are not found."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from portside.carriers.contract import Quote
from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.rates.models import StoredRate
from portside.rates.rules import RETRIEVABLE

_SELECT = (
    "SELECT id, shipment_id, carrier_account_id, carrier, service_token, amount, currency, attributes, details, quote, "
    "partner_id, created_at FROM rates WHERE account_id = $1 AND mode = $2 AND created_at > $3"
)


async def get_rate(tx: Tx, scope: Scope, rate_id: Id) -> StoredRate:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{_SELECT} AND id = $4", scope.account_id, scope.mode, now() - RETRIEVABLE, rate_id)
    if row is None:
        raise NotFound
    return _stored(row)


async def list_rates(tx: Tx, scope: Scope, shipment_id: Id | None, page: PageRequest) -> Slice[StoredRate]:
    """The rates of a shipment, cheapest first; without one those of all, by shipment, newest first."""
    sql, params = _SELECT, [scope.account_id, scope.mode, now() - RETRIEVABLE]
    if shipment_id is not None:
        sql += " AND shipment_id = $4"
        params.append(shipment_id)
    return (await fetch_page(tx, sql, params, page)).map(_stored)


async def find_rates(tx: Tx, scope: Scope, shipment_ids: Sequence[Id]) -> dict[Id, list[StoredRate]]:
    """All rates of each of the shipments, cheapest first; a shipment without rates is not in it."""
    rows = await tx.fetch(
        f"{_SELECT} AND shipment_id = ANY($4::uuid[]) ORDER BY shipment_id, id DESC",
        scope.account_id,
        scope.mode,
        now() - RETRIEVABLE,
        list(shipment_ids),
    )
    found: dict[Id, list[StoredRate]] = {}
    for rate in map(_stored, rows):
        found.setdefault(rate.shipment_id, []).append(rate)
    return found


async def find_rates_by_id(tx: Tx, scope: Scope, rate_ids: Sequence[Id]) -> dict[Id, StoredRate]:
    """Those of the ids that exist, by id."""
    rows = await tx.fetch(
        f"{_SELECT} AND id = ANY($4::uuid[])", scope.account_id, scope.mode, now() - RETRIEVABLE, list(rate_ids)
    )
    return {rate.id: rate for rate in map(_stored, rows)}


def _stored(row: Row) -> StoredRate:
    details = row["details"]
    return StoredRate(
        id=Id(row["id"]),
        shipment_id=Id(row["shipment_id"]),
        carrier_account_id=Id(row["carrier_account_id"]),
        carrier=row["carrier"],
        provider=details["provider"],
        service_token=row["service_token"],
        amount=row["amount"],
        currency=row["currency"],
        amount_local=Decimal(details["amount_local"]),
        currency_local=details["currency_local"],
        attributes=tuple(row["attributes"]),
        quote=msgspec.convert(row["quote"], Quote),
        partner_id=row["partner_id"],
        created_at=row["created_at"],
    )
