"""Reads of accounts, people and credentials."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from portside.accounts.models import Account, Credential, Grant, Member, Membership, Session, User
from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import SYSTEM, Actor, Mode, Scope

# Of `users u`.
_USER = "u.id, u.email, u.name, u.email_verified_at"


_GRANT = (
    "SELECT c.id, c.account_id, c.mode, c.app_id, c.scopes, a.email, "
    "c.app_id IS NOT NULL AND NOT app_may_act(c.app_id, c.mode) AS rests "
    "FROM credentials c JOIN accounts a ON a.id = c.account_id "
    "WHERE c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now())"
)


async def find_scope_of_token(tx: Tx, token_hash: bytes) -> Scope | None:
    """What a valid bearer credential opens. # unscoped: the token is what tells the scope."""
    found = await find_grant_of_token(tx, token_hash)
    return None if found is None else found.scope


async def find_grant_of_token(tx: Tx, token_hash: bytes) -> Grant | None:
    """The same with what may be done there. # unscoped: the token is what tells the scope."""
    return _grant_of(await tx.fetchrow(f"{_GRANT} AND c.token_hash = $1", token_hash))


async def find_grant_of_credential(tx: Tx, credential_id: Id) -> Grant | None:
    """What a credential opens, while it is valid. # unscoped: a signed token names it."""
    return _grant_of(await tx.fetchrow(f"{_GRANT} AND c.id = $1", credential_id))


async def list_app_tokens(tx: Tx, scope: Scope, connection_id: Id) -> dict[Id, str]:
    """The valid tokens of a connection, and the scopes of each."""
    rows = await tx.fetch(
        "SELECT id, scopes FROM credentials "
        "WHERE account_id = $1 AND mode = $2 AND connection_id = $3 AND revoked_at IS NULL",
        scope.account_id,
        scope.mode,
        connection_id,
    )
    return {Id(row["id"]): row["scopes"] for row in rows}


def _grant_of(row: Row | None) -> Grant | None:
    if row is None:
        return None
    actor = Actor("app", row["app_id"]) if row["app_id"] else Actor("token", row["id"])
    scope = Scope(Id(row["account_id"]), row["mode"], row["email"], actor)
    return Grant(credential_id=Id(row["id"]), scope=scope, scopes=row["scopes"], rests=row["rests"])


async def get_scope(tx: Tx, account_id: Id, mode: Mode, actor: Actor = SYSTEM) -> Scope:
    """The scope of an account for work that no request asked for. Raises NotFound.

    # unscoped: it makes the scope.
    """
    email = await tx.fetchval("SELECT email FROM accounts WHERE id = $1", account_id)
    if email is None:
        raise NotFound("There is no such account.")
    return Scope(account_id, mode, email, actor)


async def get_managed_scope(tx: Tx, scope: Scope, account_id: Id) -> Scope:
    """The scope of an account that the caller manages: in the caller's mode, the caller acting. Raises NotFound."""
    email = await tx.fetchval(
        "SELECT email FROM accounts WHERE parent_id = $1 AND id = $2", scope.account_id, account_id
    )
    if email is None:
        raise NotFound
    return Scope(account_id, scope.mode, email, scope.actor)


async def get_managed_account(tx: Tx, scope: Scope, account_id: Id) -> Account:
    """An account that the caller manages. Raises NotFound."""
    row = await tx.fetchrow("SELECT * FROM accounts WHERE parent_id = $1 AND id = $2", scope.account_id, account_id)
    if row is None:
        raise NotFound
    return account_of(row)


async def list_managed_accounts(tx: Tx, scope: Scope, page: PageRequest) -> Slice[Account]:
    """The accounts that the caller manages, newest first; they are the same in both modes."""
    found = await fetch_page(tx, "SELECT * FROM accounts WHERE parent_id = $1", [scope.account_id], page)
    return found.map(account_of)


async def get_account(tx: Tx, scope: Scope) -> Account:
    """The caller's own account."""
    row = await tx.fetchrow("SELECT * FROM accounts WHERE id = $1", scope.account_id)
    if row is None:
        raise NotFound
    return account_of(row)


