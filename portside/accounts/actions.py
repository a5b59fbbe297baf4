"""Changes to accounts, people and credentials."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

from portside.accounts.models import Account, AppTokenDraft, ManagedAccountDraft, Profile
from portside.accounts.people import change_password, note_opened
from portside.accounts.queries import account_of
from portside.db.tx import Tx
from portside.errors import FieldErrors, Forbidden, NotFound
from portside.kit.clock import now
from portside.kit.crypto import hash_token, new_token
from portside.kit.ids import Id, new_id
from portside.kit.scope import Mode, Scope

# One of its own, so that two commands at once open one account.
OPERATOR_ACCOUNT = Id("00000000000070008000000000000001")
# As much of a token as its owner may see again: the prefix and four characters.
_HINT_LENGTH = len("shippo_test_") + 4
_APP_HINT_LENGTH = len("oauth.") + 4


async def create_account(
    tx: Tx, *, email: str, company: str, name: str, password_hash: str, is_verified: bool = True
) -> Id:
    """A new account with its owner, who signs in by e-mail and password. Raises FieldErrors if the e-mail is taken.

    # unscoped: it makes the account.
    """
    user_id = new_id()
    await create_user(tx, user_id=user_id, email=email, name=name, password_hash=password_hash, is_verified=is_verified)
    return await create_account_of(tx, user_id, email=email, company=company, name=name)


async def create_account_of(tx: Tx, user_id: Id, *, email: str, company: str, name: str) -> Id:
    """A new account of a person who is there already.

    # unscoped: it makes the account.
    """
    account_id, moment = new_id(), now()
    first, _, last = name.strip().partition(" ")
    await tx.execute(
        "INSERT INTO accounts (id, email, first_name, last_name, company_name, created_at, updated_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $6)",
        account_id,
        email.strip(),
        first,
        last,
        company,
        moment,
    )
    await add_member(tx, account_id, user_id, "owner")
    return account_id


async def open_operator_account(tx: Tx) -> Scope:
    """The account of what the operator makes for nobody in particular; opened when it is needed first, and nobody signs
    in to it.

    # unscoped: the operator has no account to begin with.
    """
    await tx.execute(
        "INSERT INTO accounts (id, email, company_name, created_at, updated_at) VALUES ($1, '', 'Operator', $2, $2) "
        "ON CONFLICT (id) DO NOTHING",
        OPERATOR_ACCOUNT,
        now(),
    )
    return Scope(OPERATOR_ACCOUNT, "live", "")


async def create_managed_account(tx: Tx, draft: ManagedAccountDraft) -> Account:
    """An account under the caller's, which nobody signs in to. Raises Forbidden if the caller's is managed itself."""
    profile = draft.profile
    row = await tx.fetchrow(
        "INSERT INTO accounts (id, parent_id, email, first_name, last_name, company_name, created_at, updated_at) "
        "SELECT $2, id, $3, $4, $5, $6, $7, $7 FROM accounts WHERE id = $1 AND parent_id IS NULL RETURNING *",
        draft.scope.account_id,
        new_id(),
        profile.email,
        profile.first_name,
        profile.last_name,
        profile.company_name,
        now(),
    )
    if row is None:
        raise Forbidden("A managed account cannot have managed accounts of its own.")
    return account_of(row)


async def update_managed_account(tx: Tx, scope: Scope, account_id: Id, profile: Profile) -> Account:
    """Replace what is said of a managed account; gives it as it is now. Raises NotFound."""
    row = await tx.fetchrow(
        "UPDATE accounts SET email = $3, first_name = $4, last_name = $5, company_name = $6, updated_at = $7 "
        "WHERE parent_id = $1 AND id = $2 RETURNING *",
        scope.account_id,
        account_id,
        profile.email,
        profile.first_name,
        profile.last_name,
        profile.company_name,
        now(),
    )
    if row is None:
        raise NotFound
    return account_of(row)


async def change_settings(tx: Tx, scope: Scope, changes: Mapping[str, Any]) -> None:
    """Keep choices of the account, for both modes; names that are not given stay as they are."""
    await tx.execute(
        "UPDATE accounts SET settings = settings || $2::jsonb, updated_at = $3 WHERE id = $1",
        scope.account_id,
        dict(changes),
        now(),
    )


async def create_user(
    tx: Tx, *, user_id: Id, email: str, name: str, password_hash: str, is_verified: bool = True
) -> None:
    """A person; `is_verified` says that somebody answers for the e-mail. Raises FieldErrors if it is taken.

    # unscoped: a person may work on several accounts.
    """
    made = await tx.fetchval(
        "INSERT INTO users (id, email, email_folded, name, password_hash, created_at, updated_at, email_verified_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $6, CASE WHEN $7::boolean THEN $6::timestamptz END) "
        "ON CONFLICT (email_folded) DO NOTHING RETURNING id",
        user_id,
        email.strip(),
        email.strip().casefold(),
        name,
        password_hash,
        now(),
        is_verified,
    )
    if made is None:
        raise FieldErrors({"email": ["A user with this e-mail exists already."]})


async def set_password(tx: Tx, email: str, password_hash: str) -> None:
    """Replace a person's password and end all their sessions. # unscoped: it belongs to a person."""
    user_id = await tx.fetchval("SELECT id FROM users WHERE email_folded = $1", email.strip().casefold())
    if user_id is None:
        raise NotFound
    await change_password(tx, Id(user_id), password_hash)


