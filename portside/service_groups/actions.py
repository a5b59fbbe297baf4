"""Changes to service groups."""

from __future__ import annotations

from collections.abc import Sequence

from portside.db.tx import Tx
from portside.errors import BadRequest, NotFound
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.service_groups import queries
from portside.service_groups.models import ServiceGroup, ServiceGroupDraft, ServiceLevel
from portside.service_groups.rules import MOST_GROUPS, check_group, merged


async def create_service_group(tx: Tx, draft: ServiceGroupDraft) -> ServiceGroup:
    """Write a group; gives it as stored. Raises FieldErrors, and BadRequest when the account has too many."""
    scope, group_id = draft.scope, new_id()
    check_group(draft.details, draft.service_levels, await queries.find_accounts(tx, scope, draft.service_levels))
    if await queries.count_service_groups(tx, scope) >= MOST_GROUPS:
        raise BadRequest(f"An account may have at most {MOST_GROUPS} service groups in each mode.")
    await tx.execute(
        "INSERT INTO service_groups (account_id, mode, id, is_active, details, created_at, updated_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $6)",
        scope.account_id,
        scope.mode,
        group_id,
        draft.is_active,
        draft.details,
        now(),
    )
    await _write_levels(tx, scope, group_id, draft.service_levels)
    return await queries.get_service_group(tx, scope, group_id)


async def update_service_group(tx: Tx, scope: Scope, group_id: Id, draft: ServiceGroupDraft) -> ServiceGroup:
    """Make a group what the draft says; gives it as it is now. Raises NotFound, FieldErrors."""
    await _lock(tx, scope, group_id)
    details = merged((await queries.get_service_group(tx, scope, group_id)).details, draft.details)
    check_group(details, draft.service_levels, await queries.find_accounts(tx, scope, draft.service_levels))
    await tx.execute(
        "UPDATE service_groups SET is_active = $4, details = $5, updated_at = $6 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        group_id,
        draft.is_active,
        details,
        now(),
    )
    await tx.execute(
        "DELETE FROM service_group_levels WHERE account_id = $1 AND mode = $2 AND service_group_id = $3",
        scope.account_id,
        scope.mode,
        group_id,
    )
    await _write_levels(tx, scope, group_id, draft.service_levels)
    return await queries.get_service_group(tx, scope, group_id)


async def delete_service_group(tx: Tx, scope: Scope, group_id: Id) -> None:
    """Forget a group with its service levels. Raises NotFound."""
    deleted = await tx.fetchval(
        "DELETE FROM service_groups WHERE account_id = $1 AND mode = $2 AND id = $3 RETURNING id",
        scope.account_id,
        scope.mode,
        group_id,
    )
    if deleted is None:
        raise NotFound


async def _lock(tx: Tx, scope: Scope, group_id: Id) -> None:
    """Two updates at once would otherwise write each other's service levels twice."""
    locked = await tx.fetchval(
        "SELECT id FROM service_groups WHERE account_id = $1 AND mode = $2 AND id = $3 FOR UPDATE",
        scope.account_id,
        scope.mode,
        group_id,
    )
    if locked is None:
        raise NotFound


async def _write_levels(tx: Tx, scope: Scope, group_id: Id, levels: Sequence[ServiceLevel]) -> None:
    await tx.execute(
        "INSERT INTO service_group_levels (account_id, mode, service_group_id, position, carrier_account_id, "
        "service_token) SELECT $1, $2, $3, place, account, token "
        "FROM unnest($4::uuid[], $5::text[]) WITH ORDINALITY AS given (account, token, place)",
        scope.account_id,
        scope.mode,
        group_id,
        [level.carrier_account_id for level in levels],
        [level.service_token for level in levels],
    )
