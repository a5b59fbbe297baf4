"""A message to one person, from the event that it tells of to its delivery."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope

# Each is a folder of templates.
MailName = Literal["webhook_disabled", "webhook_failing", "webhook_recovered"]
# To the buyer of a label.
BuyerMailName = Literal["parcel"]
Channel = Literal["email", "sms"]
# To owners, of an alert.
AlertMailName = Literal["alert_raised"]
# The same, for mail with no account in hand.
SystemMailName = Literal[
    "sign_up_code",
    "sign_up_known",
    "email_code",
    "email_known",
    "email_changed",
    "password_reset",
    "password_changed",
    "invitation",
]
# `kept`: there was no server to hand it to, so it stays in the mailbox.
State = Literal["waiting", "sent", "kept", "refused"]


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says: in one line, in text, and the same in HTML."""

    subject: str
    text: str
    html: str


class MessageDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A message to be sent, opening with its scope (law 3)."""

    scope: Scope
    event_id: Id
    name: MailName | BuyerMailName | AlertMailName
    recipient: str
    text: Text
    channel: Channel = "email"
    # What the sender is called, who gets answers, and where further messages are declined; empty where that is us.
    sender_name: str = ""
    reply_to: str = ""
    unsubscribe_url: str = ""
    # It stays in the mailbox, server or not.
    keep: bool = False
    id: Id = msgspec.field(default_factory=new_id)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it stands. One that was sent has lost its text."""

    id: Id
    event_id: Id
    name: MailName | BuyerMailName | AlertMailName
    channel: Channel
    recipient: str
    subject: str
    body_text: str
    body_html: str
    sender_name: str
    reply_to: str
    unsubscribe_url: str
    state: State
    error: str | None
    created_at: dt.datetime
    finished_at: dt.datetime | None


class SystemMailDraft(msgspec.Struct, frozen=True, kw_only=True):
    """Mail with no account in hand. After `expires_at` it is of no use to anybody, and is not sent any more."""

    name: SystemMailName
    recipient: str
    text: Text
    expires_at: dt.datetime


class SystemMail(msgspec.Struct, frozen=True, kw_only=True):
    """Such a mail as it stands; `text` is None once it was sent."""

    id: Id
    name: SystemMailName
    recipient: str
    text: Text | None
    state: State
    error: str | None
    created_at: dt.datetime
    expires_at: dt.datetime
