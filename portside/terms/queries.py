"""Reads of terms: as they hold for an account, and as the platform that settled them sees them."""

from __future__ import annotations

import msgspec

from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.rest.permissions import EVERYTHING
from portside.terms.models import Discount, DiscountTier, Plan, PriceRule, Settings, StoredSettings, Terms

# A grant of less than everything says nothing of prices and carriers, and lets nobody see what is bought.
_GRANTS_ALL = f"c.scopes = '{EVERYTHING}'"
_ACTS = "app_may_act(c.app_id, c.mode)"
# Whether the terms `t` hold: their platform manages the account, or an app of its own is connected in the mode.
IS_CURRENT = (
    "(EXISTS (SELECT FROM accounts m WHERE m.id = t.account_id AND m.parent_id = t.partner_id) "
    "OR EXISTS (SELECT FROM connections c JOIN apps ON apps.id = c.app_id WHERE c.account_id = t.account_id "
    f"AND c.mode = t.mode AND c.ended_at IS NULL AND {_GRANTS_ALL} AND apps.account_id = t.partner_id "
    "AND apps.deleted_at IS NULL))"
)
_HOLDS = (
    "SELECT a.parent_id, t.partner_id, t.settings, p.rule, d.discount FROM accounts a "
    f"LEFT JOIN account_terms t ON t.account_id = a.id AND t.mode = $2 AND {IS_CURRENT} "
    "LEFT JOIN plans p ON p.account_id = t.partner_id AND p.mode = t.mode AND p.name = t.plan "
    "LEFT JOIN discount_tiers d ON d.account_id = t.partner_id AND d.mode = t.mode AND d.name = t.discount_tier "
    "WHERE a.id = $1"
)


async def find_terms(tx: Tx, scope: Scope) -> Terms | None:
    """The terms that hold for the account in this mode; None for one that no platform has anything to do with."""
    row = await tx.fetchrow(_HOLDS, scope.account_id, scope.mode)
    if row is None or (row["partner_id"] is None and row["parent_id"] is None):
        return None
    if row["partner_id"] is None:
        return Terms(partner_id=Id(row["parent_id"]))
    settings = msgspec.convert(row["settings"], Settings)
    rule = msgspec.convert(row["rule"], PriceRule) if row["rule"] else settings.price_rule
    carriers, allowed = settings.allowed_carriers, settings.allowed_services
    return Terms(
        partner_id=Id(row["partner_id"]),
        rule=rule or PriceRule(),
        discount=msgspec.convert(row["discount"], Discount) if row["discount"] else Discount(),
        allowed_carriers=None if carriers is None else frozenset(carriers),
        allowed_services=None if allowed is None else frozenset(allowed),
        label_format=settings.label_format,
        notifications=settings.notifications,
        branding=settings.branding,
    )


async def get_settings(tx: Tx, scope: Scope, account_id: Id) -> StoredSettings:
    """What the platform (`scope`) has settled for an account of its merchants, empty at first. Raises NotFound unless
    it manages the account or an app of its own is connected to it in this mode, with everything granted."""
    await check_reach(tx, scope, account_id)
    row = await tx.fetchrow(
        "SELECT * FROM account_terms WHERE account_id = $1 AND mode = $2 AND partner_id = $3",
        account_id,
        scope.mode,
        scope.account_id,
    )
    return nothing_settled(account_id) if row is None else stored_settings(row)


async def check_reach(tx: Tx, scope: Scope, account_id: Id) -> None:
    """Raises NotFound unless the platform (`scope`) manages the account or an app of its own is connected to it and was
    granted everything.

    The connection is locked against its end until the transaction's own.
    """
    found = await tx.fetchval(
        "SELECT id FROM accounts WHERE id = $2 AND parent_id = $1", scope.account_id, account_id
    ) or await tx.fetchval(
        "SELECT c.id FROM connections c JOIN apps p ON p.id = c.app_id WHERE p.account_id = $1 AND c.account_id = $2 "
        f"AND c.mode = $3 AND c.ended_at IS NULL AND {_GRANTS_ALL} AND {_ACTS} AND p.deleted_at IS NULL "
        "ORDER BY c.id LIMIT 1 FOR SHARE OF c",
        scope.account_id,
        account_id,
        scope.mode,
    )
    if found is None:
        raise NotFound


