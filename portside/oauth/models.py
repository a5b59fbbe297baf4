"""A person's way through the connect page, and what stands at its end: a code, a token."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.kit.ids import Id
from portside.kit.scope import Mode, Scope


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


class Redemption(msgspec.Struct, frozen=True, kw_only=True):
    """A code that an app brings to be exchanged for a token."""

    code: str
    redirect_uri: str | None
    code_verifier: str | None


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """A code as it was given out; `credential_id` is the token that was made from it, once it was."""

    app_id: Id
    connection_id: Id
    redirect_uri: str
    redirect_uri_given: bool
    code_challenge: str | None
    scopes: str
    expires_at: dt.datetime
    used_at: dt.datetime | None
    credential_id: Id | None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that cannot end or change until the transaction does; in `scope` the app acts."""

    scope: Scope
    scopes: str
    created_by: Id | None


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A token that was made from a code; this is the only place that ever holds it."""

    access_token: str
    scopes: str
    account_id: Id
    mode: Mode


# Why a code gives no token.
RefusalReason = Literal["unknown", "foreign", "reused", "expired", "redirect_uri", "verifier", "ended", "not_live"]


class Refusal(msgspec.Struct, frozen=True):
    """No token is made from this code. It is an answer and no exception: what the refusal ends must be committed."""

    reason: RefusalReason
    description: str
