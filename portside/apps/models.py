"""Partner apps, the origins they may be framed by, and connections to accounts."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.kit.ids import Id
from portside.kit.scope import Mode, Scope

# What the operator may say of an app.
Trust = Literal["certified", "approved"]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """A site that may show the connect page in a frame; `challenge` is what it must publish to be verified."""

    origin: str
    challenge: str
    verified_at: dt.datetime | None


class App(msgspec.Struct, frozen=True, kw_only=True):
    """A partner's app. `secret_hint` is the end of the client secret, of which only a hash is kept; the one before it
    works until `previous_secret_until`. `logo_key` is a key of the file store."""

    id: Id
    account_id: Id
    name: str
    site_url: str
    client_id: str
    secret_hint: str
    previous_secret_until: dt.datetime | None
    logo_key: str | None
    redirect_uris: tuple[str, ...]
    origins: tuple[Origin, ...]
    live: bool
    certified: bool
    approved: bool
    created_at: dt.datetime
    updated_at: dt.datetime


class AppDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An app to be registered; `scope` is the partner's own."""

    scope: Scope
    name: str
    redirect_uris: tuple[str, ...]
    origins: tuple[str, ...] = ()
    site_url: str = ""
    live: bool = False
    certified: bool = False
    approved: bool = False


class AppChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner of an app may say of it; it replaces what was said before."""

    name: str
    redirect_uris: tuple[str, ...]
    origins: tuple[str, ...]
    site_url: str
    live: bool


class AppName(msgspec.Struct, frozen=True, kw_only=True):
    """What anybody may know of an app; `logo_url` is set for certified apps that have a logo."""

    id: Id
    name: str
    site_url: str
    logo_url: str | None


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """An app may act for an account, in one mode, with these scopes (`*`: everything, else names between spaces).

    `created_by` is the person who granted it, by name (empty: nobody knows), `granter_left` whether they work on the
    account no longer: what they granted stays the account's. `last_used_at` is the last call with any of its tokens.
    """

    id: Id
    account_id: Id
    mode: Mode
    app_id: Id
    scopes: str
    created_by: str
    granter_left: bool
    created_at: dt.datetime
    updated_at: dt.datetime
    last_used_at: dt.datetime | None
    ended_at: dt.datetime | None
