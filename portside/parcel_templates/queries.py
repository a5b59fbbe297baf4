"""Reads of parcel templates, and of the carriers whose templates concern an account."""

from __future__ import annotations

import msgspec

from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.parcel_templates.models import StoredUserTemplate, UserTemplate

SELECT = "SELECT id, details, created_at, updated_at FROM user_parcel_templates WHERE account_id = $1 AND mode = $2"


async def get_user_template(tx: Tx, scope: Scope, template_id: Id) -> StoredUserTemplate:
    """Raises NotFound."""
    template = await find_user_template(tx, scope, template_id)
    if template is None:
        raise NotFound
    return template


async def find_user_template(tx: Tx, scope: Scope, template_id: Id) -> StoredUserTemplate | None:
    row = await tx.fetchrow(f"{SELECT} AND id = $3", scope.account_id, scope.mode, template_id)
    return None if row is None else user_template(row)


async def list_user_templates(tx: Tx, scope: Scope) -> list[StoredUserTemplate]:
    """All of them (rules.MOST_TEMPLATES), newest first."""
    return [user_template(row) for row in await tx.fetch(f"{SELECT} ORDER BY id DESC", scope.account_id, scope.mode)]


async def count_user_templates(tx: Tx, scope: Scope) -> int:
    count: int = await tx.fetchval(
        "SELECT count(*) FROM user_parcel_templates WHERE account_id = $1 AND mode = $2", scope.account_id, scope.mode
    )
    return count


async def find_carriers(tx: Tx, scope: Scope, *, only_active: bool) -> frozenset[str]:
    """The tokens of the carriers that the account has accounts with."""
    rows = await tx.fetch(
        "SELECT DISTINCT carrier FROM carrier_accounts "
        "WHERE account_id = $1 AND mode = $2 AND (active OR NOT $3::boolean)",
        scope.account_id,
        scope.mode,
        only_active,
    )
    return frozenset(row["carrier"] for row in rows)


def user_template(row: Row) -> StoredUserTemplate:
    """A row of SELECT as the type."""
    return StoredUserTemplate(
        template=msgspec.convert(row["details"], UserTemplate),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
