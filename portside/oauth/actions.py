"""Changes along the OAuth protocol: interactions, codes, tokens, and their end."""

from __future__ import annotations

import datetime as dt

from portside.accounts import actions as accounts
from portside.accounts.models import AppTokenDraft
from portside.accounts.queries import find_grant_of_token, get_managed_scope, get_scope, list_app_tokens
from portside.apps import actions as apps
from portside.apps.models import App
from portside.apps.queries import find_app, find_app_names, find_connection, list_connected_accounts
from portside.apps.rules import may_grant_live
from portside.audit.actions import note
from portside.db.commits import after_commit
from portside.db.tx import Tx
from portside.errors import Forbidden, NotFound
from portside.kit.clock import now
from portside.kit.crypto import hash_token, new_token
from portside.kit.ids import Id
from portside.kit.scope import Actor, Scope
from portside.oauth import queries
from portside.oauth.models import Code, Held, Interaction, InteractionDraft, Issued, Redemption, Refusal
from portside.oauth.queries import interaction_of
from portside.oauth.rules import refusal_of
from portside.rest.caller import forget_tokens
from portside.rest.permissions import covers
from portside.terms.actions import end_terms
from portside.webhooks.actions import cancel_ungranted, delete_webhooks_of_app

INTERACTION_MINUTES = 15
CODE_MINUTES = 10
# Tokens that one connection may have at once; a partner who reconnects for ever ends the oldest.
MOST_TOKENS = 10
# How long a code is remembered, so that its reuse is noticed.
CODE_DAYS = 1


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


async def drop_interactions(tx: Tx, user_id: Id) -> None:
    """End the ways on which that person has signed in: their password was changed, and whoever knew the one before may
    have come as far as the consent. # unscoped: they belong to a person.
    """
    await tx.execute("DELETE FROM oauth_interactions WHERE user_id = $1", user_id)


async def grant(tx: Tx, interaction: Interaction, *, address: str = "") -> str:
    """The person who signed in on it lets the app act for the account; gives the code for the redirect. Who grants less
    means less: tokens that hold more end at once, and what waits to be told and is more is not sent. `address` is the
    person's, for the audit log.

    Raises NotFound when nobody has signed in, or the app was deleted meanwhile; Forbidden when the person no longer
    works on the account, or their e-mail is not verified and the data is live.

    # unscoped: the interaction names the account and the mode.
    """
    if interaction.account_id is None or interaction.user_id is None:
        raise NotFound("Nobody has signed in on this page.")
    scope = await get_scope(tx, interaction.account_id, interaction.mode, Actor("user", interaction.user_id))
    if not await queries.may_grant(tx, scope, interaction.user_id):
        raise Forbidden("This person may not let apps act for the account.")
    connection = await apps.connect(tx, scope, interaction.app_id, interaction.scopes, interaction.user_id)
    name = await _app_name(tx, interaction.app_id)
    await note(tx, scope, "connection.created", name, {"scope": connection.scopes}, address)
    if (owner := await find_app(tx, interaction.app_id)) is not None:
        # They stay unless less than everything is granted now.
        await end_terms(tx, scope, owner.account_id)
    await cancel_ungranted(tx, scope, interaction.app_id, connection.scopes)
    for credential_id, scopes in (await list_app_tokens(tx, scope, connection.id)).items():
        if not covers(connection.scopes, scopes):
            await accounts.revoke_app_tokens(tx, scope, connection.id, credential_id)
            after_commit(forget_tokens)
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


async def exchange(tx: Tx, app: App, given: Redemption, *, address: str = "") -> Issued | Refusal:
    """Make a token from a code, once. A code that comes back ends the token that was made from it. `address` is the
    client's, for the audit log.

    # unscoped: the code is what tells the scope.
    """
    code = await queries.take_code(tx, given.code)
    refusal = refusal_of(code, app.id, given, now())
    if refusal is not None:
        if code is not None and refusal.reason == "reused":
            await _end_reused(tx, app, code, address)
        return refusal
    assert code is not None
    held = await _hold_connection(tx, code.connection_id)
    if held is None or not covers(held.scopes, code.scopes):
        return Refusal("ended", "The connection was ended meanwhile, or less was granted.")
    scope = held.scope
    if scope.mode == "live" and not may_grant_live(app):
        return Refusal("not_live", "This app may not use live data at the moment.")
    draft = AppTokenDraft(
        scope=scope,
        app_id=app.id,
        connection_id=code.connection_id,
        scopes=code.scopes,
        name=app.name,
        created_by=held.created_by,
    )
    credential_id, token = await accounts.create_app_token(tx, draft, MOST_TOKENS)
    await tx.execute(
        "UPDATE oauth_codes SET used_at = $2, credential_id = $3 WHERE code_hash = $1",
        hash_token(given.code),
        now(),
        credential_id,
    )
    await note(tx, scope, "token.created", app.name, {"scope": code.scopes}, address)
    after_commit(forget_tokens)
    return Issued(access_token=token, scopes=code.scopes, account_id=scope.account_id, mode=scope.mode)


