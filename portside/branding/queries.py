"""Reads of branding."""

from __future__ import annotations

import msgspec

from portside.accounts.queries import get_account
from portside.branding.models import Look, OwnBranding
from portside.branding.rules import look_of
from portside.db.tx import Tx
from portside.kit.scope import Scope
from portside.terms.queries import find_terms


async def get_own(tx: Tx, scope: Scope) -> OwnBranding:
    """What the account has said of itself, the same in both modes; empty at first."""
    row = await tx.fetchrow("SELECT * FROM account_branding WHERE account_id = $1", scope.account_id)
    if row is None:
        return OwnBranding()
    return msgspec.convert({name: row[name] for name in OwnBranding.__struct_fields__}, OwnBranding)


async def get_look(tx: Tx, scope: Scope) -> Look:
    """How the account looks to buyers. Raises NotFound."""
    return await look_with(tx, scope, await get_own(tx, scope))


async def look_with(tx: Tx, scope: Scope, own: OwnBranding) -> Look:
    """How the account would look if it said that of itself. Raises NotFound."""
    terms = await find_terms(tx, scope)
    account = await get_account(tx, scope)
    return look_of(own, terms.branding if terms else None, account.company_name)
