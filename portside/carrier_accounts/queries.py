"""Reads of carrier accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portside.carrier_accounts.models import SHIPPO_ACCOUNTS, CarrierAccount
from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope

SELECT = (
    "SELECT id, carrier, carrier_account_id, parameters_sealed, parameter_names, active, is_test, is_shippo_account, "
    "metadata, authorization_status, created_at, updated_at FROM carrier_accounts WHERE account_id = $1 AND mode = $2"
)


async def get_carrier_account(tx: Tx, scope: Scope, carrier_account_id: Id) -> CarrierAccount:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{SELECT} AND id = $3", scope.account_id, scope.mode, carrier_account_id)
    if row is None:
        raise NotFound
    return carrier_account(row)


async def get_registration(tx: Tx, scope: Scope, carrier: str) -> CarrierAccount:
    """The Shippo account with a carrier. Raises NotFound."""
    row = await tx.fetchrow(
        f"{SELECT} AND is_shippo_account AND carrier = $3 AND carrier_account_id = $4",
        scope.account_id,
        scope.mode,
        carrier,
        SHIPPO_ACCOUNTS[carrier],
    )
    if row is None:
        raise NotFound
    return carrier_account(row)


async def list_carrier_accounts(
    tx: Tx, scope: Scope, page: PageRequest, *, carrier: str | None = None, account_id: str | None = None
) -> Slice[CarrierAccount]:
    """Newest first; only those of a carrier, or with the carrier's number for it, if given."""
    select = SELECT
    values: list[Any] = [scope.account_id, scope.mode]
    for column, wanted in (("carrier", carrier), ("carrier_account_id", account_id)):
        if wanted is not None:
            values.append(wanted)
            select += f" AND {column} = ${len(values)}"
    return (await fetch_page(tx, select, values, page)).map(carrier_account)


async def find_carrier_accounts(tx: Tx, scope: Scope, ids: Sequence[Id]) -> dict[Id, CarrierAccount]:
    """Those of the ids that exist, by id."""
    rows = await tx.fetch(f"{SELECT} AND id = ANY($3::uuid[])", scope.account_id, scope.mode, list(ids))
    return {row["id"]: carrier_account(row) for row in rows}


async def list_active(tx: Tx, scope: Scope, ids: Sequence[Id] | None = None) -> list[CarrierAccount]:
    """The accounts that may be asked for rates, oldest first: all, or those of the ids that exist and are active."""
    rows = await tx.fetch(
        f"{SELECT} AND active AND ($3::uuid[] IS NULL OR id = ANY($3)) ORDER BY id",
        scope.account_id,
        scope.mode,
        None if ids is None else list(ids),
    )
    return [carrier_account(row) for row in rows]


def carrier_account(row: Row) -> CarrierAccount:
    """A row of SELECT as the type."""
    return CarrierAccount(
        id=row["id"],
        carrier=row["carrier"],
        account_id=row["carrier_account_id"],
        parameters_sealed=row["parameters_sealed"],
        parameter_names=tuple(row["parameter_names"]),
        active=row["active"],
        is_test=row["is_test"],
        is_shippo_account=row["is_shippo_account"],
        metadata=row["metadata"],
        authorization=row["authorization_status"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