async def _end_reused(tx: Tx, app: App, code: Code, address: str) -> None:
    """Two have had the code, and nobody knows which of them holds the token (RFC 6749 §4.1.2)."""
    held = await _hold_connection(tx, code.connection_id)
    if held is None:
        return
    ended = await accounts.revoke_app_tokens(tx, held.scope, code.connection_id, code.credential_id)
    await note(tx, held.scope, "oauth.code_reused", app.name, {"token_ended": ended > 0}, address)
    after_commit(forget_tokens)


async def revoke(tx: Tx, app: App, token: str, *, address: str = "") -> bool:
    """End one of the app's tokens, and with the last of a connection the connection; an unknown one is as good as
    ended (RFC 7009 §2.2). False: it is a token, and not the app's.

    # unscoped: the token is what tells the scope.
    """
    found = await find_grant_of_token(tx, hash_token(token))
    if found is None:
        return True
    if found.scope.actor != Actor("app", app.id):
        return False
    connection = await find_connection(tx, found.scope, app.id)
    if connection is None or await _hold_connection(tx, connection.id) is None:
        return True
    await accounts.revoke_app_tokens(tx, found.scope, connection.id, found.credential_id)
    await note(tx, found.scope, "oauth.token_revoked", app.name, address=address)
    after_commit(forget_tokens)
    left = await list_app_tokens(tx, found.scope, connection.id)
    if not left and not await queries.has_open_code(tx, found.scope, connection.id):
        await disconnect(tx, found.scope, app.id, address=address)
    return True


async def disconnect(tx: Tx, scope: Scope, app_id: Id, *, address: str = "") -> None:
    """The app may no longer act for the account in this mode: its tokens end (and with them the short-lived ones made
    with them), its codes, its subscriptions in the account and in those that the account manages, and the terms that
    its owner has settled. Raises NotFound when it is not connected."""
    connection = await find_connection(tx, scope, app_id)
    app = (await find_app_names(tx, [app_id])).get(app_id)
    if connection is None or app is None:
        raise NotFound
    # The row first: who is making a token from a code holds it, and the next one finds it ended.
    await apps.end_connection(tx, scope, connection.id, str(scope.actor))
    tokens = await accounts.revoke_app_tokens(tx, scope, connection.id)
    subscriptions = await delete_webhooks_of_app(tx, scope, app_id)
    for account_id in await queries.list_subscribed_accounts(tx, scope, app_id):
        managed = await get_managed_scope(tx, scope, account_id)
        subscriptions += await delete_webhooks_of_app(tx, managed, app_id)
    owner = await find_app(tx, app_id)
    if owner is not None:
        await end_terms(tx, scope, owner.account_id)
    details = {"tokens_ended": tokens, "subscriptions_ended": subscriptions}
    await note(tx, scope, "connection.ended", app.name, details, address)
    after_commit(forget_tokens)


async def disconnect_everyone(tx: Tx, app_id: Id, actor: Actor) -> int:
    """End all connections of an app, as before it is deleted; gives how many there were.

    # unscoped: the app's owner takes it away from everybody.
    """
    ended = 0
    for connection in await list_connected_accounts(tx, app_id):
        try:
            await disconnect(tx, await get_scope(tx, connection.account_id, connection.mode, actor), app_id)
        except NotFound:
            # The account has just ended it itself.
            continue
        ended += 1
    return ended


async def forget_old(tx: Tx) -> None:
    """Forget ways that led nowhere, and codes that nobody could use any more. # unscoped: time passes for all alike."""
    await tx.execute("DELETE FROM oauth_interactions WHERE expires_at <= $1", now())
    await tx.execute("DELETE FROM oauth_codes WHERE expires_at <= $1", now() - dt.timedelta(days=CODE_DAYS))


async def _hold_connection(tx: Tx, connection_id: Id) -> Held | None:
    """Lock a connection that has not ended, until the end of the transaction."""
    row = await tx.fetchrow(
        "SELECT account_id, mode, app_id, scopes, created_by FROM connections WHERE id = $1 AND ended_at IS NULL "
        "FOR NO KEY UPDATE",
        connection_id,
    )
    if row is None:
        return None
    scope = await get_scope(tx, Id(row["account_id"]), row["mode"], Actor("app", row["app_id"]))
    return Held(scope=scope, scopes=row["scopes"], created_by=row["created_by"])


async def _app_name(tx: Tx, app_id: Id) -> str:
    named = await find_app_names(tx, [app_id])
    return named[app_id].name if app_id in named else ""
