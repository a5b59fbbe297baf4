"""What people ask for and prove: sign-ups, new e-mails, invitations."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.accounts.models import Role, User
from portside.kit.ids import Id
from portside.kit.scope import Scope

# Why a code was not taken. `taken`: it was right, but meanwhile the e-mail has become somebody's.
CodeRefusal = Literal["wrong", "over", "taken"]
# Why an invitation was not taken. `taken`: the e-mail has become somebody's, who has to sign in to accept.
JoinRefusal = Literal["over", "taken"]


class SignUp(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants an account; checked by `rules.read_sign_up`."""

    email: str
    name: str
    company: str
    password: str

    def __repr__(self) -> str:
        return f"SignUp({self.email})"


class PendingSignUp(msgspec.Struct, frozen=True, kw_only=True):
    """An account that is asked for. Without a `code_mac` no code opens it: none was sent, or the e-mail is known."""

    id: Id
    email: str
    name: str
    company: str
    password_hash: str
    code_mac: str | None
    tries: int
    sent: int
    expires_at: dt.datetime


class EmailChange(msgspec.Struct, frozen=True, kw_only=True):
    """An e-mail that a person has yet to prove."""

    id: Id
    user_id: Id
    email: str
    code_mac: str | None
    tries: int
    sent: int
    expires_at: dt.datetime


class InvitationDraft(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to be invited to the account of the scope."""

    scope: Scope
    email: str
    role: Role
    invited_by: Id


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """An open invitation."""

    id: Id
    account_id: Id
    account_name: str
    email: str
    role: Role
    inviter: str
    created_at: dt.datetime
    expires_at: dt.datetime


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """Who has accepted an invitation, and the account that it opened."""

    user: User
    account_id: Id
    account_name: str
