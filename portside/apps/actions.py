"""Changes to partner apps, their origins and secrets, and to the connections that accounts have with them."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence

from portside.apps.models import App, AppChanges, AppDraft, Connection, Trust
from portside.apps.queries import CONNECTED, connection_of, get_app
from portside.apps.rules import MOST_APPS, checked_changes, trust_lost, trust_of
from portside.audit.actions import note
from portside.db.commits import after_commit
from portside.db.tx import Tx
from portside.errors import Conflict, FieldErrors, NotFound
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.crypto import hash_token, new_token
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.rest.caller import forget_tokens

# How long the secret before a rotated one works, if its owner needs time to bring the new one out.
GRACE = dt.timedelta(hours=24)
_HINT_LENGTH = 4


async def create_app(tx: Tx, draft: AppDraft, *, address: str = "") -> tuple[App, str]:
    """A new app, and its client secret, which is in this answer and nowhere else. `address` is the client's, for the
    audit log. Raises FieldErrors."""
    scope = draft.scope
    wanted = checked_changes(
        AppChanges(
            name=draft.name,
            redirect_uris=draft.redirect_uris,
            origins=draft.origins,
            site_url=draft.site_url,
            live=draft.live,
        )
    )
    if not draft.approved:
        await _check_room(tx, scope)
    app_id, secret = new_id(), new_token("secret_")
    await tx.execute(
        "INSERT INTO apps (id, account_id, name, site_url, client_id, secret_hash, secret_hint, redirect_uris, live, "
        "certified, approved, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
        app_id,
        scope.account_id,
        wanted.name,
        wanted.site_url,
        f"partner_{secrets.token_hex(12)}",
        hash_token(secret),
        secret[-_HINT_LENGTH:],
        wanted.redirect_uris,
        wanted.live,
        draft.certified,
        draft.approved,
        now(),
    )
    await _set_origins(tx, app_id, wanted.origins)
    app = await get_app(tx, scope, app_id)
    await note(tx, scope, "app.created", app.name, {"client_id": app.client_id, "live": app.live}, address)
    return app, secret


async def update_app(tx: Tx, scope: Scope, app_id: Id, changes: AppChanges, *, address: str = "") -> App:
    """Replace what is said of an app. Origins that stay keep their verification; what the operator has said of it ends
    by `rules.trust_lost`. Raises NotFound, FieldErrors."""
    wanted = checked_changes(changes)
    before = await hold_app(tx, scope, app_id)
    await tx.execute(
        "UPDATE apps SET name = $3, site_url = $4, redirect_uris = $5, live = $6, updated_at = $7 "
        "WHERE account_id = $1 AND id = $2",
        scope.account_id,
        app_id,
        wanted.name,
        wanted.site_url,
        wanted.redirect_uris,
        wanted.live,
        now(),
    )
    await _set_origins(tx, app_id, wanted.origins)
    lost = trust_lost(before, wanted)
    await _end_trust(tx, scope, app_id, lost)
    app = await get_app(tx, scope, app_id)
    details = {"redirect_uris": app.redirect_uris, "origins": wanted.origins, "live": app.live}
    await note(tx, scope, "app.changed", app.name, details, address)
    await _note_end_of_trust(tx, scope, app.name, lost, address)
    return app


async def rotate_secret(tx: Tx, scope: Scope, app_id: Id, *, keep_old: bool, address: str = "") -> str:
    """A new client secret, shown once. The old one dies now, or a day later if `keep_old`. Raises NotFound."""
    secret = new_token("secret_")
    name = await tx.fetchval(
        "UPDATE apps SET previous_secret_hash = CASE WHEN $5::timestamptz IS NULL THEN NULL ELSE secret_hash END, "
        "previous_secret_until = $5, secret_hash = $3, secret_hint = $4, updated_at = $6 "
        "WHERE account_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING name",
        scope.account_id,
        app_id,
        hash_token(secret),
        secret[-_HINT_LENGTH:],
        now() + GRACE if keep_old else None,
        now(),
    )
    if name is None:
        raise NotFound
    await note(tx, scope, "app.secret_rotated", name, {"old_works_on": keep_old}, address)
    return secret


async def set_logo(
    tx: Tx, scope: Scope, app_id: Id, logo_key: str | None, *, by_operator: bool = False, address: str = ""
) -> None:
    """Show that stored picture as the app's logo; None takes it away. Unless the operator does it, what they have said
    of the app ends, for they said it of another logo. Raises NotFound."""
    before = await hold_app(tx, scope, app_id)
    await tx.execute(
        "UPDATE apps SET logo_key = $3, updated_at = $4 WHERE account_id = $1 AND id = $2",
        scope.account_id,
        app_id,
        logo_key,
        now(),
    )
    if before.logo_key is not None and before.logo_key != logo_key:
        await enqueue(tx, _drop(before.logo_key))
    lost = () if by_operator or logo_key == before.logo_key else trust_of(before)
    await _end_trust(tx, scope, app_id, lost)
    await note(tx, scope, "app.changed", before.name, {"logo": logo_key is not None}, address)
    await _note_end_of_trust(tx, scope, before.name, lost, address)


async def mark_origin_verified(tx: Tx, scope: Scope, app_id: Id, origin: str, *, address: str = "") -> None:
    """The site has published its text. Raises NotFound if the app has no such origin (any more)."""
    after_commit(forget_tokens)
    name = await tx.fetchval(
        "UPDATE app_origins o SET verified_at = coalesce(o.verified_at, $4) FROM apps a WHERE a.id = o.app_id "
        "AND a.account_id = $1 AND a.id = $2 AND a.deleted_at IS NULL AND o.origin = $3 RETURNING a.name",
        scope.account_id,
        app_id,
        origin,
        now(),
    )
    if name is None:
        raise NotFound
    await note(tx, scope, "app.origin_verified", name, {"origin": origin}, address)


async def hold_app(tx: Tx, scope: Scope, app_id: Id) -> App:
    """The app, kept from being connected to until the transaction ends: for who disconnects everybody before it is
    deleted. Whoever connects locks the app before the connection, so this must come before theirs, too. Raises
    NotFound."""
    await tx.execute("SELECT FROM apps WHERE account_id = $1 AND id = $2 FOR UPDATE", scope.account_id, app_id)
    return await get_app(tx, scope, app_id)


async def delete_app(tx: Tx, scope: Scope, app_id: Id, *, address: str = "") -> None:
    """Remove an app; nobody can connect to it any more, and its name stays on what it made. Raises NotFound, Conflict
    while accounts are connected: who takes the app away disconnects them first."""
    app = await hold_app(tx, scope, app_id)
    await tx.execute(
        "UPDATE apps SET deleted_at = $3, logo_key = NULL, updated_at = $3 WHERE account_id = $1 AND id = $2",
        scope.account_id,
        app_id,
        now(),
    )
    if app.logo_key is not None:
        await enqueue(tx, _drop(app.logo_key))
    if await tx.fetchval("SELECT EXISTS (SELECT FROM connections WHERE app_id = $1 AND ended_at IS NULL)", app_id):
        raise Conflict("Accounts are connected to this app.")
    await note(tx, scope, "app.deleted", app.name, {}, address)


async def certify_app(tx: Tx, client_id: str, certified: bool) -> None:
    """List the app in the directory and show its logo, or no longer. Raises NotFound.

    # unscoped: the operator's word.
    """
    await _set_flag(tx, client_id, "certified", certified)


async def approve_app(tx: Tx, client_id: str, approved: bool) -> None:
    """Take all of the app's origins for verified, or no longer. Raises NotFound. # unscoped: the operator's word."""
    await _set_flag(tx, client_id, "approved", approved)


async def connect(tx: Tx, scope: Scope, app_id: Id, scopes: str, user_id: Id | None) -> Connection:
    """Let an app act for the account in this mode, by a person's word. An account that is connected already gets these
    scopes now; two at once make one. Raises NotFound if the app was deleted meanwhile."""
    # The lock keeps the app from being deleted until this is written.
    if await tx.fetchval("SELECT name FROM apps WHERE id = $1 AND deleted_at IS NULL FOR SHARE", app_id) is None:
        raise NotFound
    row = await tx.fetchrow(
        "WITH c AS (INSERT INTO connections (id, account_id, mode, app_id, scopes, created_by, created_at, "
        "updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (app_id, account_id, mode) "
        "WHERE ended_at IS NULL DO UPDATE SET scopes = excluded.scopes, created_by = excluded.created_by, "
        f"updated_at = excluded.updated_at RETURNING *) SELECT c.*, {CONNECTED} "
        "FROM c LEFT JOIN users u ON u.id = c.created_by",
        new_id(),
        scope.account_id,
        scope.mode,
        app_id,
        scopes,
        user_id,
        now(),
    )
    assert row is not None
    return connection_of(row)


async def end_connection(tx: Tx, scope: Scope, connection_id: Id, ended_by: str) -> None:
    """The app may no longer act; `ended_by` says who ended it (an actor as text). Ending twice is fine. Only the row:
    tokens and webhooks are ended by `oauth.actions.disconnect`, which calls this. Raises NotFound."""
    done = await tx.fetchval(
        "UPDATE connections SET ended_at = coalesce(ended_at, $4), ended_by = coalesce(ended_by, $5), updated_at = $4 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 RETURNING id",
        scope.account_id,
        scope.mode,
        connection_id,
        now(),
        ended_by,
    )
    if done is None:
        raise NotFound


def _drop(logo_key: str) -> Job:
    """The picture goes once nobody can be sent to it any more: after the commit."""
    return Job(kind="apps.drop_logo", payload={"key": logo_key})


async def _check_room(tx: Tx, scope: Scope) -> None:
    # One at a time, or two requests at once would both find the last place free.
    await tx.execute("SELECT FROM accounts WHERE id = $1 FOR UPDATE", scope.account_id)
    count = await tx.fetchval(
        "SELECT count(*) FROM apps WHERE account_id = $1 AND deleted_at IS NULL", scope.account_id
    )
    if count >= MOST_APPS:
        raise FieldErrors({"name": [f"An account has at most {MOST_APPS} apps; delete one first."]})


async def _set_origins(tx: Tx, app_id: Id, origins: Sequence[str]) -> None:
    await tx.execute("DELETE FROM app_origins WHERE app_id = $1 AND origin <> ALL($2::text[])", app_id, origins)
    await tx.executemany(
        "INSERT INTO app_origins (app_id, origin, position, challenge) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (app_id, origin) DO UPDATE SET position = excluded.position",
        [
            (app_id, origin, position, f"portside-verification={secrets.token_hex(16)}")
            for position, origin in enumerate(origins)
        ],
    )


async def _end_trust(tx: Tx, scope: Scope, app_id: Id, lost: Sequence[Trust]) -> None:
    after_commit(forget_tokens)
    await tx.execute(
        "UPDATE apps SET certified = certified AND NOT $3, approved = approved AND NOT $4 "
        "WHERE account_id = $1 AND id = $2",
        scope.account_id,
        app_id,
        "certified" in lost,
        "approved" in lost,
    )


async def _note_end_of_trust(tx: Tx, scope: Scope, name: str, lost: Sequence[Trust], address: str) -> None:
    for trust in lost:
        await note(tx, scope, f"app.{trust}", name, {trust: False}, address)


async def _set_flag(tx: Tx, client_id: str, flag: str, value: bool) -> None:
    row = await tx.fetchrow(
        f"UPDATE apps SET {flag} = $2, updated_at = $3 WHERE client_id = $1 AND deleted_at IS NULL "
        "RETURNING name, account_id",
        client_id,
        value,
        now(),
    )
    if row is None:
        raise NotFound("There is no app with that client id.")
    scope = Scope(Id(row["account_id"]), "live", "")
    await note(tx, scope, f"app.{flag}", row["name"], {flag: value})
    after_commit(forget_tokens)
