"""What carriers offered for a shipment, and a rate as it is stored."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

import msgspec

from portside.carriers.contract import Quote
from portside.kit.ids import Id

Attribute = Literal["BESTVALUE", "CHEAPEST", "FASTEST"]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a carrier had to say instead of quotes (api.md §1.9); `source` is its display name."""

    source: str
    code: str
    text: str


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One quote and whose it is; `provider` is the carrier's display name."""

    carrier_account_id: Id
    carrier: str
    provider: str
    quote: Quote


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """All that the carriers answered, cheapest first; `currency_local` is the recipient country's, if it has one."""

    offers: tuple[Offer, ...]
    messages: tuple[Message, ...]
    currency_local: str | None


class StoredRate(msgspec.Struct, frozen=True, kw_only=True):
    """One offer for a shipment, never changed. Its `quote` is kept whole: buying sends the same rating keys."""

    id: Id
    shipment_id: Id
    carrier_account_id: Id
    carrier: str
    provider: str
    service_token: str
    amount: Decimal
    currency: str
    amount_local: Decimal
    currency_local: str
    attributes: tuple[Attribute, ...]
    quote: Quote
    created_at: dt.datetime
