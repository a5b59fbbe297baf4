"""A parcel as its buyer may know it, what buyers are told of, and what became of each message."""

from __future__ import annotations

import datetime as dt
from typing import Literal, get_args

import msgspec

from portside.addresses.models import Address
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.labels.models import Label
from portside.notifications.models import Channel, State, Text
from portside.orders.models import Order
from portside.terms.models import BuyerStatus
from portside.tracking.models import Track

STATUSES: tuple[BuyerStatus, ...] = get_args(BuyerStatus)
CHANNELS: tuple[Channel, ...] = get_args(Channel)

# Why nothing was sent; `rules.REASONS` says it in words.
Reason = Literal["off", "test", "refunded", "delivered", "return", "no_address", "bad_address", "stopped", "no_gateway"]


class MessageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which statuses buyers are told, by channel. `in_test_mode`: messages about test labels are written too, and stay
    in the mailbox."""

    email: tuple[BuyerStatus, ...]
    sms: tuple[BuyerStatus, ...] = ()
    in_test_mode: bool = False

    def of(self, channel: Channel) -> tuple[BuyerStatus, ...]:
        return self.email if channel == "email" else self.sms


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A label with what its buyer may know: the track, the order, the address it goes to. `pieces` are all labels of
    the purchase, with the links of their pages. `carrier_url` is the carrier's own page, or empty."""

    label: Label
    track: Track | None
    order: Order | None
    address: Address | None
    is_return: bool
    pieces: tuple[Label, ...]
    links: dict[str, Id]
    carrier_url: str


class BuyerDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A message to a buyer, or the note that there was none, with its scope (law 3). One of `text` and `reason` is
    set."""

    scope: Scope
    id: Id
    label_id: Id
    status: BuyerStatus
    channel: Channel
    recipient: str
    text: Text | None = None
    reason: Reason | None = None
    is_again: bool = False
    sender_name: str = ""
    reply_to: str = ""
    unsubscribe_url: str = ""
    keep: bool = False


class BuyerMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What was told, or not. `state` is None when there is no message (any more)."""

    id: Id
    label_id: Id
    status: BuyerStatus
    channel: Channel
    recipient: str
    message_id: Id | None
    reason: Reason | None
    is_again: bool
    state: State | None
    error: str | None
    created_at: dt.datetime
