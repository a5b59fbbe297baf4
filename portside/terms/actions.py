"""Settling terms, and ending them. Each change is told in the platform's audit log with both its ends, and in the
merchant's by the names of what changed: what the platform earns is not the merchant's to read."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

from portside.audit.actions import note
from portside.db.tx import Row, Tx
from portside.errors import Conflict, FieldErrors, NotFound, PreconditionFailed
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.terms import queries
from portside.terms.models import (
    DiscountTier,
    DiscountTierDraft,
    Plan,
    PlanDraft,
    Settings,
    SettingsChange,
    StoredSettings,
)
from portside.terms.rules import changed_fields

CHANGED = "terms.changed"
# More would be a table of merchants, not of plans.
MOST_NAMED = 200

_WRITE = (
    "INSERT INTO account_terms (account_id, mode, partner_id, discount_tier, plan, settings, revision, created_at, "
    "updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (account_id, mode) DO UPDATE SET "
    "partner_id = $3, discount_tier = $4, plan = $5, settings = $6, revision = $7, updated_at = $8, "
    "created_at = CASE WHEN account_terms.partner_id = $3 THEN account_terms.created_at ELSE $8 END RETURNING *"
)


async def settle(tx: Tx, scope: Scope, account_id: Id, change: SettingsChange) -> StoredSettings:
    """Settle an account's terms, as the platform whose scope it is.

    Raises NotFound for an account that is none of the platform's, Conflict where another platform's terms hold,
    PreconditionFailed when they were changed since the caller saw them, FieldErrors for an unknown plan or tier.
    """
    await queries.check_reach(tx, scope, account_id)
    # Whoever else settles terms of this account waits here.
    merchant = await tx.fetchrow(
        "SELECT id, email, company_name FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id
    )
    row = await tx.fetchrow(
        f"SELECT t.*, {queries.IS_CURRENT} AS is_current FROM account_terms t WHERE account_id = $1 AND mode = $2",
        account_id,
        scope.mode,
    )
    before = _own(scope, account_id, row)
    if change.expected is not None and change.expected != (before.revision or ""):
        raise PreconditionFailed("These settings were changed meanwhile. Read them again.")
    settings = _merged(before.settings, change)
    await _check_names(tx, scope, settings)
    if settings == before.settings and before.revision is not None:
        return before
    stored = await _written(tx, scope, account_id, settings)
    name = merchant["company_name"] or merchant["email"] if merchant else ""
    await _tell(tx, scope, account_id, name, before.settings, settings, change.address)
    return stored


async def end_terms(tx: Tx, scope: Scope, partner_account_id: Id) -> bool:
    """End what a platform has settled for the account (`scope`: the merchant's), in the scope's mode; gives whether
    there was anything to end.

    To be called after a connection of one of its apps has ended, in the same transaction: as long as another of its
    apps is connected, or it manages the account, its terms stay. Rates that were shown keep their prices.
    """
    ended = await tx.fetchrow(
        "DELETE FROM account_terms t WHERE t.account_id = $1 AND t.mode = $2 AND t.partner_id = $3 "
        f"AND NOT {queries.IS_CURRENT} RETURNING t.settings",
        scope.account_id,
        scope.mode,
        partner_account_id,
    )
    if ended is None:
        return False
    platform = msgspec.structs.replace(scope, account_id=partner_account_id)
    before = msgspec.to_builtins(msgspec.convert(ended["settings"], Settings))
    details = {"account": scope.account_id, "before": before, "after": None}
    await note(tx, platform, CHANGED, scope.owner, details)
    await note(tx, scope, CHANGED, "", {"ended": True})
    return True


async def put_plan(tx: Tx, draft: PlanDraft) -> Plan:
    """Write a plan; accounts that have it pay by it from their next rates on. Raises Conflict if there are too many."""
    scope = draft.scope
    before = await tx.fetchval(
        "SELECT rule FROM plans WHERE account_id = $1 AND mode = $2 AND name = $3",
        scope.account_id,
        scope.mode,
        draft.name,
    )
    row = await tx.fetchrow(
        "INSERT INTO plans (account_id, mode, name, rule, created_at, updated_at) SELECT $1, $2, $3, $4, $5, $5 "
        "WHERE $6 OR (SELECT count(*) FROM plans WHERE account_id = $1 AND mode = $2) < $7 "
        "ON CONFLICT (account_id, mode, name) DO UPDATE SET rule = $4, updated_at = $5 RETURNING *",
        scope.account_id,
        scope.mode,
        draft.name,
        draft.rule,
        now(),
        before is not None,
        MOST_NAMED,
    )
    if row is None:
        raise Conflict(f"There may be at most {MOST_NAMED} plans.")
    await _tell_named(tx, scope, "plan", draft.name, before, row["rule"], draft.address)
    return queries.plan_of(row)


async def delete_plan(tx: Tx, scope: Scope, name: str, address: str = "") -> None:
    """Raises NotFound; Conflict while an account has the plan."""
    try:
        before = await tx.fetchval(
            "DELETE FROM plans WHERE account_id = $1 AND mode = $2 AND name = $3 RETURNING rule",
            scope.account_id,
            scope.mode,
            name,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise Conflict("This plan is in use. Give its accounts another one first.") from error
    if before is None:
        raise NotFound
    await _tell_named(tx, scope, "plan", name, before, None, address)


async def put_discount_tier(tx: Tx, draft: DiscountTierDraft) -> DiscountTier:
    """Write a discount tier; accounts that have it pay by it from their next rates on. Raises Conflict when there are
    too many."""
    scope = draft.scope
    before = await tx.fetchval(
        "SELECT discount FROM discount_tiers WHERE account_id = $1 AND mode = $2 AND name = $3",
        scope.account_id,
        scope.mode,
        draft.name,
    )
    row = await tx.fetchrow(
        "INSERT INTO discount_tiers (account_id, mode, name, discount, created_at, updated_at) "
        "SELECT $1, $2, $3, $4, $5, $5 "
        "WHERE $6 OR (SELECT count(*) FROM discount_tiers WHERE account_id = $1 AND mode = $2) < $7 "
        "ON CONFLICT (account_id, mode, name) DO UPDATE SET discount = $4, updated_at = $5 RETURNING *",
        scope.account_id,
        scope.mode,
        draft.name,
        draft.discount,
        now(),
        before is not None,
        MOST_NAMED,
    )
    if row is None:
        raise Conflict(f"There may be at most {MOST_NAMED} discount tiers.")
    await _tell_named(tx, scope, "discount tier", draft.name, before, row["discount"], draft.address)
    return queries.tier_of(row)


async def delete_discount_tier(tx: Tx, scope: Scope, name: str, address: str = "") -> None:
    """Raises NotFound; Conflict while an account has the tier."""
    try:
        before = await tx.fetchval(
            "DELETE FROM discount_tiers WHERE account_id = $1 AND mode = $2 AND name = $3 RETURNING discount",
            scope.account_id,
            scope.mode,
            name,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise Conflict("This discount tier is in use. Give its accounts another one first.") from error
    if before is None:
        raise NotFound
    await _tell_named(tx, scope, "discount tier", name, before, None, address)


def _own(scope: Scope, account_id: Id, row: Row | None) -> StoredSettings:
    """What the platform itself has settled so far. Another's terms that hold no more may be replaced."""
    if row is None:
        return queries.nothing_settled(account_id)
    if row["partner_id"] == scope.account_id:
        return queries.stored_settings(row)
    if row["is_current"]:
        raise Conflict("Another platform has settled the terms of this account. They hold until it is disconnected.")
    return queries.nothing_settled(account_id)


def _merged(before: Settings, change: SettingsChange) -> Settings:
    if change.names is None:
        return change.settings
    return msgspec.structs.replace(before, **{name: getattr(change.settings, name) for name in change.names})


async def _check_names(tx: Tx, scope: Scope, settings: Settings) -> None:
    """Raises FieldErrors. Both are locked against being deleted until the terms are written."""
    errors: dict[str, Any] = {}
    keys = (scope.account_id, scope.mode)
    if settings.plan is not None:
        sql = "SELECT name FROM plans WHERE account_id = $1 AND mode = $2 AND name = $3 FOR KEY SHARE"
        if await tx.fetchval(sql, *keys, settings.plan) is None:
            errors["price_rule"] = [{"plan": ["There is no such plan."]}]
    if settings.discount_tier is not None:
        sql = "SELECT name FROM discount_tiers WHERE account_id = $1 AND mode = $2 AND name = $3 FOR KEY SHARE"
        if await tx.fetchval(sql, *keys, settings.discount_tier) is None:
            errors["discount_tier"] = ["There is no such discount tier."]
    if errors:
        raise FieldErrors(errors)


async def _written(tx: Tx, scope: Scope, account_id: Id, settings: Settings) -> StoredSettings:
    row = await tx.fetchrow(
        _WRITE,
        account_id,
        scope.mode,
        scope.account_id,
        settings.discount_tier,
        settings.plan,
        settings,
        new_id(),
        now(),
    )
    assert row is not None
    return queries.stored_settings(row)


async def _tell(
    tx: Tx, scope: Scope, account_id: Id, name: str, before: Settings, after: Settings, address: str
) -> None:
    details = {"account": account_id, "before": msgspec.to_builtins(before), "after": msgspec.to_builtins(after)}
    await note(tx, scope, CHANGED, name, details, address)
    merchant = msgspec.structs.replace(scope, account_id=account_id)
    await note(tx, merchant, CHANGED, scope.owner, {"fields": changed_fields(before, after)})


async def _tell_named(tx: Tx, scope: Scope, kind: str, name: str, before: Any, after: Any, address: str) -> None:
    if before != after:
        await note(tx, scope, CHANGED, f"{kind} {name}", {"before": before, "after": after}, address)
