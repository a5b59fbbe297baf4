"""Reads of what people have asked for."""

from __future__ import annotations

from typing import Any

from portside.accounts.models import User
from portside.accounts.queries import find_user
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.crypto import hash_token
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.people.models import EmailChange, Invitation, PendingSignUp

_INVITATION = (
    "SELECT i.id, i.account_id, coalesce(nullif(a.company_name, ''), a.email) AS account_name, i.email, i.role, "
    "coalesce(nullif(u.name, ''), u.email) AS inviter, i.created_at, i.expires_at FROM invitations i "
    "JOIN accounts a ON a.id = i.account_id JOIN users u ON u.id = i.invited_by "
    "WHERE i.accepted_at IS NULL AND i.cancelled_at IS NULL"
)


async def find_sign_up(tx: Tx, handle: str) -> PendingSignUp | None:
    """The sign-up behind a form's handle, while it can be finished. # unscoped: there is no account yet."""
    row = await tx.fetchrow(
        "SELECT * FROM sign_ups WHERE handle_hash = $1 AND finished_at IS NULL AND expires_at > now()",
        hash_token(handle),
    )
    return None if row is None else sign_up_of(row)


async def get_sign_up(tx: Tx, sign_up_id: Id) -> PendingSignUp:
    """The same by its id. Raises NotFound. # unscoped: there is no account yet."""
    row = await tx.fetchrow(
        "SELECT * FROM sign_ups WHERE id = $1 AND finished_at IS NULL AND expires_at > now()", sign_up_id
    )
    if row is None:
        raise NotFound
    return sign_up_of(row)


async def find_reset(tx: Tx, token: str) -> User | None:
    """Whose password a link may set; the link still works afterwards. # unscoped: it belongs to a person."""
    user_id = await tx.fetchval(
        "SELECT user_id FROM password_resets WHERE token_hash = $1 AND expires_at > now()", hash_token(token)
    )
    return None if user_id is None else await find_user(tx, Id(user_id))


async def find_email_change(tx: Tx, user_id: Id) -> EmailChange | None:
    """The e-mail that a person has yet to prove. # unscoped: it belongs to a person."""
    row = await tx.fetchrow("SELECT * FROM email_changes WHERE user_id = $1 AND expires_at > now()", user_id)
    return None if row is None else email_change_of(row)


async def find_invitation(tx: Tx, token: str) -> Invitation | None:
    """The open invitation behind a link, not yet over. # unscoped: the link's holder is no member yet."""
    row = await tx.fetchrow(f"{_INVITATION} AND i.token_hash = $1 AND i.expires_at > now()", hash_token(token))
    return None if row is None else _invitation(row)


async def find_invitation_by_id(tx: Tx, invitation_id: Id) -> Invitation | None:
    """An open invitation, for the job that writes its mail. # unscoped: it tells the account."""
    row = await tx.fetchrow(f"{_INVITATION} AND i.id = $1", invitation_id)
    return None if row is None else _invitation(row)


async def list_invitations(tx: Tx, scope: Scope) -> list[Invitation]:
    """The account's open invitations, also those whose time is over, newest first."""
    rows = await tx.fetch(f"{_INVITATION} AND i.account_id = $1 ORDER BY i.created_at DESC, i.id", scope.account_id)
    return [_invitation(row) for row in rows]


async def get_invitation(tx: Tx, scope: Scope, invitation_id: Id) -> Invitation:
    """One of them. Raises NotFound."""
    row = await tx.fetchrow(f"{_INVITATION} AND i.account_id = $1 AND i.id = $2", scope.account_id, invitation_id)
    if row is None:
        raise NotFound
    return _invitation(row)


def sign_up_of(row: Row) -> PendingSignUp:
    """A row of sign_ups as the type."""
    return PendingSignUp(**_named(row, PendingSignUp.__struct_fields__))


def email_change_of(row: Row) -> EmailChange:
    """A row of email_changes as the type."""
    return EmailChange(**_named(row, EmailChange.__struct_fields__))


def _invitation(row: Row) -> Invitation:
    return Invitation(**_named(row, Invitation.__struct_fields__))


def _named(row: Row, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names}
