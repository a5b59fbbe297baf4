"""Changes along the OAuth protocol: interactions, codes, tokens, and their end."""

from __future__ import annotations

import datetime as dt

from portside.accounts.queries import get_scope
from portside.apps import actions as apps
from portside.db.tx import Tx
from portside.errors import NotFound
from portside.kit.clock import now
from portside.kit.crypto import hash_token, new_token
from portside.kit.ids import Id
from portside.kit.scope import Actor
from portside.oauth.models import Interaction, InteractionDraft
from portside.oauth.queries import interaction_of

INTERACTION_MINUTES = 15
CODE_MINUTES = 10


async def begin_interaction(tx: Tx, draft: InteractionDraft) -> str:
    """A new way through the connect page; gives its name, which belongs in the page's form and nowhere else.

    # unscoped: nobody is signed in yet.
    """
    handle = new_token("")
    moment = now()
    await tx.execute(
        "INSERT INTO oauth_interactions (handle_hash, app_id, mode, redirect_uri, redirect_uri_given, origin, scopes, "
        "state, code_challenge, prefill, utm_source, created_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        hash_token(handle),
        draft.app_id,
        draft.mode,
        draft.redirect_uri,
        draft.redirect_uri_given,
        draft.origin,
        draft.scopes,
        draft.state,
        draft.code_challenge,
        draft.prefill,
        draft.utm_source,
        moment,
        moment + dt.timedelta(minutes=INTERACTION_MINUTES),
    )
    return handle


async def sign_in_interaction(tx: Tx, handle: str, user_id: Id, account_id: Id) -> str:
    """Somebody has signed in on this way; gives its new name, the one before is void. Its end stays when it was.

    Raises NotFound when it is finished or too old. # unscoped: a sign-in makes the scope.
    """
    renamed = new_token("")
    done = await tx.fetchval(
        "UPDATE oauth_interactions SET handle_hash = $2, user_id = $3, account_id = $4 "
        "WHERE handle_hash = $1 AND expires_at > $5 RETURNING app_id",
        hash_token(handle),
        hash_token(renamed),
        user_id,
        account_id,
        now(),
    )
    if done is None:
        raise NotFound("This page was open for too long.")
    return renamed


async def consume_interaction(tx: Tx, handle: str) -> Interaction | None:
    """Finish a way: it is given once and gone; None if it was finished before or is too old.

    # unscoped: who holds the name is on that way.
    """
    row = await tx.fetchrow(
        "DELETE FROM oauth_interactions WHERE handle_hash = $1 AND expires_at > $2 RETURNING *",
        hash_token(handle),
        now(),
    )
    return None if row is None else interaction_of(row)


async def grant(tx: Tx, interaction: Interaction) -> str:
    """The person who signed in on it lets the app act for the account; gives the code for the redirect.

    Raises NotFound when nobody has signed in. # unscoped: the interaction names the account and the mode.
    """
    if interaction.account_id is None or interaction.user_id is None:
        raise NotFound("Nobody has signed in on this page.")
    scope = await get_scope(tx, interaction.account_id, interaction.mode, Actor("user", interaction.user_id))
    connection = await apps.connect(tx, scope, interaction.app_id, interaction.scopes, interaction.user_id)
    code = new_token("")
    moment = now()
    await tx.execute(
        "INSERT INTO oauth_codes (code_hash, app_id, connection_id, redirect_uri, redirect_uri_given, code_challenge, "
        "scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        hash_token(code),
        interaction.app_id,
        connection.id,
        interaction.redirect_uri,
        interaction.redirect_uri_given,
        interaction.code_challenge,
        interaction.scopes,
        moment,
        moment + dt.timedelta(minutes=CODE_MINUTES),
    )
    return code
