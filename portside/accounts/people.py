"""Changes to people: their password, name and e-mail, their part in accounts, and where their sessions look."""

from __future__ import annotations

import asyncpg

from portside.accounts.models import Role
from portside.db.tx import Tx
from portside.errors import Conflict, FieldErrors, NotFound
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.scope import Scope


async def change_password(tx: Tx, user_id: Id, password_hash: str, *, kept: bytes = b"") -> None:
    """Replace a person's password and end their sessions; the one whose token has the hash `kept` goes on.

    # unscoped: it belongs to a person.
    """
    await tx.execute(
        "UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1", user_id, password_hash, now()
    )
    await tx.execute("DELETE FROM sessions WHERE user_id = $1 AND token_hash <> $2", user_id, kept)


async def change_name(tx: Tx, user_id: Id, name: str) -> None:
    """What a person is called. # unscoped: it belongs to a person."""
    await tx.execute("UPDATE users SET name = $2, updated_at = $3 WHERE id = $1", user_id, name, now())


async def change_email(tx: Tx, user_id: Id, email: str) -> None:
    """Another e-mail, which the person has proved. Raises FieldErrors if it is somebody else's.

    # unscoped: it belongs to a person.
    """
    try:
        # A savepoint, so that the caller's transaction outlives the refusal.
        async with tx.transaction():
            await tx.execute(
                "UPDATE users SET email = $2, email_folded = $3, email_verified_at = $4, updated_at = $4 WHERE id = $1",
                user_id,
                email.strip(),
                email.strip().casefold(),
                now(),
            )
    except asyncpg.UniqueViolationError as error:
        raise FieldErrors({"email": ["A user with this e-mail exists already."]}) from error


async def mark_email_verified(tx: Tx, user_id: Id) -> None:
    """Mail to this person arrives. # unscoped: it belongs to a person."""
    await tx.execute(
        "UPDATE users SET email_verified_at = $2 WHERE id = $1 AND email_verified_at IS NULL", user_id, now()
    )


async def hold(tx: Tx, user_id: Id) -> None:
    """Let nobody else decide about this person until the transaction ends. # unscoped: it belongs to a person."""
    await tx.execute("SELECT id FROM users WHERE id = $1 FOR UPDATE", user_id)


async def remove_member(tx: Tx, scope: Scope, user_id: Id) -> None:
    """Take a person off the account, which ends their sessions on it. Raises NotFound, Conflict for the last owner."""
    await _check_owner_remains(tx, scope, user_id)
    gone = await tx.fetchval(
        "DELETE FROM members WHERE account_id = $1 AND user_id = $2 RETURNING user_id", scope.account_id, user_id
    )
    if gone is None:
        raise NotFound
    await tx.execute("DELETE FROM sessions WHERE account_id = $1 AND user_id = $2", scope.account_id, user_id)


async def change_role(tx: Tx, scope: Scope, user_id: Id, role: Role) -> None:
    """Make a member an owner, or the reverse. Raises NotFound, Conflict for the last owner."""
    if role != "owner":
        await _check_owner_remains(tx, scope, user_id)
    changed = await tx.fetchval(
        "UPDATE members SET role = $3 WHERE account_id = $1 AND user_id = $2 RETURNING user_id",
        scope.account_id,
        user_id,
        role,
    )
    if changed is None:
        raise NotFound


async def _check_owner_remains(tx: Tx, scope: Scope, leaving: Id) -> None:
    # The account is locked, or two owners could each make way for the other at once.
    await tx.execute("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", scope.account_id)
    owners = await tx.fetch("SELECT user_id FROM members WHERE account_id = $1 AND role = 'owner'", scope.account_id)
    if [row["user_id"] for row in owners] == [leaving]:
        raise Conflict("An account needs an owner. Make somebody else an owner first.")


async def revoke_tokens_of(tx: Tx, scope: Scope, user_id: Id) -> int:
    """End every API token of the account, in both modes, that a person made; gives how many."""
    rows = await tx.fetch(
        "UPDATE credentials SET revoked_at = $3 "
        "WHERE account_id = $1 AND created_by = $2 AND kind = 'api' AND revoked_at IS NULL RETURNING id",
        scope.account_id,
        user_id,
        now(),
    )
    return len(rows)


async def open_account(tx: Tx, token_hash: bytes, user_id: Id, account_id: Id) -> None:
    """Let a session work on another account of its person's. Raises NotFound.

    # unscoped: whoever holds the cookie may go where they are a member.
    """
    moved = await tx.fetchval(
        "UPDATE sessions SET account_id = $3 WHERE token_hash = $1 AND user_id = $2 "
        "AND EXISTS (SELECT FROM members WHERE account_id = $3 AND user_id = $2) RETURNING account_id",
        token_hash,
        user_id,
        account_id,
    )
    if moved is None:
        raise NotFound
    await note_opened(tx, user_id, account_id)


async def note_opened(tx: Tx, user_id: Id, account_id: Id) -> None:
    """The next sign-in leads to this account.

    # unscoped: a sign-in makes the scope.
    """
    await tx.execute(
        "UPDATE members SET opened_at = $3 WHERE account_id = $2 AND user_id = $1", user_id, account_id, now()
    )
