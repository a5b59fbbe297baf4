"""The cast of every test (law 8): alice owns an account, bob is on her team, charlie must never see anything of
theirs, paula runs a platform."""

from __future__ import annotations

import msgspec

from portside.accounts import actions, queries
from portside.carrier_accounts.actions import open_default_accounts
from portside.db.begin import begin
from portside.kit.crypto import hash_token
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with an account and a token for each mode."""

    account_id: Id
    email: str
    password: str
    token: str
    live_token: str
    scope: Scope
    live_scope: Scope


PASSWORD = "a long enough secret"


async def make_person(name: str, password_hash: str = "not a usable hash") -> Person:
    """A fresh account, so that no test sees another's rows."""
    email = f"{name}-{new_id()[-12:]}@example.com"
    async with begin() as tx:
        account_id = await actions.create_account(
            tx, email=email, company=f"{name.title()} Ltd", name=name.title(), password_hash=password_hash
        )
        await open_default_accounts(tx, account_id)
        token = await actions.create_token(tx, account_id, "test", name="test token")
        live_token = await actions.create_token(tx, account_id, "live", name="live token")
        scope = await queries.find_scope_of_token(tx, hash_token(token))
        live_scope = await queries.find_scope_of_token(tx, hash_token(live_token))
    assert scope is not None and live_scope is not None
    return Person(
        account_id=account_id,
        email=email,
        password=PASSWORD,
        token=token,
        live_token=live_token,
        scope=scope,
        live_scope=live_scope,
    )


async def make_teammate(owner: Person, name: str, password_hash: str = "not a usable hash") -> Person:
    """Somebody who works on the owner's account as a member, with tokens of their own making."""
    email, user_id = f"{name}-{new_id()[-12:]}@example.com", new_id()
    async with begin() as tx:
        await actions.create_user(tx, user_id=user_id, email=email, name=name.title(), password_hash=password_hash)
        await actions.add_member(tx, owner.account_id, user_id, "member")
        made = [
            await actions.create_token(tx, owner.account_id, mode, name=f"{name}'s", created_by=user_id)
            for mode in ("test", "live")
        ]
    return msgspec.structs.replace(owner, email=email, token=made[0], live_token=made[1])
