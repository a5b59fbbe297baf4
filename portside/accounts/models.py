"""Accounts, people, credentials and sessions."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.kit.ids import Id
from portside.kit.scope import Mode, Scope

Role = Literal["owner", "member"]
CredentialKind = Literal["api", "oauth", "jwt"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    id: Id
    parent_id: Id | None
    email: str
    first_name: str
    last_name: str
    company_name: str
    created_at: dt.datetime
    updated_at: dt.datetime


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform says of a merchant whose account it manages."""

    email: str
    first_name: str
    last_name: str
    company_name: str


class ManagedAccountDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A managed account to be opened; `scope` is the platform's own."""

    scope: Scope
    profile: Profile


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person; without `email_verified_at` nobody has proved yet that mail to this address reaches them."""

    id: Id
    email: str
    name: str
    email_verified_at: dt.datetime | None = None

    @property
    def is_verified(self) -> bool:
        return self.email_verified_at is not None


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person on the team of the account in hand; `tokens` counts the API tokens they made that still work."""

    user: User
    role: Role
    since: dt.datetime
    tokens: int = 0


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """One of the accounts that a person works on."""

    account_id: Id
    account_name: str
    role: Role


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A bearer credential as its owner may see it; `hint` is the start of the token, `created_by` the person's name
    (empty: the operator)."""

    id: Id
    mode: Mode
    kind: CredentialKind
    name: str
    hint: str
    created_by: str
    created_at: dt.datetime
    last_used_at: dt.datetime | None
    revoked_at: dt.datetime | None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a bearer credential opens: `scopes` are names with spaces between them, `*` is everything. One that `rests`
    opens nothing at the moment: its app may not act on live data."""

    credential_id: Id
    scope: Scope
    scopes: str
    rests: bool = False


class AppTokenDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A token to be made for an app that a person has let act for the account of `scope`; `name` is the app's."""

    scope: Scope
    app_id: Id
    connection_id: Id
    scopes: str
    name: str
    created_by: Id | None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in browser: the person, their role on the account it works on, and the mode it looks at."""

    user: User
    role: Role
    account_name: str
    scope: Scope
