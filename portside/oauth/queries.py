"""Reads of the OAuth protocol's own tables."""

from __future__ import annotations

import msgspec

from portside.db.tx import Row, Tx
from portside.kit.clock import now
from portside.kit.crypto import hash_token
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.oauth.models import Code, Interaction, Prefill


async def find_interaction(tx: Tx, handle: str) -> Interaction | None:
    """The way through the connect page with this name, unless it is finished or its time is over.

    # unscoped: nobody is signed in yet, and who holds the name is on that way.
    """
    row = await tx.fetchrow(
        "SELECT * FROM oauth_interactions WHERE handle_hash = $1 AND expires_at > $2", hash_token(handle), now()
    )
    return None if row is None else interaction_of(row)


async def take_code(tx: Tx, code: str) -> Code | None:
    """The code, locked until the end of the transaction; None also while another exchange of it is going on: of two at
    once one wins, and the other must not look like the later reuse of a stolen code.

    # unscoped: the code is what tells the scope.
    """
    row = await tx.fetchrow(
        "SELECT * FROM oauth_codes WHERE code_hash = $1 FOR NO KEY UPDATE SKIP LOCKED", hash_token(code)
    )
    return None if row is None else Code(**{name: row[name] for name in Code.__struct_fields__})


async def may_grant(tx: Tx, scope: Scope, user_id: Id) -> bool:
    """Whether a person works on the account and, for live data, whether their e-mail is known to be theirs."""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM members m JOIN users u ON u.id = m.user_id WHERE m.account_id = $1 "
        "AND m.user_id = $2 AND ($3 = 'test' OR u.email_verified_at IS NOT NULL))",
        scope.account_id,
        user_id,
        scope.mode,
    )
    return found


async def has_open_code(tx: Tx, scope: Scope, connection_id: Id) -> bool:
    """Whether a code of that connection of the account waits to be exchanged."""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM oauth_codes o JOIN connections n ON n.id = o.connection_id "
        "WHERE n.account_id = $1 AND n.mode = $2 AND n.id = $3 AND o.used_at IS NULL AND o.expires_at > $4)",
        scope.account_id,
        scope.mode,
        connection_id,
        now(),
    )
    return found


async def list_subscribed_accounts(tx: Tx, scope: Scope, app_id: Id) -> list[Id]:
    """The accounts that this one manages and in which the app has subscriptions, acting for this one."""
    rows = await tx.fetch(
        "SELECT DISTINCT a.id FROM accounts a JOIN webhooks w ON w.account_id = a.id AND w.mode = $2 "
        "WHERE a.parent_id = $1 AND w.app_id = $3",
        scope.account_id,
        scope.mode,
        app_id,
    )
    return [Id(row["id"]) for row in rows]


def interaction_of(row: Row) -> Interaction:
    """A row of oauth_interactions as the type."""
    names = [name for name in Interaction.__struct_fields__ if name != "prefill"]
    return Interaction(prefill=msgspec.convert(row["prefill"], Prefill), **{name: row[name] for name in names})
