"""What the audit log tells of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from portside.kit.ids import Id

# `sign_in.refused` is written once when too many attempts close the door, not for each wrong password: whoever guesses
# must not be able to fill the log.
Action = Literal[
    "sign_in",
    "sign_in.refused",
    "sign_up",
    "password.reset",
    "password.changed",
    "email.changed",
    "email.verified",
    "account.opened",
    "account.managed_opened",
    "account.settings_changed",
    "token.created",
    "token.revoked",
    "member.invited",
    "member.invitation_cancelled",
    "member.joined",
    "member.removed",
    "member.role_changed",
    "app.created",
    "app.changed",
    "app.secret_rotated",
    "app.origin_verified",
    "app.deleted",
    "app.approved",
    "app.certified",
    "connection.created",
    "connection.ended",
    "oauth.code_reused",
    "oauth.token_revoked",
    "terms.changed",
    "branding.changed",
    "buyer_messages.changed",
    "webhook.created",
    "webhook.changed",
    "webhook.deleted",
    "webhook.secret_rotated",
    "carrier_account.created",
    "carrier_account.changed",
    "purchase.asked",
    "purchase.released",
]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log. `actor` is `kind:id` as scopes write it (`user:…`, `token:…`, `app:…`, `system:…`)."""

    id: Id
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]
    address: str
    created_at: dt.datetime


class EntryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What of the log is asked for; empty values ask for everything."""

    action: str = ""
    actor: str = ""
