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
    """What a carrier had to say instead of quotes; `source` is its display name."""

    source: str
    code: str
    text: str


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One quote and whose it is; `provider` is the carrier's display name.

    The quote's amount is what the account is charged, `cost` what the carrier asks: the same without terms.
    """

    carrier_account_id: Id
    carrier: str
    provider: str
    quote: Quote
    cost: Decimal


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """All that the carriers answered, cheapest first; `currency_local` is the recipient country's, if it has one.
    `partner_id` is the platform whose terms made the prices."""

    offers: tuple[Offer, ...]
    messages: tuple[Message, ...]
    currency_local: str | None
    partner_id: Id | None = None


class StoredRate(msgspec.Struct, frozen=True, kw_only=True):
    """One offer for a shipment, never changed. `amount` is what the account is charged.

    The `quote` is kept whole, with the carrier's own amount, which the account does not see: buying sends the same
    rating keys. `partner_id` is the platform whose terms made the price of it.
    """

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
    partner_id: Id | None
    created_at: dt.datetime

    @property
    def cost(self) -> Decimal:
        """What the carrier asks, in the same currency."""
        return self.quote.amount
