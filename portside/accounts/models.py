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
    id: Id
    email: str
    name: str


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
    """What a bearer credential opens: `scopes` are names with spaces between them, `*` is everything."""

    credential_id: Id
    scope: Scope
    scopes: str


class AppTokenDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A token to be made for an app that a person has let act for the account of `scope`; `name` is the app's."""

    scope: Scope
    app_id: Id
    connection_id: Id
    scopes: str
    name: str
    created_by: Id | None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in browser: the person, the account it works on and the mode it looks at."""

    user: User
    account_name: str
    scope: Scope