async def get_settings(tx: Tx, scope: Scope) -> dict[str, Any]:
    """What the account has chosen, by name; each name's shape is known to the feature that wrote it."""
    settings: dict[str, Any] | None = await tx.fetchval("SELECT settings FROM accounts WHERE id = $1", scope.account_id)
    if settings is None:
        raise NotFound
    return settings


async def find_account_by_email(tx: Tx, email: str) -> Account | None:
    """The account of the owner with that e-mail, in any case.

    # unscoped: for the operator's commands.
    """
    row = await tx.fetchrow(
        "SELECT a.* FROM accounts a JOIN members m ON m.account_id = a.id AND m.role = 'owner' "
        "JOIN users u ON u.id = m.user_id WHERE u.email_folded = $1 ORDER BY a.id LIMIT 1",
        email.strip().casefold(),
    )
    return None if row is None else account_of(row)


async def find_sign_in(tx: Tx, email: str) -> tuple[User, str, Id] | None:
    """(person, password hash, account) for a sign-in by e-mail; of several accounts the one opened last.

    # unscoped: nobody is signed in yet.
    """
    row = await tx.fetchrow(
        f"SELECT {_USER}, u.password_hash, m.account_id FROM users u JOIN members m ON m.user_id = u.id "
        "WHERE u.email_folded = $1 ORDER BY m.opened_at DESC NULLS LAST, m.created_at LIMIT 1",
        email.strip().casefold(),
    )
    return None if row is None else (_user(row), row["password_hash"], Id(row["account_id"]))


async def find_user(tx: Tx, user_id: Id) -> User | None:
    """A person.

    # unscoped: people belong to several accounts.
    """
    row = await tx.fetchrow(f"SELECT {_USER} FROM users u WHERE u.id = $1", user_id)
    return None if row is None else _user(row)


async def find_user_by_email(tx: Tx, email: str) -> User | None:
    """The person with that e-mail, in any case.

    # unscoped: people belong to several accounts.
    """
    row = await tx.fetchrow(f"SELECT {_USER} FROM users u WHERE u.email_folded = $1", email.strip().casefold())
    return None if row is None else _user(row)


async def find_users(tx: Tx, user_ids: Collection[Id]) -> dict[Id, User]:
    """People by id, those who are gone missing.

    # unscoped: people belong to several accounts.
    """
    rows = await tx.fetch(f"SELECT {_USER} FROM users u WHERE u.id = ANY($1::uuid[])", list(user_ids))
    return {Id(row["id"]): _user(row) for row in rows}


async def find_password_hash(tx: Tx, user_id: Id) -> str | None:
    """What a person's password is checked against. # unscoped: it belongs to a person."""
    found: str | None = await tx.fetchval("SELECT password_hash FROM users WHERE id = $1", user_id)
    return found


async def list_memberships(tx: Tx, user_id: Id) -> list[Membership]:
    """The accounts that a person works on, by name.

    # unscoped: people belong to several accounts.
    """
    rows = await tx.fetch(
        "SELECT a.id, coalesce(nullif(a.company_name, ''), a.email) AS name, m.role FROM members m "
        "JOIN accounts a ON a.id = m.account_id WHERE m.user_id = $1 ORDER BY name, a.id LIMIT 200",
        user_id,
    )
    return [Membership(account_id=Id(row["id"]), account_name=row["name"], role=row["role"]) for row in rows]


async def list_members(tx: Tx, scope: Scope) -> list[Member]:
    """The account's team, in the order they came."""
    rows = await tx.fetch(
        f"SELECT {_USER}, m.role, m.created_at AS since, (SELECT count(*) FROM credentials c WHERE "
        "c.account_id = m.account_id AND c.created_by = u.id AND c.kind = 'api' AND c.revoked_at IS NULL) AS tokens "
        "FROM members m JOIN users u ON u.id = m.user_id WHERE m.account_id = $1 ORDER BY m.created_at, u.id",
        scope.account_id,
    )
    return [Member(user=_user(row), role=row["role"], since=row["since"], tokens=row["tokens"]) for row in rows]