async def renew_password_hash(tx: Tx, user_id: Id, before: str, after: str) -> None:
    """Keep the same password under today's costs; nothing happens if it was changed meanwhile.

    # unscoped: it belongs to a person.
    """
    await tx.execute(
        "UPDATE users SET password_hash = $3, updated_at = $4 WHERE id = $1 AND password_hash = $2",
        user_id,
        before,
        after,
        now(),
    )


async def add_member(tx: Tx, account_id: Id, user_id: Id, role: str) -> None:
    """Let a person work on an account.

    # unscoped: the operator and invitations decide, not the account in hand.
    """
    await tx.execute(
        "INSERT INTO members (account_id, user_id, role, created_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (account_id, user_id) DO NOTHING",
        account_id,
        user_id,
        role,
        now(),
    )


async def create_token(tx: Tx, account_id: Id, mode: Mode, *, name: str, created_by: Id | None = None) -> str:
    """A new API token, `shippo_<mode>_` + 40 hex. It is in this answer and nowhere else: only its hash is kept.

    # unscoped: the operator makes the first one before anybody can call.
    """
    token = new_token(f"shippo_{mode}_")
    await tx.execute(
        "INSERT INTO credentials (id, account_id, mode, kind, token_hash, hint, name, created_by, created_at) "
        "VALUES ($1, $2, $3, 'api', $4, $5, $6, $7, $8)",
        new_id(),
        account_id,
        mode,
        hash_token(token),
        token[:_HINT_LENGTH],
        name,
        created_by,
        now(),
    )
    return token


async def create_app_token(tx: Tx, draft: AppTokenDraft, most: int) -> tuple[Id, str]:
    """A token for an app, `oauth.<random>.<random>=`, and its credential's id. Of the connection's tokens only the
    newest `most` stay. The caller holds the connection's row, so that two tokens at once see each other."""
    secret = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    token = f"oauth.{secrets.token_urlsafe(30)}.{secret}"
    credential_id, scope = new_id(), draft.scope
    await tx.execute(
        "INSERT INTO credentials (id, account_id, mode, kind, token_hash, hint, name, app_id, connection_id, scopes, "
        "created_by, created_at) VALUES ($1, $2, $3, 'oauth', $4, $5, $6, $7, $8, $9, $10, $11)",
        credential_id,
        scope.account_id,
        scope.mode,
        hash_token(token),
        token[:_APP_HINT_LENGTH],
        draft.name,
        draft.app_id,
        draft.connection_id,
        draft.scopes,
        draft.created_by,
        now(),
    )
    await tx.execute(
        "UPDATE credentials SET revoked_at = $5 WHERE account_id = $1 AND mode = $2 AND connection_id = $3 "
        "AND revoked_at IS NULL AND id NOT IN (SELECT id FROM credentials "
        "WHERE connection_id = $3 AND revoked_at IS NULL ORDER BY id DESC LIMIT $4)",
        scope.account_id,
        scope.mode,
        draft.connection_id,
        most,
        now(),
    )
    return credential_id, token