async def list_reach(tx: Tx, scope: Scope) -> list[tuple[Id, str]]:
    """The accounts that the platform (`scope`) manages or that let it settle terms in this mode, with their names, by
    name."""
    rows = await tx.fetch(
        "SELECT a.id, coalesce(nullif(a.company_name, ''), a.email) AS name FROM accounts a WHERE a.parent_id = $1 "
        "OR EXISTS (SELECT FROM connections c JOIN apps p ON p.id = c.app_id WHERE p.account_id = $1 "
        f"AND c.account_id = a.id AND c.mode = $2 AND c.ended_at IS NULL AND {_GRANTS_ALL} AND {_ACTS} "
        "AND p.deleted_at IS NULL) "
        "ORDER BY lower(coalesce(nullif(a.company_name, ''), a.email)), a.id LIMIT 1000",
        scope.account_id,
        scope.mode,
    )
    return [(Id(row["id"]), row["name"]) for row in rows]


async def is_platform(tx: Tx, scope: Scope) -> bool:
    """Whether the account manages others or has apps of its own."""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM accounts WHERE parent_id = $1) "
        "OR EXISTS (SELECT FROM apps WHERE account_id = $1 AND deleted_at IS NULL)",
        scope.account_id,
    )
    return found


async def get_plan(tx: Tx, scope: Scope, name: str) -> Plan:
    """A plan of the platform's own. Raises NotFound."""
    row = await tx.fetchrow(
        "SELECT * FROM plans WHERE account_id = $1 AND mode = $2 AND name = $3", scope.account_id, scope.mode, name
    )
    if row is None:
        raise NotFound
    return plan_of(row)


async def list_plans(tx: Tx, scope: Scope) -> list[Plan]:
    """The platform's own plans by name."""
    rows = await tx.fetch(
        "SELECT * FROM plans WHERE account_id = $1 AND mode = $2 ORDER BY name", scope.account_id, scope.mode
    )
    return [plan_of(row) for row in rows]


async def get_discount_tier(tx: Tx, scope: Scope, name: str) -> DiscountTier:
    """A discount tier of the platform's own. Raises NotFound."""
    row = await tx.fetchrow(
        "SELECT * FROM discount_tiers WHERE account_id = $1 AND mode = $2 AND name = $3",
        scope.account_id,
        scope.mode,
        name,
    )
    if row is None:
        raise NotFound
    return tier_of(row)


async def list_discount_tiers(tx: Tx, scope: Scope) -> list[DiscountTier]:
    """The platform's own discount tiers by name."""
    rows = await tx.fetch(
        "SELECT * FROM discount_tiers WHERE account_id = $1 AND mode = $2 ORDER BY name", scope.account_id, scope.mode
    )
    return [tier_of(row) for row in rows]


def nothing_settled(account_id: Id) -> StoredSettings:
    """What a platform sees before it has settled anything."""
    return StoredSettings(account_id=account_id, settings=Settings(), revision=None, created_at=None, updated_at=None)


def stored_settings(row: Row) -> StoredSettings:
    """A row of account_terms as the type."""
    return StoredSettings(
        account_id=Id(row["account_id"]),
        settings=msgspec.convert(row["settings"], Settings),
        revision=Id(row["revision"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def plan_of(row: Row) -> Plan:
    """A row of plans as the type."""
    return Plan(
        name=row["name"],
        rule=msgspec.convert(row["rule"], PriceRule),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def tier_of(row: Row) -> DiscountTier:
    """A row of discount_tiers as the type."""
    return DiscountTier(
        name=row["name"],
        discount=msgspec.convert(row["discount"], Discount),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
