"""A person's way through the connect page, and what stands at its end: a code, a token."""

from __future__ import annotations

import datetime as dt

import msgspec

from portside.kit.ids import Id
from portside.kit.scope import Mode


class Prefill(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the partner knows of the merchant already; it fills in a form and is never sent by itself."""

    email: str = ""
    first_name: str = ""
    last_name: str = ""
    company_name: str = ""


class InteractionDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A way through the connect page that begins.

    `redirect_uri` is the app's, registered; `redirect_uri_given` says whether the request named it. `origin` is the
    site whose page frames ours, None at top level. `scopes` are names with spaces between them.
    """

    app_id: Id
    mode: Mode
    redirect_uri: str
    redirect_uri_given: bool
    scopes: str
    origin: str | None = None
    state: str | None = None
    code_challenge: str | None = None
    prefill: Prefill = Prefill()
    utm_source: str = ""


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    """A way through the connect page; `user_id` and `account_id` are set once somebody has signed in on it."""

    app_id: Id
    mode: Mode
    redirect_uri: str
    redirect_uri_given: bool
    scopes: str
    origin: str | None
    state: str | None
    code_challenge: str | None
    prefill: Prefill
    utm_source: str
    user_id: Id | None
    account_id: Id | None
    expires_at: dt.datetime