async def revoke_app_tokens(tx: Tx, scope: Scope, connection_id: Id, credential_id: Id | None = None) -> int:
    """End one token of a connection, or all; gives how many were valid."""
    rows = await tx.fetch(
        "UPDATE credentials SET revoked_at = $5 WHERE account_id = $1 AND mode = $2 AND connection_id = $3 "
        "AND id = coalesce($4, id) AND revoked_at IS NULL RETURNING id",
        scope.account_id,
        scope.mode,
        connection_id,
        credential_id,
        now(),
    )
    return len(rows)


async def note_credential_used(tx: Tx, credential_id: Id) -> None:
    """Remember, to the minute, that a token is in use. # unscoped: the token is what tells the scope."""
    await tx.execute(
        "UPDATE credentials SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)",
        credential_id,
        now(),
        now() - dt.timedelta(minutes=1),
    )


async def revoke_token(tx: Tx, scope: Scope, credential_id: Id) -> None:
    """End a token; revoking twice is fine. Raises NotFound."""
    done = await tx.fetchval(
        "UPDATE credentials SET revoked_at = coalesce(revoked_at, $4) "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 RETURNING id",
        scope.account_id,
        scope.mode,
        credential_id,
        now(),
    )
    if done is None:
        raise NotFound


async def create_session(tx: Tx, user_id: Id, account_id: Id, mode: Mode, hours: int) -> str:
    """A signed-in browser; gives the cookie's value, of which only the hash is kept.

    # unscoped: a sign-in makes the scope.
    """
    token = new_token("")
    await tx.execute(
        "INSERT INTO sessions (token_hash, user_id, account_id, mode, created_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        hash_token(token),
        user_id,
        account_id,
        mode,
        now(),
        now() + dt.timedelta(hours=hours),
    )
    await note_opened(tx, user_id, account_id)
    return token


async def end_session(tx: Tx, token_hash: bytes) -> None:
    """Sign out. # unscoped: whoever holds the cookie may end it."""
    await tx.execute("DELETE FROM sessions WHERE token_hash = $1", token_hash)


async def end_expired_sessions(tx: Tx) -> None:
    """Forget sessions whose time is over. # unscoped: time passes for all accounts alike."""
    await tx.execute("DELETE FROM sessions WHERE expires_at <= $1", now())


async def set_session_mode(tx: Tx, token_hash: bytes, mode: Mode) -> None:
    """Look at the test or the live data. # unscoped: whoever holds the cookie may switch it."""
    await tx.execute("UPDATE sessions SET mode = $2 WHERE token_hash = $1", token_hash, mode)


async def note_attempt(tx: Tx, name: str, window_start: dt.datetime, times: int = 1) -> int:
    """Count attempts in a window, for all processes; gives the count so far.

    # unscoped: sign-in attempts belong to no account, and a rate limit's name holds its account.
    """
    count: int = await tx.fetchval(
        "INSERT INTO counters (name, window_start, count) VALUES ($1, $2, $3) "
        "ON CONFLICT (name, window_start) DO UPDATE SET count = counters.count + $3 RETURNING count",
        name,
        window_start,
        times,
    )
    return count


async def forget_old_counts(tx: Tx, before: dt.datetime) -> None:
    """Forget windows that began before then. # unscoped: time passes for all accounts alike."""
    await tx.execute("DELETE FROM counters WHERE window_start < $1", before)


async def forget_attempts(tx: Tx, name: str) -> None:
    """Start counting anew: it was the right person after all.

    # unscoped: sign-in attempts belong to no account.
    """
    await tx.execute("DELETE FROM counters WHERE name = $1", name)
