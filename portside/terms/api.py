"""/partner: what a platform settles for the accounts that it manages or that are connected to its apps.

Only the platform itself may: its own API token, in the token's mode. A token granted to an app acts for the merchant.
"""

from __future__ import annotations

from portside.db.begin import begin, reading
from portside.errors import BadRequest, Forbidden
from portside.kit.scope import Scope
from portside.rest.answer import Answer, rendered
from portside.rest.endpoint import Call, endpoint
from portside.terms import actions, queries, wire
from portside.terms.models import StoredSettings

_SETTINGS = "/partner/accounts/{account_id}/settings"
_PLAN = "/partner/plans/{plan_name}"
_TIER = "/partner/discount-tiers/{tier_name}"


def platform_scope(call: Call) -> Scope:
    """The caller as a platform. Raises Forbidden for an app's token, which is a merchant's."""
    if call.scope.actor.kind == "app":
        raise Forbidden("Only the platform's own API token can do this, not a token that was granted to an app.")
    return call.scope


def client_of(call: Call) -> str:
    """The client's address, for the audit log."""
    client = call.asgi.get("client")
    return client[0] if client else ""


def _check_body(call: Call) -> None:
    """Whoever lost the body must not lose the settings. Raises BadRequest."""
    if call.raw.strip() in (b"", b"null"):
        raise BadRequest("There is no body. Send {} to take everything back.")


@endpoint("GET", _SETTINGS, gives=wire.AccountSettingsOut)
async def get_account_settings(call: Call) -> Answer:
    """Retrieve what you have settled for an account."""
    scope = platform_scope(call)
    async with begin() as tx:
        stored = await queries.get_settings(tx, scope, call.id("account_id"))
    return _answer(stored, scope)


@endpoint("PUT", _SETTINGS, takes=wire.AccountSettingsIn, gives=wire.AccountSettingsOut)
async def put_account_settings(call: Call, given: wire.AccountSettingsIn) -> Answer:
    """Settle prices, carriers, services, label format, messages and looks for an account.

    Its rates follow from the next ones on; a rate that was shown is sold at the price that was shown.
    """
    scope, account_id = platform_scope(call), call.id("account_id")
    _check_body(call)
    change = wire.settings_change(given, call.header(b"if-match"), client_of(call))
    async with begin() as tx:
        stored = await actions.settle(tx, scope, account_id, change)
    return _answer(stored, scope)


@endpoint("PATCH", _SETTINGS, takes=wire.AccountSettingsIn, gives=wire.AccountSettingsOut)
async def change_account_settings(call: Call, given: wire.AccountSettingsIn) -> Answer:
    """Change some of what is settled for an account; null takes it back."""
    scope, account_id = platform_scope(call), call.id("account_id")
    content_type, if_match = call.header(b"content-type").encode("latin-1"), call.header(b"if-match")
    change = wire.settings_patch(given, call.raw, content_type, if_match, client_of(call))
    async with begin() as tx:
        stored = await actions.settle(tx, scope, account_id, change)
    return _answer(stored, scope)


def _answer(stored: StoredSettings, scope: Scope) -> Answer:
    body = rendered(wire.account_settings_out(stored, scope), 200)
    return Answer(200, body.body, headers=((b"etag", wire.etag(stored)),))


@endpoint("GET", "/partner/plans", gives=wire.PlanList)
async def list_plans(call: Call) -> wire.PlanList:
    """List your plans by name."""
    scope = platform_scope(call)
    async with reading() as tx:
        found = await queries.list_plans(tx, scope)
    return wire.PlanList(results=[wire.plan_out(plan, scope) for plan in found])


@endpoint("GET", _PLAN, gives=wire.PlanOut)
async def get_plan(call: Call) -> wire.PlanOut:
    """Retrieve a plan."""
    scope = platform_scope(call)
    async with reading() as tx:
        found = await queries.get_plan(tx, scope, call.text("plan_name"))
    return wire.plan_out(found, scope)


@endpoint("PUT", _PLAN, takes=wire.PlanIn, gives=wire.PlanOut)
async def put_plan(call: Call, given: wire.PlanIn) -> wire.PlanOut:
    """Create or replace a plan: a price rule for all accounts whose settings name it."""
    scope = platform_scope(call)
    _check_body(call)
    draft = wire.plan_draft(scope, call.text("plan_name"), given, client_of(call))
    async with begin() as tx:
        written = await actions.put_plan(tx, draft)
    return wire.plan_out(written, scope)


@endpoint("DELETE", _PLAN, status=204)
async def delete_plan(call: Call) -> None:
    """Delete a plan that no account has."""
    async with begin() as tx:
        await actions.delete_plan(tx, platform_scope(call), call.text("plan_name"), client_of(call))


@endpoint("GET", "/partner/discount-tiers", gives=wire.DiscountTierList)
async def list_discount_tiers(call: Call) -> wire.DiscountTierList:
    """List your discount tiers by name."""
    scope = platform_scope(call)
    async with reading() as tx:
        found = await queries.list_discount_tiers(tx, scope)
    return wire.DiscountTierList(results=[wire.discount_tier_out(tier, scope) for tier in found])


@endpoint("GET", _TIER, gives=wire.DiscountTierOut)
async def get_discount_tier(call: Call) -> wire.DiscountTierOut:
    """Retrieve a discount tier."""
    scope = platform_scope(call)
    async with reading() as tx:
        found = await queries.get_discount_tier(tx, scope, call.text("tier_name"))
    return wire.discount_tier_out(found, scope)


@endpoint("PUT", _TIER, takes=wire.DiscountTierIn, gives=wire.DiscountTierOut)
async def put_discount_tier(call: Call, given: wire.DiscountTierIn) -> wire.DiscountTierOut:
    """Create or replace a discount tier: percents off the carriers' prices, for all accounts whose settings name it."""
    scope = platform_scope(call)
    _check_body(call)
    draft = wire.discount_tier_draft(scope, call.text("tier_name"), given, client_of(call))
    async with begin() as tx:
        written = await actions.put_discount_tier(tx, draft)
    return wire.discount_tier_out(written, scope)


@endpoint("DELETE", _TIER, status=204)
async def delete_discount_tier(call: Call) -> None:
    """Delete a discount tier that no account has."""
    async with begin() as tx:
        await actions.delete_discount_tier(tx, platform_scope(call), call.text("tier_name"), client_of(call))


routes = [
    get_account_settings,
    put_account_settings,
    change_account_settings,
    list_plans,
    get_plan,
    put_plan,
    delete_plan,
    list_discount_tiers,
    get_discount_tier,
    put_discount_tier,
    delete_discount_tier,
]
