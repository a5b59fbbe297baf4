"""Reads of service groups."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portside.carrier_accounts.models import CarrierAccount
from portside.carrier_accounts.queries import SELECT as SELECT_ACCOUNTS
from portside.carrier_accounts.queries import carrier_account
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.service_groups.models import GroupDetails, ServiceGroup, ServiceLevel

_LEVELS = (
    "FROM service_group_levels l WHERE l.account_id = g.account_id AND l.mode = g.mode AND l.service_group_id = g.id "
    "ORDER BY l.position"
)
_COLUMNS = (
    "id, is_active, details, created_at, updated_at, "
    f"ARRAY(SELECT l.carrier_account_id {_LEVELS}) AS level_accounts, "
    f"ARRAY(SELECT l.service_token {_LEVELS}) AS level_tokens"
)
SELECT = f"SELECT {_COLUMNS} FROM service_groups g WHERE account_id = $1 AND mode = $2"


async def get_service_group(tx: Tx, scope: Scope, group_id: Id) -> ServiceGroup:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{SELECT} AND id = $3", scope.account_id, scope.mode, group_id)
    if row is None:
        raise NotFound
    return _group(row)


async def list_service_groups(tx: Tx, scope: Scope, *, only_active: bool = False) -> list[ServiceGroup]:
    """All of them (rules.MOST_GROUPS), newest first."""
    rows = await tx.fetch(
        f"{SELECT} AND (is_active OR NOT $3::boolean) ORDER BY id DESC", scope.account_id, scope.mode, only_active
    )
    return [_group(row) for row in rows]


async def count_service_groups(tx: Tx, scope: Scope) -> int:
    count: int = await tx.fetchval(
        "SELECT count(*) FROM service_groups WHERE account_id = $1 AND mode = $2", scope.account_id, scope.mode
    )
    return count


async def find_accounts(tx: Tx, scope: Scope, levels: Sequence[ServiceLevel]) -> dict[Id, CarrierAccount]:
    """The carrier accounts of the service levels that exist, by id; those that are switched off too."""
    ids = list({level.carrier_account_id for level in levels})
    rows = await tx.fetch(f"{SELECT_ACCOUNTS} AND id = ANY($3::uuid[])", scope.account_id, scope.mode, ids)
    return {account.id: account for account in map(carrier_account, rows)}


def _group(row: Row) -> ServiceGroup:
    return ServiceGroup(
        id=Id(row["id"]),
        details=msgspec.convert(row["details"], GroupDetails),
        service_levels=tuple(
            ServiceLevel(carrier_account_id=account_id, service_token=token)
            for account_id, token in zip(row["level_accounts"], row["level_tokens"], strict=True)
        ),
        is_active=row["is_active"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