async def find_credential_names(tx: Tx, scope: Scope, ids: Collection[Id]) -> dict[Id, str]:
    """What the account's credentials are called, revoked ones too."""
    rows = await tx.fetch(
        "SELECT id, name FROM credentials WHERE account_id = $1 AND id = ANY($2::uuid[])", scope.account_id, list(ids)
    )
    return {Id(row["id"]): row["name"] for row in rows}


async def find_session(tx: Tx, token_hash: bytes) -> Session | None:
    """The session behind a cookie, if it has not expired and the person is still a member.

    # unscoped: the session is what tells the scope.
    """
    row = await tx.fetchrow(
        f"SELECT s.mode, m.role, {_USER}, a.id AS account_id, a.email AS owner, a.company_name FROM sessions s "
        "JOIN users u ON u.id = s.user_id JOIN accounts a ON a.id = s.account_id "
        "JOIN members m ON m.account_id = s.account_id AND m.user_id = s.user_id "
        "WHERE s.token_hash = $1 AND s.expires_at > $2",
        token_hash,
        now(),
    )
    if row is None:
        return None
    user = _user(row)
    scope = Scope(Id(row["account_id"]), row["mode"], row["owner"], Actor("user", user.id))
    return Session(user=user, role=row["role"], account_name=row["company_name"], scope=scope)


async def find_sessions(tx: Tx, token_hashes: Collection[bytes]) -> dict[bytes, tuple[Id, Mode]]:
    """What each of these sessions opens now, account and mode; those that have ended are missing.

    # unscoped: the sessions are what tells the scopes.
    """
    rows = await tx.fetch(
        "SELECT s.token_hash, s.account_id, s.mode FROM sessions s "
        "JOIN members m ON m.account_id = s.account_id AND m.user_id = s.user_id "
        "WHERE s.token_hash = ANY($1::bytea[]) AND s.expires_at > $2",
        list(token_hashes),
        now(),
    )
    return {row["token_hash"]: (Id(row["account_id"]), row["mode"]) for row in rows}


async def list_owners(tx: Tx, scope: Scope) -> list[User]:
    """Whom to write to about an account: its owners, or its platform's if it is managed and nobody signs in to it."""
    rows = await tx.fetch(
        f"SELECT {_USER} FROM accounts a JOIN members m ON m.role = 'owner' AND m.account_id = "
        "CASE WHEN EXISTS (SELECT FROM members WHERE account_id = a.id) THEN a.id ELSE a.parent_id END "
        "JOIN users u ON u.id = m.user_id WHERE a.id = $1 ORDER BY m.created_at, u.id",
        scope.account_id,
    )
    return [_user(row) for row in rows]


async def list_credentials(tx: Tx, scope: Scope) -> list[Credential]:
    """The account's API tokens of this mode, newest first, revoked ones included."""
    rows = await tx.fetch(
        "SELECT c.id, c.mode, c.kind, c.name, c.hint, coalesce(nullif(u.name, ''), u.email, '') AS created_by, "
        "c.created_at, c.last_used_at, c.revoked_at FROM credentials c LEFT JOIN users u ON u.id = c.created_by "
        "WHERE c.account_id = $1 AND c.mode = $2 AND c.kind = 'api' ORDER BY c.id DESC LIMIT 200",
        scope.account_id,
        scope.mode,
    )
    return [Credential(**dict(row)) for row in rows]


async def count_attempts(tx: Tx, name: str, since: dt.datetime) -> int:
    """How often `note_attempt` counted this name since then, in all processes.

    # unscoped: sign-in attempts belong to no account.
    """
    count: int = await tx.fetchval(
        "SELECT coalesce(sum(count), 0)::int FROM counters WHERE name = $1 AND window_start >= $2", name, since
    )
    return count


def account_of(row: Row) -> Account:
    """A row of accounts as the type."""
    return Account(
        id=Id(row["id"]),
        parent_id=row["parent_id"],
        email=row["email"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        company_name=row["company_name"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _user(row: Row) -> User:
    """A row with the columns of `_USER` as the type."""
    return User(id=Id(row["id"]), email=row["email"], name=row["name"], email_verified_at=row["email_verified_at"])
