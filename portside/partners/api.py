"""/shippo-accounts: the accounts that a platform manages for its merchants"""

from __future__ import annotations

from portside.accounts.actions import update_managed_account
from portside.accounts.queries import get_managed_account, list_managed_accounts
from portside.db.begin import begin, reading
from portside.db.commits import after_commit
from portside.partners import actions, wire
from portside.rest.caller import forget_managed_accounts
from portside.rest.endpoint import Call, endpoint
from portside.rest.pages import Page


@endpoint("POST", "/shippo-accounts", status=201, takes=wire.ShippoAccountIn, gives=wire.ShippoAccountOut)
async def create_shippo_account(call: Call, given: wire.ShippoAccountIn) -> wire.ShippoAccountOut:
    """Create a managed account.

    It has carrier accounts of its own and nobody signs in to it. It is there in test and in live mode.
    """
    draft = wire.managed_account_draft(call.scope, given)
    async with begin() as tx:
        account = await actions.open_managed_account(tx, draft)
    return wire.shippo_account_out(account)


@endpoint("GET", "/shippo-accounts", gives=Page[wire.ShippoAccountOut])
async def list_shippo_accounts(call: Call) -> Page[wire.ShippoAccountOut]:
    """List your managed accounts, newest first."""
    page = call.page(25)
    async with reading() as tx:
        found = await list_managed_accounts(tx, call.scope, page)
    return call.page_of(found.map(wire.shippo_account_out), page)


@endpoint("GET", "/shippo-accounts/{shippo_account_id}", gives=wire.ShippoAccountOut)
async def get_shippo_account(call: Call) -> wire.ShippoAccountOut:
    """Retrieve a managed account."""
    async with reading() as tx:
        account = await get_managed_account(tx, call.scope, call.id("shippo_account_id"))
    return wire.shippo_account_out(account)


@endpoint("PUT", "/shippo-accounts/{shippo_account_id}", takes=wire.ShippoAccountIn, gives=wire.ShippoAccountOut)
async def update_shippo_account(call: Call, given: wire.ShippoAccountIn) -> wire.ShippoAccountOut:
    """Update a managed account."""
    profile = wire.profile(given)
    async with begin() as tx:
        account = await update_managed_account(tx, call.scope, call.id("shippo_account_id"), profile)
        # `object_owner` of what the account owns is its e-mail.
        after_commit(forget_managed_accounts)
    return wire.shippo_account_out(account)


routes = [create_shippo_account, list_shippo_accounts, get_shippo_account, update_shippo_account]
